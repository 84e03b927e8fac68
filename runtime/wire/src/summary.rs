//! A summary of what a device saw in one or more windows: counts, statistics and versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::latency::Latency;

/// Version of the summary's format, `major.minor`. A reader refuses another major and ignores fields it does not know.
pub const FORMAT: &str = "1.0";

/// What one device saw of one version of a model, over one or more windows. Summaries of the same model version add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`FORMAT`] of the sender.
    pub format: String,
    /// Version of the runtime.
    pub runtime_version: String,
    /// The model.
    pub model: ModelVersion,
    /// The windows that it covers, each counted once.
    pub windows: Vec<WindowRange>,
    /// Start of the first window by the device's clock, in microseconds since 1970 UTC.
    pub started_us: i64,
    /// End of the last window by the device's clock.
    pub ended_us: i64,
    /// Records, the refused among them.
    pub rows: u64,
    /// Records by the predictor's verdict: `accept`, `abstain`, `refused`.
    pub verdicts: BTreeMap<String, u64>,
    /// Records by why they were not accepted, as codes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, u64>,
    /// Records by who answered.
    pub answered_by: BTreeMap<String, u64>,
    /// Records by the kernels that ran.
    pub kernel_sets: BTreeMap<String, u64>,
    /// Time from record to answer.
    pub latency: Latency,
    /// What was seen of each watched feature, tensor scalar and output, in the order of the bundle's schema.
    pub features: Vec<FeatureSummary>,
    /// What labels said of the model's own answers.
    #[serde(default, skip_serializing_if = "LabelSummary::is_empty")]
    pub labels: LabelSummary,
    /// What was open, or opened and was over, when the window closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmSummary>,
    /// What became of the model's versions on the installation since the last summary: `VERSION STATE CAUSE`, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub model_states: BTreeMap<String, u64>,
    /// The loss report: totals over the life of the installation, losses among them. They do not add: a receiver keeps
    /// the largest it has seen.
    pub counters: BTreeMap<String, u64>,
}

/// Which model, in which version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Name of the model.
    pub id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
}

/// Windows `first..=last` of one opening of the runtime's folder; a window's number never comes back within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WindowRange {
    /// The opening in which the windows began.
    pub epoch: u32,
    /// First of them.
    pub first: u32,
    /// Last of them.
    pub last: u32,
}

/// Counts of one watched feature, tensor scalar (`feature.scalar`) or output (`output.confidence`, `output.value`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSummary {
    /// Its name in the bundle's reference distribution.
    pub name: String,
    /// Values by bin of the bundle's reference distribution; empty where the bundle has none for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<u64>,
    /// Records in which it was absent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing: u64,
    /// Records refused because it lay outside of its domain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub out_of_domain: u64,
    /// Records with a level that the vocabulary does not list.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unseen: u64,
    /// Values that were NaN or infinite.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub non_finite: u64,
}

/// Labels that came in during the windows, of predictions made then or before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSummary {
    /// Labels of predictions that somebody answered with a class.
    pub labelled: u64,
    /// Of these, answers that were wrong.
    pub errors: u64,
    /// By declared class of the label: labelled, wrong.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_class: BTreeMap<String, (u64, u64)>,
}

/// Something that the device noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmSummary {
    /// What kind: `drift`, `training_mismatch`, `error_rate`, ...
    pub kind: String,
    /// The feature, output or other thing concerned.
    pub subject: String,
    /// Whether somebody should act.
    pub severity: Severity,
    /// Since when, by the device's clock.
    pub since_us: i64,
    /// Windows in a row that showed it.
    pub windows: u64,
    /// The test that showed it last (`chi_square`, `fisher_exact`, ...), where it was a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The test's statistic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<f64>,
    /// Its p-value, adjusted for the number of features tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Effect size: PSI less its expectation without a shift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// Effective sample size of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_effective: Option<f64>,
}

/// Whether somebody should act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Information,
    /// Somebody should look.
    Alarm,
}

impl Summary {
    /// A summary of nothing, to be counted on.
    #[must_use]
    pub fn empty(model: ModelVersion) -> Self {
        Self {
            format: FORMAT.to_owned(),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
            model,
            windows: Vec::new(),
            started_us: 0,
            ended_us: 0,
            rows: 0,
            verdicts: BTreeMap::new(),
            reasons: BTreeMap::new(),
            answered_by: BTreeMap::new(),
            kernel_sets: BTreeMap::new(),
            latency: Latency::default(),
            features: Vec::new(),
            labels: LabelSummary::default(),
            alarms: Vec::new(),
            model_states: BTreeMap::new(),
            counters: BTreeMap::new(),
        }
    }

    /// How many windows it covers.
    #[must_use]
    pub fn window_count(&self) -> u64 {
        self.windows.iter().fold(0, |sum, range| sum.saturating_add(range.len()))
    }
}

impl WindowRange {
    /// How many windows; 0 for a range that is none.
    #[must_use]
    pub fn len(&self) -> u64 {
        (u64::from(self.last) + 1).saturating_sub(u64::from(self.first))
    }

    /// Whether it holds no window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl LabelSummary {
    /// Whether no label came in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labelled == 0
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
