//! Every number that the storage chooses, with the reason for its value.

use std::time::Duration;

/// How long a statement waits for another connection's lock. Only tools that read compete with the one writer, and they
/// hold locks for milliseconds; five seconds outlasts a backup of the file.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Size to which SQLite cuts a WAL file after a checkpoint has emptied it, in bytes.
pub(crate) const WAL_LIMIT_BYTES: u32 = 512_000;

/// Pages of the journal that the writer keeps in memory, in bytes: what SQLite chooses by itself, said here because memory is
/// budgeted with it.
pub const PAGE_CACHE_BYTES: u32 = 2_000 << 10;

/// Rows committed in batched mode before a commit is forced to the disk and the WAL is checkpointed: this is what a power
/// cut can take besides what was in memory, and with some 150 bytes a row it keeps the WAL near a megabyte.
pub const ROWS_PER_CHECKPOINT: u64 = 4_096;

/// Rings hold this many high-water marks: while one batch is being written, three more fit before rows are dropped.
pub(crate) const RING_MARKS: usize = 4;

/// Callers that wait for room leave the rest of the ring, 1 - 1 / this, to those that cannot wait: a label for each row of a
/// batch, live predictions, events. It is two high-water marks, so that the writer is awake whenever somebody waits.
pub(crate) const PATIENT_SHARE: usize = 2;

/// Capacity of the ring in `Sync` mode, where a caller waits for its own commit: callers beyond it wait for room.
pub(crate) const SYNC_RING: usize = 16;

/// A journal that could not be opened is tried again after this long, or at once on a flush.
pub(crate) const REOPEN_AFTER: Duration = Duration::from_secs(30);

/// Corrupt journals kept for inspection; older ones are deleted.
pub const SET_ASIDE_KEPT: usize = 2;

/// Refused bundles remembered, newest first: a server that offers a bad bundle for ever must not fill the disk.
pub(crate) const REFUSALS_KEPT: u32 = 256;

/// Bundles of the update channel remembered as refused: as many as a channel can list.
pub(crate) const DECLINED_KEPT: u32 = 64;

/// Events remembered.
pub(crate) const EVENTS_KEPT: u32 = 1_000;

/// Closed windows remembered, for reports: more than half a year of daily ones.
pub const WINDOWS_KEPT: u32 = 200;

/// The saved open window takes a multiple of this, in bytes: its numbers grow by some digits a hundred rows, so that its row
/// is seldom of another length, and half of this is wasted.
pub(crate) const OPEN_WINDOW_STEP_BYTES: usize = 1_024;

/// Alarms remembered once they are over.
pub(crate) const ALARMS_KEPT: u32 = 200;

/// Attempts to upload remembered.
pub(crate) const UPLOADS_KEPT: u32 = 500;

/// Predictions deleted by one eviction statement: keeps the writer's transactions short.
pub(crate) const EVICTION_CHUNK: u64 = 1_024;

/// Pages that the journal's file may hold unused before it is cut, as a share of all its pages: 1 / this.
pub const FREE_PAGE_SHARE: u64 = 8;

/// Least bytes that a journal may be held to: below, its tables, windows and summaries leave hardly a row.
pub const MIN_RETENTION_BYTES: u64 = 1 << 20;

/// Longest text of a label or an outcome, and longest name of an outcome, in bytes: a class name, not a document.
pub(crate) const MAX_TEXT_BYTES: usize = 1_024;
