//! The runtime: opens verified models, answers, and remembers what it answered.
#![forbid(unsafe_code)]

pub mod clock;
pub mod counters;
pub mod health;
pub mod ids;
pub mod journal;
pub mod privacy;
pub mod store;
