//! Every limit of the server, each with the reason for its value.

use std::time::Duration;

/// Largest body of an inference request: 64 images of 150,528 numbers would not be sent as JSON.
pub(crate) const MAX_INFER_BYTES: usize = 8 << 20;
/// Most rows of an inference request: a fallback asks for one, a batch job has better ways.
pub(crate) const MAX_BATCH: usize = 256;
/// Largest request head, hyper's buffer: ours take less than 1 KiB.
pub(crate) const MAX_HEAD_BYTES: usize = 16 << 10;
/// Bytes of a refused body that are read all the same, so that its sender comes to reading the answer.
pub(crate) const MAX_DRAINED_BYTES: usize = 1 << 20;
/// Windows that ended later than this by the server's clock are marked: time zones differ by at most 26 hours.
pub(crate) const FUTURE: Duration = Duration::from_secs(48 * 3600);
/// Pieces that a bundle is sent in.
pub(crate) const PIECE_BYTES: usize = 64 << 10;
/// How long faults that never end last: longer than any sender should wait.
pub(crate) const ENDLESS: Duration = Duration::from_secs(60);
/// What a sender is told to wait when the server cannot store, in seconds.
pub(crate) const RETRY_AFTER_S: u64 = 5;
/// How long a transaction waits for another process that holds the database.
pub(crate) const BUSY: Duration = Duration::from_secs(2);

/// What to hold back, and for how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Uploads and inferences under one token.
    pub rate_per_token: Rate,
    /// Uploads and inferences in all.
    pub rate_overall: Rate,
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Time that a request's head may take, and a connection may be idle.
    pub head_timeout: Duration,
    /// Time that a request's body may take.
    pub body_timeout: Duration,
    /// Time that a connection may last, whatever it does: a slow reader resumes its download with a range.
    pub connection_lifetime: Duration,
    /// Time that a request may wait for a processor to infer on.
    pub infer_wait: Duration,
    /// Time that running requests get to finish when the server stops.
    pub stop_deadline: Duration,
    /// Largest database; a full one is answered as a full disk is.
    pub max_database_bytes: u64,
}

/// A token bucket: so many at once, and so many a second after that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Tokens that come back each second.
    pub per_second: f64,
    /// Tokens that a full bucket holds.
    pub burst: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // An upload costs a synchronous write, a few hundred a second on an ordinary disk.
            rate_per_token: Rate { per_second: 500.0, burst: 2_000.0 },
            rate_overall: Rate { per_second: 1_000.0, burst: 4_000.0 },
            connections: 256,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
            connection_lifetime: Duration::from_secs(600),
            infer_wait: Duration::from_secs(5),
            stop_deadline: Duration::from_secs(5),
            max_database_bytes: 16 << 30,
        }
    }
}
