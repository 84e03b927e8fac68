//! The cloud stub over loopback: what is acknowledged is kept and counted once, whatever clients and crashes do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broken;
mod client;
mod command;
mod downloads;
mod faults;
mod hostile;
mod inference;
mod killed;
mod page;
mod slow;
mod uploads;
