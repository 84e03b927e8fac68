//! What was sent, and what waits.

use dunlin::monitor::{RecordedUpload, Waiting};
use serde::Serialize;

use super::journal::Journal;

/// Talking home, of the whole folder but for what waits.
#[derive(Debug, Serialize)]
pub(in super::super) struct Uploads {
    pub attempts: u64,
    pub accepted: u64,
    pub failed: u64,
    pub dropped: u64,
    pub windows_delivered: u64,
    pub windows_lost: u64,
    pub waiting: Vec<Waiting>,
    /// The newest attempts, newest first.
    pub newest: Vec<RecordedUpload>,
}

impl Uploads {
    pub(super) fn of(journal: &Journal) -> Self {
        let count = |name: &str| journal.counters.get(name).copied().unwrap_or(0);
        Self {
            attempts: count("outbox.attempts"),
            accepted: count("outbox.accepted"),
            failed: count("outbox.failed"),
            dropped: count("outbox.dropped"),
            windows_delivered: count("outbox.windows_delivered"),
            windows_lost: count("outbox.windows_lost"),
            waiting: journal.waiting.clone(),
            newest: journal.uploads.clone(),
        }
    }
}
