//! What is left after a process is killed or its folder turns on it: rows, ids and an honest account of the loss.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod child;
mod hostile;
mod killed;
mod told_home;
