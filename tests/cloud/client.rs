//! A server of the test's own and a client of it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use dunlin_bundle::TrustedKeys;
use dunlin_cloud::{Config, FaultPlan, Server, Tokens};
use dunlin_wire::{Envelope, FeatureSummary, ModelVersion, Summary, WindowRange, encode};
use serde_json::Value;
use ureq::Agent;

pub(crate) const TOKEN: &str = "a-token-for-tests-only";
/// A client that waits longer than this has failed its test.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and, of an error, its code.
    pub(crate) fn verdict(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// Talks to a server.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl Client {
    pub(crate) fn of(url: &str) -> Self {
        Self::with_patience(url, PATIENCE)
    }

    pub(crate) fn with_patience(url: &str, patience: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(patience));
        Self { agent: config.build().into(), url: url.to_owned(), token: None }
    }

    /// The same client with another token.
    pub(crate) fn bearing(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        read(request.call()?)
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        read(request.send(body)?)
    }

    /// Uploads bytes as a device does.
    pub(crate) fn send(&self, body: &[u8]) -> Result<Answer, ureq::Error> {
        let headers = [("Content-Type", "application/cloudevents+json"), ("Content-Encoding", "gzip")];
        self.post("/v1/summaries", &headers, body)
    }

    pub(crate) fn upload(&self, envelope: &Envelope) -> Answer {
        self.send(&encode(envelope).unwrap()).unwrap()
    }

    pub(crate) fn statistics(&self) -> Value {
        self.get("/v1/statistics", &[]).unwrap().json()
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    Ok(Answer { status, headers, body })
}

/// A server with a folder that both go when the test ends.
pub(crate) struct Running {
    pub(crate) client: Client,
    pub(crate) server: Option<Server>,
    pub(crate) data: tempfile::TempDir,
}

impl Running {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn faulty(plan: &str) -> Self {
        let plan: FaultPlan = plan.parse().unwrap();
        Self::with(|config| config.faults = plan)
    }

    pub(crate) fn guarded() -> Self {
        let mut running = Self::with(|config| config.tokens = Tokens::parse(TOKEN).unwrap());
        running.client.token = Some(TOKEN.to_owned());
        running
    }

    /// With the golden bundle.
    pub(crate) fn with_digits() -> Self {
        Self::with(|config| {
            let folder = config.data.join("bundles");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(golden("digits-q8_0.dunlin"), folder.join("digits-1.0.0.dunlin")).unwrap();
            config.bundles = Some(folder);
            config.keys = demo_key();
        })
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new(data.path());
        change(&mut config);
        let server = Server::start(config).unwrap();
        Self { client: Client::of(&server.url()), server: Some(server), data }
    }

    /// A connection for tests that are about bytes.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.as_ref().unwrap().address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

pub(crate) fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "golden", name].iter().collect()
}

pub(crate) fn demo_key() -> TrustedKeys {
    let mut keys = TrustedKeys::new();
    keys.add("demo", &std::fs::read_to_string(golden("demo.pub")).unwrap()).unwrap();
    keys
}

/// Says something and reads all that is answered until the connection ends.
pub(crate) fn talk(mut stream: TcpStream, said: &[u8]) -> String {
    stream.write_all(said).unwrap();
    let mut heard = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

/// An upload of one window with ten rows.
pub(crate) fn envelope(id: &str, install: &str, window: u32) -> Envelope {
    Envelope::new(id, install, summary(window))
}

pub(crate) fn summary(window: u32) -> Summary {
    let mut summary = Summary::empty(ModelVersion { id: "digits".into(), version: "1.0.0".into(), sequence: 1 });
    summary.windows.push(WindowRange { epoch: 1, first: window, last: window });
    (summary.started_us, summary.ended_us) = (1_600_000_000_000_000, 1_600_003_600_000_000);
    summary.rows = 10;
    summary.verdicts = [("accept".to_owned(), 9), ("abstain".to_owned(), 1)].into();
    summary.reasons = [("low_confidence".to_owned(), 1)].into();
    summary.answered_by = [("model".to_owned(), 10)].into();
    summary.latency.add(100);
    let feature = FeatureSummary { name: "image.mean".into(), counts: vec![4, 6], ..FeatureSummary::default() };
    summary.features.push(feature);
    summary.counters = [("rows_dropped".to_owned(), u64::from(window))].into();
    summary
}
