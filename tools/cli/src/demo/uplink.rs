//! Fifth act: the link comes up. A real server in a process of its own, behind a bad network; every window arrives once.

use std::path::Path;
use std::time::Duration;

use dunlin::Runtime;
use dunlin::counters::Counter;
use dunlin::journal::Reader;
use dunlin::outbox::Link;
use serde_json::Value;

use super::answer::{runtime_dir, storage};
use super::tool::serve;
use crate::error::{CliError, Kind};
use crate::output::{Output, table};
use crate::transport;

/// A server under load, a connection cut in the middle of the answer, a hotel's login page.
const FAULTS: &str = "503/1,cut,captive";
/// Waits up to this are waited out; what is longer, somebody who sees that the link is back cuts short.
const PATIENCE: Duration = Duration::from_secs(3);
/// Each fault costs an attempt, each window one; the rest is a margin against waiting for ever.
const MOST_ROUNDS: usize = 20;

/// How the uploads went, by both sides' account.
pub(super) struct Uploaded {
    pub attempts: u64,
    pub accepted: u64,
    pub windows_closed: u64,
    pub windows_received: u64,
    pub counted_twice: i64,
}

/// Starts the server and delivers what waits.
pub(super) fn uplink(dir: &Path, runtime: &Runtime, output: Output) -> Result<Uploaded, CliError> {
    output.say(
        "\n6. The link comes up: `dunlin serve` in a process of its own, behind a network that answers 503, then cuts the\n   \
         connection in the middle of the answer, then shows a login page",
    );
    let (_serving, url) = serve(dir, &["--fault", FAULTS])?;
    let mut transport = transport::open(&url, None)?;
    for _ in 0..MOST_ROUNDS {
        let report = runtime.sync(&mut transport, Link::Unmetered).map_err(|e| storage(&e))?;
        match report.wait {
            None => break,
            Some(wait) if wait <= PATIENCE => std::thread::sleep(wait),
            // It would wait half a minute and more; here somebody knows that the link is back.
            Some(_) => runtime.resume_uploads().map_err(|e| storage(&e))?,
        }
    }
    let statistics = statistics(&url)?;
    let counters = runtime.health().counters;
    let counter = |counter: Counter| counters.get(counter.name()).copied().unwrap_or(0);
    let uploaded = Uploaded {
        attempts: counter(Counter::UploadAttempts),
        accepted: counter(Counter::UploadsAccepted),
        windows_closed: counter(Counter::Windows),
        windows_received: statistics["windows"].as_u64().unwrap_or(0),
        counted_twice: statistics["windows_counted_twice"].as_i64().unwrap_or(i64::MAX),
    };
    output.say(&told(dir, &uploaded)?);
    Ok(uploaded)
}

/// What the server has counted, by its own account.
fn statistics(url: &str) -> Result<Value, CliError> {
    let failed = |e: &dyn std::fmt::Display| CliError::new(Kind::Failed, "no_statistics", format!("{url}: {e}"));
    let mut response = ureq::get(format!("{url}/v1/statistics")).call().map_err(|e| failed(&e))?;
    let text = response.body_mut().read_to_string().map_err(|e| failed(&e))?;
    serde_json::from_str(&text).map_err(|e| failed(&e))
}

fn told(dir: &Path, uploaded: &Uploaded) -> Result<String, CliError> {
    let reader = Reader::open(&runtime_dir(dir)).map_err(|e| storage(&e))?;
    let mut uploads = reader.uploads(200).map_err(|e| storage(&e))?;
    uploads.reverse();
    let rows = (1..).zip(&uploads).map(|(n, upload)| {
        [
            n.to_string(),
            upload.id.get(upload.id.len().saturating_sub(12)..).unwrap_or_default().to_owned(),
            format!("{} bytes", upload.bytes),
            upload.status.map_or("no whole answer".to_owned(), |status| status.to_string()),
            upload.result.clone(),
        ]
    });
    Ok(format!(
        "{}\n   {} windows closed, {} counted by the server, {} of them twice.",
        table(["attempt", "upload (end of id)", "size", "status", "result"], rows),
        uploaded.windows_closed,
        uploaded.windows_received,
        uploaded.counted_twice
    ))
}
