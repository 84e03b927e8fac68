//! The native methods in a real JVM inside of this process, so that its sessions can be made in Rust. Without a JDK they are
//! skipped, aloud.

mod jvm;
mod lending;
mod model;
mod predicting;
mod timing;
