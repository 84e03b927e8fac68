//! A channel from end to end: the tool makes it, a server hands it out, devices follow it, and things go wrong on the way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod desk;
mod document;
mod expired;
mod golden;
mod input;
mod interrupted;
mod life;
mod oracle;
mod phone;
mod runtime;
mod server;
