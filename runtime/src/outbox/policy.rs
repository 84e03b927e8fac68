//! Every number that uploading chooses, with the reason for its value.

use std::time::Duration;

/// Summaries that wait at most; beyond it, those never attempted are added together. Two months of daily windows.
pub const MAX_WAITING: usize = 64;

/// Bytes that waiting summaries take at most, as they will be sent: a tenth of what one photo takes.
pub const MAX_WAITING_BYTES: u64 = 128 << 10;

/// First wait after a failure: long enough for a lift or a tunnel, short enough for a restart of the server.
pub(crate) const FIRST_BACKOFF: Duration = Duration::from_secs(30);

/// Longest wait after failures: four attempts a day find a server that is back without wearing the radio.
pub(crate) const LONGEST_BACKOFF: Duration = Duration::from_secs(6 * 3600);

/// Share of a wait by which it is made longer or shorter at random, so that a fleet does not come back at one moment.
pub(crate) const JITTER: f64 = 0.25;

/// Longest `Retry-After` that is obeyed: a server that says a year is wrong, or not ours.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Wait after 401 and 403: only somebody can mend those, and they may do it by the next day.
pub(crate) const UNWANTED_WAIT: Duration = Duration::from_secs(12 * 3600);

/// Bytes a day over metered links: a tenth of a cent at a common price of roaming.
pub const METERED_BYTES_A_DAY: u64 = 16 << 10;

/// A day, for the allowance above.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// How often a host that nothing else wakes sends what waits: late enough that many windows of a busy model share a
/// connection, soon enough that somebody looks at today's figures today.
pub const SYNC_EVERY: Duration = Duration::from_secs(15 * 60);

/// Longest answer that is looked at: an acknowledgement takes a hundred bytes.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 << 10;
