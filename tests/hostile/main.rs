//! Hostile bundles: every attack is refused with a typed error that names the entry at fault. README.md lists them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod container;
mod damage;
mod entries;
mod files;
mod json;
mod manifest;
mod round_trip;
mod signature;
mod support;
mod weights;
