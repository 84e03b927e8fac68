//! Answers computed in advance: found for the very same record of the very same model, and never a wrong one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

mod cache;
mod command;
mod device;
mod measure;
