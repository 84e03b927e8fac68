//! What is done by the clock: windows are closed, summaries sent, the update channel followed.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};

use dunlin::{ModelUpdate, UpdateError, UpdateOutcome};

use crate::config::Chores;
use crate::served::Served;

/// Does the chores until the sender of `others` is gone; what comes from there takes the place of what was to be done before.
pub(crate) fn begin(served: &Arc<Served>, chores: Chores, others: Receiver<Chores>) -> io::Result<JoinHandle<()>> {
    let served = Arc::clone(served);
    thread::Builder::new().name("chores".into()).spawn(move || {
        let mut chores = chores;
        loop {
            once(&served, &mut chores);
            match others.recv_timeout(chores.every) {
                Ok(other) => chores = other,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    })
}

fn once(served: &Served, chores: &mut Chores) {
    if let Err(problem) = served.runtime.tick() {
        log::warn!("{problem}; {}", problem.remedy());
    }
    let Some(receiver) = &mut chores.receiver else { return };
    match served.runtime.sync(receiver, chores.link) {
        Ok(report) => {
            if let Some(trouble) = &report.trouble {
                log::info!("summaries wait: {trouble}");
            }
        }
        Err(problem) => log::warn!("{problem}; {}", problem.remedy()),
    }
    match served.runtime.update(receiver, chores.link) {
        Ok(report) => report.models.iter().for_each(tell),
        Err(UpdateError::NotConfigured) => {}
        Err(error) => log::info!("no update: {error}"),
    }
}

fn tell(update: &ModelUpdate) {
    let (model, version) = (&update.model_id, update.version.as_deref().unwrap_or("-"));
    update.recalled.iter().for_each(|recalled| log::warn!("{model}: recalled {recalled}"));
    match update.outcome {
        UpdateOutcome::Activated => log::info!("{model} {version} answers from now on"),
        UpdateOutcome::Candidate => log::info!("{model} {version} is on trial"),
        UpdateOutcome::Refused => log::warn!("{model} {version} is refused: {}", update.why.as_deref().unwrap_or("-")),
        _ => {}
    }
}
