//! How soon rows reach the disk, and how long they stay.

use std::time::Duration;

use crate::store::policy::{MIN_RETENTION_BYTES, RING_MARKS, ROWS_PER_CHECKPOINT, SYNC_RING};

/// The unit in which people say how long rows stay.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How the journal keeps rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalConfig {
    /// How soon rows reach the disk.
    pub durability: Durability,
    /// How long they stay.
    pub retention: Retention,
}

/// When a row is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before `append` returns: acknowledged means on the disk, also after a power cut. Each append waits for the disk.
    Sync,
    /// At most `max_delay` after `append` has returned, or as soon as `max_rows` are waiting. `append` never waits for
    /// the disk. What a crash takes is counted when the folder is next opened.
    Batched {
        /// Longest time that a row waits in memory.
        max_delay: Duration,
        /// Rows that wake the writer before that; the ring holds four times as many.
        max_rows: usize,
    },
}

impl Default for Durability {
    /// One wake-up a second at most is cheap on a battery, and 256 rows are a few milliseconds of writing.
    fn default() -> Self {
        Self::Batched { max_delay: Duration::from_secs(1), max_rows: 256 }
    }
}

/// What the journal may hold; the oldest predictions go first, their labels and outcomes with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Predictions.
    pub max_rows: u64,
    /// Bytes of `journal.db` in use; its WAL, a few megabytes at most, comes on top.
    pub max_bytes: u64,
    /// Age by wall time.
    pub max_age: Duration,
}

impl Default for Retention {
    /// 100,000 predictions are about 15 MB without features; twice that leaves room for some. 90 days outlast the usual
    /// delay of a label.
    fn default() -> Self {
        Self { max_rows: 100_000, max_bytes: 32 << 20, max_age: DAY * 90 }
    }
}

impl Retention {
    /// What a firmware or a tool was told: rows, bytes, days. `None` where it would keep nothing: no rows, no days, or fewer
    /// bytes than [`MIN_RETENTION_BYTES`](crate::store::MIN_RETENTION_BYTES).
    #[must_use]
    pub fn new(max_rows: u64, max_bytes: u64, max_days: u32) -> Option<Self> {
        let keeps = max_rows > 0 && max_bytes >= MIN_RETENTION_BYTES && max_days > 0;
        keeps.then(|| Self { max_rows, max_bytes, max_age: DAY * max_days })
    }

    /// The age in whole days.
    #[must_use]
    pub fn max_days(&self) -> u32 {
        u32::try_from(self.max_age.as_secs() / DAY.as_secs()).unwrap_or(u32::MAX)
    }
}

impl Durability {
    /// Rows that the ring holds.
    pub(crate) fn capacity(self) -> usize {
        match self {
            Self::Sync => SYNC_RING,
            Self::Batched { max_rows, .. } => max_rows.max(1).saturating_mul(RING_MARKS),
        }
    }

    /// Rows that wake the writer at once.
    #[must_use]
    pub fn high_water(self) -> usize {
        match self {
            Self::Sync => 1,
            Self::Batched { max_rows, .. } => max_rows.max(1),
        }
    }

    /// Longest time that a row waits below the high-water mark; none in `Sync` mode.
    #[must_use]
    pub fn max_delay(self) -> Duration {
        match self {
            Self::Sync => Duration::ZERO,
            Self::Batched { max_delay, .. } => max_delay,
        }
    }

    /// Rows that a killed process can take with it: a full ring, and the full ring before it that is being written.
    pub(crate) fn in_flight(self) -> u64 {
        (self.capacity() as u64).saturating_mul(2)
    }

    /// Rows that a power cut can take besides: those committed since the last checkpoint, and the batch that was to
    /// bring the next one. In `Sync` mode every commit is forced to the disk.
    pub(crate) fn unsynced(self) -> u64 {
        match self {
            Self::Sync => 0,
            Self::Batched { .. } => ROWS_PER_CHECKPOINT.saturating_add(self.capacity() as u64),
        }
    }
}
