//! What is done by the clock: windows are closed, summaries sent, the update channel followed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use dunlin::outbox::SyncReport;
use dunlin::{ModelUpdate, UpdateError, UpdateOutcome, UpdateReport};
use serde_json::{Value, json};

use crate::config::Chores;
use crate::served::Served;

/// What the chores are told.
pub(crate) enum Order {
    /// To install the bundle that the board ships with now, and to do these chores instead from now on.
    Instead { bundle: Option<PathBuf>, chores: Chores },
    /// To do them now, waits and pauses or not, and to say what came of it.
    Now(Sender<Value>),
}

/// Does the chores in a thread of its own until nobody can give orders any more.
pub(crate) fn begin(served: &Arc<Served>, mut chores: Chores, orders: Receiver<Order>) -> io::Result<JoinHandle<()>> {
    let served = Arc::clone(served);
    let run = move || {
        let mut told = Told::default();
        once(&served, &mut chores, &mut told);
        let mut done = Instant::now();
        loop {
            match orders.recv_timeout(chores.every.saturating_sub(done.elapsed())) {
                Ok(Order::Instead { bundle, chores: other }) => {
                    chores = other;
                    if let Err(error) = served.install(bundle.as_deref()) {
                        log::error!("{error}");
                    }
                    now(&served, &mut chores, &mut told);
                    continue;
                }
                Ok(Order::Now(asking)) => {
                    // Whoever asked may be gone by now.
                    let _ = asking.send(now(&served, &mut chores, &mut told));
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            once(&served, &mut chores, &mut told);
            done = Instant::now();
        }
    };
    thread::Builder::new().name("chores".into()).spawn(run)
}

/// At once: a network that is back, a new token.
fn now(served: &Served, chores: &mut Chores, told: &mut Told) -> Value {
    if let Err(problem) = served.runtime.resume_uploads() {
        log::warn!("{problem}; {}", problem.remedy());
    }
    once(served, chores, told)
}

fn once(served: &Served, chores: &mut Chores, told: &mut Told) -> Value {
    if let Err(problem) = served.runtime.tick() {
        log::warn!("{problem}; {}", problem.remedy());
    }
    let Some(receiver) = &mut chores.receiver else {
        return json!({"trouble": "there is no receiver: set receiver.url"});
    };
    let synced = served.runtime.sync(receiver, chores.link).map_err(|problem| problem.to_string());
    // Before the update, which may wait for the same network as long again.
    told.sync.log(sync_trouble(&synced));
    let updated = served.runtime.update(receiver, chores.link);
    told.update.log(update_trouble(&updated));
    log_success(&synced, &updated);
    json!({"sync": told_sync(&synced), "update": told_update(&updated)})
}

fn told_sync(synced: &Result<SyncReport, String>) -> Value {
    match synced {
        Ok(report) => json!({
            "attempts": report.attempts, "accepted": report.accepted, "trouble": report.trouble,
            "wait_seconds": report.wait.map(|wait| wait.as_secs()),
        }),
        Err(problem) => json!({"trouble": problem}),
    }
}

/// Nothing where no channel is followed.
fn told_update(updated: &Result<UpdateReport, UpdateError>) -> Value {
    match updated {
        Ok(report) => json!(report.models),
        Err(UpdateError::NotConfigured) => Value::Null,
        Err(error) => json!({"trouble": error.to_string()}),
    }
}

/// What the log was told of each chore: a network that is missing for months is told once.
#[derive(Default)]
struct Told {
    sync: Last,
    update: Last,
}

/// The trouble that was told last.
#[derive(Default)]
struct Last(Option<String>);

impl Last {
    fn log(&mut self, trouble: Option<String>) {
        if let Some(trouble) = trouble.as_ref().filter(|trouble| self.0.as_ref() != Some(*trouble)) {
            log::info!("{trouble}");
        }
        self.0 = trouble;
    }
}

fn sync_trouble(synced: &Result<SyncReport, String>) -> Option<String> {
    match synced {
        Ok(SyncReport { trouble, .. }) => Some(format!("summaries wait: {}", trouble.as_ref()?)),
        Err(problem) => Some(format!("summaries wait: {problem}")),
    }
}

fn update_trouble(updated: &Result<UpdateReport, UpdateError>) -> Option<String> {
    match updated {
        Ok(_) | Err(UpdateError::NotConfigured) => None,
        Err(error) => Some(format!("no update: {error}")),
    }
}

fn log_success(synced: &Result<SyncReport, String>, updated: &Result<UpdateReport, UpdateError>) {
    if let Ok(SyncReport { accepted: accepted @ 1.., .. }) = synced {
        log::info!("summaries delivered: {accepted}");
    }
    if let Ok(report) = updated {
        report.models.iter().for_each(log_model);
    }
}

fn log_model(update: &ModelUpdate) {
    let (model, version) = (&update.model_id, update.version.as_deref().unwrap_or("-"));
    update.recalled.iter().for_each(|recalled| log::warn!("{model}: recalled {recalled}"));
    match update.outcome {
        UpdateOutcome::Activated => log::info!("{model} {version} answers from now on"),
        UpdateOutcome::Candidate => log::info!("{model} {version} is on trial"),
        UpdateOutcome::Refused => log::warn!("{model} {version} is refused: {}", update.why.as_deref().unwrap_or("-")),
        _ => {}
    }
}
