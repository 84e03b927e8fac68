//! What the measuring process tells: bytes, and rows of predictions.

use serde::{Deserialize, Serialize};

use super::process::Written;

/// Everything that was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) model_id: String,
    pub(super) version: String,
    pub(super) kernels: String,
    pub(super) bundle_bytes: u64,
    /// Of a session, and shared by all; none where the engine has no plan.
    pub(super) arena_bytes: Option<u64>,
    pub(super) packed_bytes: Option<u64>,
    /// None where the system does not say.
    pub(super) peak_rss_bytes: Option<u64>,
    /// The most that a thread of this machine answers and remembers.
    pub(super) records_a_second: f64,
    pub(super) filled: Filled,
    pub(super) steady: Steady,
    pub(super) uploads: Uploads,
    /// `state.db`.
    pub(super) state_bytes: u64,
}

/// The journal when it was full enough.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Filled {
    /// `journal.db` before the first row.
    pub(super) empty_bytes: u64,
    pub(super) used_bytes: u64,
    pub(super) rows: u64,
    pub(super) windows: u64,
    /// What they take of it.
    pub(super) windows_bytes: u64,
}

/// Commits of the asked rate.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Steady {
    pub(super) rows: u64,
    pub(super) commits: u64,
    /// None where the system does not say.
    pub(super) written: Option<Written>,
    /// The largest that the WAL and its index were.
    pub(super) wal_bytes: u64,
}

/// Summaries that were delivered to nobody, who acknowledged them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Uploads {
    pub(super) count: u64,
    /// Of their bodies.
    pub(super) bytes: u64,
    /// By remembering what was sent.
    pub(super) written: Written,
}
