//! A device over real HTTP: follows the roots, takes the channel, fetches what it should, part by part.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_channel::{
    Channel, ChannelError, Device, Digest, Document, Envelope, Parts, Recall, Release, Trust, limits,
};
use dunlin_tests::binary;
use ureq::Agent;

/// `dunlin serve`, killed when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
}

impl Serving {
    pub(crate) fn start(channel: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(channel.with_extension("served"));
        let mut child = command.arg("--channel").arg(channel).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it said: {line}")).to_owned();
        Self { child, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Asks a server.
pub(crate) fn get(url: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(20)));
    let agent: Agent = config.proxy(None).build().into();
    let mut request = agent.get(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap() }
}

pub(crate) fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

/// What the channel says at the moment, whoever signed it.
pub(crate) fn served(url: &str) -> Channel {
    let envelope = Envelope::parse(Document::Channel, &get(url, "/v1/channel/stable.json", &[]).body).unwrap();
    Channel::parse(&envelope.payload).unwrap()
}

/// A device that runs the model `tiny`.
pub(crate) struct Phone {
    pub(crate) trust: Trust,
    pub(crate) install_id: String,
    pub(crate) active: Option<(u64, Digest)>,
}

impl Phone {
    /// As it leaves the shop, with this root.
    pub(crate) fn new(root: &[u8]) -> Self {
        let trust = Trust::shipped(root, "stable").unwrap();
        Self { trust, install_id: "0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97".to_owned(), active: None }
    }

    /// Follows roots and channel.
    pub(crate) fn sync(&mut self, url: &str) -> Result<Channel, ChannelError> {
        for _ in 0..limits::MAX_ROOTS_PER_SYNC {
            let next = self.trust.root().version + 1;
            let answer = get(url, &format!("/v1/channel/root/{next}.json"), &[]);
            match answer.status {
                404 => break,
                status => assert_eq!(status, 200),
            }
            self.trust.accept_root(&answer.body)?;
        }
        let answer = get(url, "/v1/channel/stable.json", &[]);
        assert_eq!(answer.status, 200);
        self.trust.accept_channel(&answer.body, now_us())
    }

    /// The release to take, and the recalls of what it has.
    pub(crate) fn choose(&self, channel: &Channel) -> (Option<Release>, Vec<Recall>) {
        let held: Vec<Digest> = self.active.iter().map(|(_, digest)| *digest).collect();
        let device = Device {
            install_id: &self.install_id,
            arch: "aarch64",
            model_id: "tiny",
            active_sequence: self.active.map(|(sequence, _)| sequence),
            held: &held,
            refused: &[],
        };
        let choice = channel.for_device(&device);
        (choice.take.cloned(), choice.recalled.into_iter().cloned().collect())
    }

    /// Fetches a release and checks it as a bundle.
    pub(crate) fn fetch(&self, url: &str, release: &Release) -> Vec<u8> {
        let mut file = vec![0; release.bytes as usize];
        let mut parts = Parts::of(release);
        while let Some(part) = parts.next() {
            let answer = get(url, &format!("/v1/channel/{}", release.path), &[("Range", &part.range())]);
            assert_eq!(answer.status, 206);
            parts.check(part.index, &answer.body).unwrap();
            file[part.start as usize..][..part.length as usize].copy_from_slice(&answer.body);
        }
        assert_eq!(Digest::of(&file), release.sha256);
        let bundle = Bundle::read(file.clone(), &self.keys()).unwrap();
        let manifest = bundle.manifest();
        let version = manifest.version.to_string();
        assert!(release.is_bundle(&manifest.model_id, &version, manifest.sequence, bundle.digest()));
        file
    }

    /// Keys that bundles may be signed with.
    pub(crate) fn keys(&self) -> TrustedKeys {
        let mut keys = TrustedKeys::new();
        self.trust.root().bundle_keys().for_each(|(name, key)| keys.add(name, key.text()).unwrap());
        keys
    }

    /// Syncs, takes what it should, and tells which sequence it has then.
    pub(crate) fn update(&mut self, url: &str) -> Option<u64> {
        let channel = self.sync(url).unwrap();
        if let (Some(release), _) = self.choose(&channel) {
            self.fetch(url, &release);
            self.active = Some((release.sequence, release.digest));
        }
        self.active.map(|(sequence, _)| sequence)
    }
}
