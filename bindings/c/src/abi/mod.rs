//! What `include/dunlin.h` declares: types of C and thin extern functions. The rules that they all keep stand at the head
//! of the header (`preamble.h` here), once.

#![allow(clippy::missing_safety_doc, reason = "the header tells the caller's duties once for all functions")]

pub mod answer;
pub mod config;
pub mod fallback;
pub mod install;
pub mod label;
pub mod log;
pub mod precompute;
pub mod predict;
pub mod record;
pub mod runtime;
pub mod session;
pub mod status;
pub mod sync;
pub mod trial;
pub mod update;
pub mod upload;
pub mod version;
