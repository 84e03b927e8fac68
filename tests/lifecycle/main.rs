//! A better model arrives and nobody notices; a worse one never answers for long.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

mod apart;
mod chain;
mod device;
mod killed;
#[cfg(target_os = "linux")]
mod measure;
mod rollback;
mod start;
mod trial;
