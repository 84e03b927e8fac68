//! The engines against graphs that are wrong, hostile or merely unusual: an answer or a typed error, nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attributes;
mod batches;
mod blocks;
mod empty;
mod hostile;
mod indices;
mod mutated;
mod net;
mod not_a_number;
mod operands;
mod random;
