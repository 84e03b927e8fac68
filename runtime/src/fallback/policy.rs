//! Every number that the cloud fallback chooses, with the reason for its value.

use std::time::Duration;

/// How long an answer is worth having: about as long as a person looks at a screen that says it is thinking.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// Requests a day: at the 2 % of records on which a sound model abstains, as many as 5,000 records a day need; and a bill
/// that stays small when a model goes bad.
pub(crate) const REQUESTS_A_DAY: u32 = 100;

/// Failures in a row that open the circuit: a tunnel or a lift costs one or two.
pub(crate) const FAILURES: u32 = 3;

/// How long an open circuit stays open: a restart of a service is over by then, and a dead one costs the battery 288
/// requests a day at most.
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(300);

/// A day, for the budget.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Longest answer that is looked at: 40,000 numbers as JSON, more than any output that is no image.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Requests of one session that may wait for their answers; beyond it the oldest is no longer waited for. Sixteen bytes
/// each, and more than a host will have on the way at once.
pub(crate) const MAX_WAITING: usize = 1_024;

/// What a probability may lie outside of 0..=1 by: what half precision and int8 kernels round.
pub(crate) const PROBABILITY_SLACK: f32 = 1e-3;

/// What the probabilities of all classes may miss one by: int8 outputs of many classes round each to 1/256.
pub(crate) const SUM_SLACK: f32 = 0.05;
