//! A device is killed at random moments while it predicts, closes windows and uploads to a real server that is itself
//! killed now and then: in the end every window is counted once.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dunlin::ids::PredictionId;
use dunlin::journal::{Durability, JournalConfig, Reader};
use dunlin::monitor::MonitorConfig;
use dunlin::outbox::{Link, Response, Transport, TransportError, Upload};
use dunlin::{Config, Record, Runtime, TrustedKeys};
use dunlin_tests::binary;
use dunlin_tests::fixture::{records, tiny_parts};
use dunlin_tests::signing::TestKey;
use serde_json::Value;

use crate::child;

/// Rows of a window: the fewest there can be.
const WINDOW_ROWS: u64 = 50;
/// Predictions between two attempts to upload.
const ROWS_PER_SYNC: usize = 60;
/// Kills of the device for each of the server.
const KILLS_PER_SERVER: u32 = 12;

#[test]
fn every_window_is_counted_once_when_device_and_server_are_killed() {
    kill_both("told_home::every_window_is_counted_once_when_device_and_server_are_killed", 20);
}

#[test]
#[ignore = "slow: 200 kills"]
fn every_window_is_counted_once_after_two_hundred_kills() {
    kill_both("told_home::every_window_is_counted_once_after_two_hundred_kills", 200);
}

fn kill_both(test: &str, kills: u32) {
    if let Some(place) = child::role() {
        live(&Place(place.into()));
    }
    let dir = tempfile::tempdir().unwrap();
    let place = Place(dir.path().to_owned());
    let key = TestKey::generate();
    std::fs::write(place.key(), key.public_text()).unwrap();
    std::fs::write(place.bundle(), key.sign_bundle(tiny_parts().write().unwrap()).unwrap()).unwrap();
    let mut server = Serving::start(&place);
    let mut acknowledged = HashSet::new();
    for kill in 1..=kills {
        for id in live_until_killed(test, &place, u64::from(kill)) {
            assert!(acknowledged.insert(id), "{id} was given out twice");
        }
        if kill % KILLS_PER_SERVER == 0 {
            drop(server);
            server = Serving::start(&place);
        }
        Reader::open(&place.device()).and_then(|reader| reader.check()).expect("the journal is whole");
    }
    let runtime = place.open();
    deliver_all(&runtime, &place);
    let reader = Reader::open(&place.device()).unwrap();
    for id in &acknowledged {
        assert!(reader.prediction(*id).unwrap().is_some(), "{id} was acknowledged and is gone");
    }
    let counters = runtime.health().counters;
    let (closed, lost) = (counters["monitor.windows"], counters["outbox.windows_lost"]);
    let (predictions, open) = (counters["journal.predictions"], open_rows(&reader));
    let server_says = server.statistics();
    eprintln!(
        "{kills} kills, {predictions} predictions, {} acknowledged, {closed} windows, {} attempts, server: {} windows, {} rows, \
         {} duplicates refused",
        acknowledged.len(),
        counters["outbox.attempts"],
        server_says["windows"],
        server_says["rows"]["tiny"],
        server_says["duplicates"]
    );
    assert_eq!(lost, 0);
    assert_eq!(server_says["windows"], closed, "every window that was closed is counted, once");
    assert_eq!((&server_says["windows_counted_twice"], &server_says["windows_seen_twice"]), (&0.into(), &0.into()));
    assert_eq!(server_says["rows"]["tiny"], predictions - open, "and so is every row of them");
    assert!(closed >= u64::from(kills) / 8, "only {closed} windows: nothing was tried");
}

/// Where everything is.
struct Place(PathBuf);

impl Place {
    fn device(&self) -> PathBuf {
        self.0.join("device")
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.pub")
    }

    fn bundle(&self) -> PathBuf {
        self.0.join("tiny.dunlin")
    }

    /// Where the server says its port: another one after each restart.
    fn port(&self) -> PathBuf {
        self.0.join("port")
    }

    fn url(&self) -> Option<String> {
        let port = std::fs::read_to_string(self.port()).ok()?;
        Some(format!("http://127.0.0.1:{}", port.trim()))
    }

    fn open(&self) -> Runtime {
        let mut keys = TrustedKeys::new();
        keys.add("test", &std::fs::read_to_string(self.key()).unwrap()).unwrap();
        let journal = JournalConfig { durability: Durability::Sync, ..JournalConfig::default() };
        let monitor = MonitorConfig { window_rows: WINDOW_ROWS, ..MonitorConfig::default() };
        Runtime::open(Config::new(self.device(), keys).journal(journal).monitor(monitor))
    }
}

/// Real HTTP, to wherever the server is now.
struct Http<'a>(&'a Place);

impl Transport for Http<'_> {
    fn send(&mut self, upload: &Upload) -> Result<Response, TransportError> {
        let url = self.0.url().ok_or_else(|| TransportError::new("the server has no port yet"))?;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(5)))
            .build()
            .into();
        let request = agent
            .post(format!("{url}{}", upload.path))
            .header("Content-Type", upload.content_type)
            .header("Content-Encoding", upload.content_encoding);
        let mut answer = request.send(&upload.body[..]).map_err(TransportError::new)?;
        let retry_after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = answer.body_mut().read_to_vec().map_err(TransportError::new)?;
        Ok(Response { status: answer.status().as_u16(), retry_after, body })
    }
}

/// The device: predicts and uploads until it is killed, and says each prediction that is on the disk.
fn live(place: &Place) -> ! {
    let runtime = place.open();
    runtime.install_shipped(&place.bundle()).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let mut out = std::io::stdout().lock();
    for (n, object) in records().iter().cycle().enumerate() {
        let record = Record::from_json(session.schema(), object).unwrap();
        let id = session.predict(&record).unwrap().id;
        writeln!(out, "\nid {id}").unwrap();
        if n % ROWS_PER_SYNC == ROWS_PER_SYNC - 1 {
            runtime.resume_uploads().unwrap();
            runtime.sync(&mut Http(place), Link::Unmetered).unwrap();
        }
    }
    unreachable!("the records go round for ever")
}

/// Lets the device live for a random time, kills it, and returns the predictions that it had said.
fn live_until_killed(test: &str, place: &Place, seed: u64) -> Vec<PredictionId> {
    let mut device = child::command(test, place.0.to_str().unwrap())
        .arg("--include-ignored")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(device.stdout.take().unwrap()).lines();
    let reading = std::thread::spawn(move || {
        let ids = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("id ")?.parse().ok());
        ids.collect::<Vec<PredictionId>>()
    });
    // Spread over 20 to 320 ms by the golden ratio: on start, on rows, on closing windows and on uploads alike.
    let share = (seed as f64 * 0.618_033_988_749).fract();
    std::thread::sleep(Duration::from_secs_f64(0.02 + 0.3 * share));
    device.kill().unwrap();
    device.wait().unwrap();
    let mut ids = reading.join().unwrap();
    // The last line may be cut short, and then be the name of another prediction.
    ids.pop();
    ids
}

/// Uploads until nothing waits.
fn deliver_all(runtime: &Runtime, place: &Place) {
    let began = Instant::now();
    loop {
        runtime.resume_uploads().unwrap();
        if runtime.sync(&mut Http(place), Link::Unmetered).unwrap().wait.is_none() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it cannot be delivered");
    }
}

fn open_rows(reader: &Reader) -> u64 {
    reader.watched().unwrap().iter().filter_map(|model| model.open.as_ref()).map(|open| open.rows).sum()
}

/// The real `dunlin serve`, killed with SIGKILL when dropped.
struct Serving {
    process: Child,
    url: String,
}

impl Serving {
    fn start(place: &Place) -> Self {
        // Gone while there is no server, so that nobody asks the last one's port.
        let _ = std::fs::remove_file(place.port());
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(place.0.join("cloud"));
        command.arg("--port-file").arg(place.port()).stdout(Stdio::null());
        // Made before it is waited for, so that it ends with the test whatever happens.
        let mut serving = Self { process: command.spawn().unwrap(), url: String::new() };
        let began = Instant::now();
        while serving.url.is_empty() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server does not start");
            std::thread::sleep(Duration::from_millis(5));
            serving.url = place.url().unwrap_or_default();
        }
        serving
    }

    fn statistics(&self) -> Value {
        let text =
            ureq::get(format!("{}/v1/statistics", self.url)).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
