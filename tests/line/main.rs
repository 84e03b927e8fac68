//! The whole line through the public API: install, predict, remember, close, and everything that may go wrong on the way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admission;
mod answers;
mod damage;
mod device;
mod disk;
mod fallback;
mod install;
mod interleaved;
mod privacy;
mod random;
mod record;
mod time;
