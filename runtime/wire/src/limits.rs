//! Every limit on what is received, with its reason; the sender keeps within them by far.

/// Largest body of an upload as sent, in bytes. A summary of 20 features takes less than 2 KiB; one of 1,000 fits.
pub const MAX_BODY_BYTES: usize = 256 << 10;
/// Largest body after decompression: what a hostile sender can make a server hold.
pub const MAX_DECODED_BYTES: usize = 4 << 20;
/// Most features of one summary: as many as a schema may have scalars, and then some.
pub const MAX_FEATURES: usize = 4_096;
/// Most entries of a table by name (verdicts, reasons, counters, classes).
pub const MAX_NAMES: usize = 1_024;
/// Longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Most ranges of windows in one summary.
pub const MAX_RANGES: usize = 1_024;
/// Most windows that one summary covers: seven years of hours. A receiver keeps a row of each.
pub const MAX_WINDOWS: u64 = 65_536;
/// Most alarms in one summary.
pub const MAX_ALARMS: usize = 256;
