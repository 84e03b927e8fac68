//! Golden vectors: signed bundles, every op and every block type must answer here what they answered elsewhere.
//!
//! This is the program that runs on emulated ARM cores, so it stays small and quick and trains nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blocks;
mod bundles;
mod ops;

use std::path::PathBuf;

use serde::Deserialize;

/// A file of vectors.
#[derive(Deserialize)]
struct Vectors<T> {
    /// What computed them.
    origin: String,
    cases: Vec<T>,
}

/// Reads a file of vectors, and makes sure that it says where they come from.
fn vectors<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let vectors: Vectors<T> = serde_json::from_slice(&std::fs::read(file(name)).unwrap()).unwrap();
    assert!(vectors.origin.starts_with("tests/golden/vectors.py"), "{name} does not say what computed it");
    vectors.cases
}

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "golden", name].iter().collect()
}

/// Whether this CPU can run candle's block kernels; other aarch64 cores get dequantised weights.
#[cfg(target_arch = "aarch64")]
fn block_kernels_run_here() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

#[cfg(not(target_arch = "aarch64"))]
fn block_kernels_run_here() -> bool {
    true
}
