//! The daemon as a firmware engineer meets it: a real process, a real socket, signals, and what goes wrong.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod board;
#[cfg(target_os = "linux")]
mod budget;
mod configuration;
mod control;
mod folder;
mod hostile;
mod life;
mod measure;
#[cfg(target_os = "linux")]
mod memory_group;
mod network;
mod sensor;
mod sinks;
