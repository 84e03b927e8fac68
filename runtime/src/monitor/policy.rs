//! Every number that watching chooses, with the reason for its value. Those of the tests are dunlin-drift's.

use std::time::Duration;

/// Records below which a window does not close: fewer cannot be judged, and are too few to hide in.
pub const MIN_WINDOW_ROWS: u64 = 50;

/// Effective records that the past must have before anything is compared with it: below, a bin of 5 % holds no 5 records.
pub(crate) const MIN_PAST_EFFECTIVE: f64 = 100.0;

/// Records after which the past is full: what comes later is compared with it and no longer becomes part of it, so that
/// a slow drift cannot take its own yardstick along.
pub(crate) const PAST_ROWS: u64 = 2_000;

/// A window of a version that no session answers with any more is closed this long after its last record.
pub(crate) const ABANDONED_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is kept of a version that nobody answers with any more is forgotten this long after its last record: labels are that
/// late at most, and rows are kept no longer either.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_secs(90 * 24 * 3600);

/// Difference between wall time and monotonic time, from one record to the next, that is counted as a jump: well above
/// what NTP slews, well below a change of the time zone by mistake.
pub(crate) const CLOCK_JUMP: Duration = Duration::from_secs(300);

/// Share of a window's records that may take longer than the bundle's latency budget: its 95th percentile is held to it,
/// since single records are slow on every phone.
pub(crate) const SLOW_SHARE: f64 = 0.05;

/// Labels that a window must have before it can say that an error rate has come down again.
pub(crate) const MIN_LABELS: u64 = 30;

/// The most classes that labels are counted by.
pub(crate) const MAX_CLASSES: usize = 256;
