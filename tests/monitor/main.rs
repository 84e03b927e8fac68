//! The monitor through the public API: windows, references, alarms, labels, clocks, and what a summary may hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alarms;
mod clocks;
#[path = "../line/device.rs"]
#[allow(dead_code, reason = "shared with the tests of the line")]
mod device;
mod labels;
mod measure;
mod outbox;
mod population;
mod privacy;
mod windows;
