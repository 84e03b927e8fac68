//! The predictor without storage: the guard rule by rule, golden sets that disagree, models of one's own, and bundles that follow others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod compat;
mod golden;
mod guard;
mod own_model;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A schema, transforms or thresholds as a bundle's file holds them.
fn typed<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}
