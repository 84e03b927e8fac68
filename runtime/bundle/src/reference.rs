//! `reference.json`: how the training data were distributed, and the thresholds that the guard judges by.

use std::collections::BTreeMap;

use dunlin_drift::{Histogram, RobustScale};
use serde::{Deserialize, Serialize};

/// The training distribution, the guard's thresholds, and what the model scored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Records in the training sample.
    pub sample_size: u64,
    /// Fine-binned distributions by feature name, `feature.scalar` for a tensor, `output.confidence` or `output.value`
    /// for an output. Outputs are counted on held-out records, features on training records.
    pub distributions: BTreeMap<String, Histogram>,
    /// Thresholds for the model.
    pub guard: GuardThresholds,
    /// Thresholds for the baseline, where the bundle has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_guard: Option<GuardThresholds>,
    /// Scores on the held-out records, by metric (`accuracy`, `log_loss`, ...).
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// The same scores by slice of the held-out records.
    #[serde(default)]
    pub slices: Vec<SliceMetrics>,
    /// Expected score by days since training, where the model team measured how it ages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub age_curve: Vec<AgePoint>,
}

/// What an answer must satisfy to be accepted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardThresholds {
    /// Smallest probability of the chosen class, 0..=1; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// Largest robust distance of an input from the training sample; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<DistanceThreshold>,
}

/// How far from the training sample an input may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceThreshold {
    /// Centre and spread of each number, integer and tensor scalar, by the names of [`Reference::distributions`].
    pub scales: BTreeMap<String, RobustScale>,
    /// The largest distance accepted, in spreads.
    pub max: f64,
}

/// Scores on one slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceMetrics {
    /// What the slice holds, as `feature=value` or `label=value`.
    pub slice: String,
    /// Held-out records in it.
    pub size: u64,
    /// Scores by metric.
    pub metrics: BTreeMap<String, f64>,
}

/// Expected score some days after training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgePoint {
    /// Days since the newest training record.
    pub age_days: u32,
    /// Expected value of the model's first metric.
    pub score: f64,
}
