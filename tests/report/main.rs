//! `dunlin report`: a real folder with a story, the real command, and the page it writes, read as a browser reads it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod canaries;
mod empty;
mod engine;
mod hostile;
mod numbers;
mod page;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "the tests of the whole command use more of it")]
mod program;
mod story;
