//! What was noticed and what was counted, as reports and apps read it.

use std::collections::BTreeMap;

use dunlin_drift::{Comparison, Histogram};
use dunlin_wire::{ModelVersion, Severity, Summary};
use serde::{Deserialize, Serialize};

use super::past::Past;
use super::window::OpenWindow;

/// What a window is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The bundle's training distribution: a mismatch is information.
    Training,
    /// This device's own past: a difference is drift.
    Past,
}

/// One comparison of a closed window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// With what.
    pub against: Against,
    /// The feature, tensor scalar or output, or `verdict`.
    pub subject: String,
    /// The test.
    pub comparison: Comparison,
    /// Its p-value, adjusted for the features that were tested together.
    pub p_adjusted: f64,
    /// Whether both the p-value and the effect say so.
    pub alarm: bool,
}

/// How sure an alarm is. Which fields are there depends on its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The comparison, for drift and mismatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Its p-value, adjusted for the features that were tested together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_adjusted: Option<f64>,
    /// What was measured, for everything else: a rate, a share, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// What it was before, or may be at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What `value` was measured on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// The detector, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<String>,
}

/// Something that is, or was, the matter with what a model sees or answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Alarm {
    /// `drift`, `training_mismatch`, `error_rate`, `latency`, `non_finite_output`, `kernel_set_changed`, `stale`.
    pub kind: String,
    /// The model version.
    pub model: ModelVersion,
    /// The feature, output or other thing concerned.
    pub subject: String,
    /// Whether somebody should act.
    pub severity: Severity,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
    /// When it was seen last.
    pub last_us: i64,
    /// Windows in a row that showed it.
    pub windows: u64,
    /// How sure it is.
    pub evidence: Evidence,
    /// When it was over; `None` while it is open.
    pub cleared_us: Option<i64>,
}

impl Alarm {
    /// What is the matter, in a sentence.
    #[must_use]
    pub fn what(&self) -> String {
        let (subject, model) = (&self.subject, &self.model.id);
        match self.kind.as_str() {
            "drift" => format!("'{subject}' of model '{model}' is distributed otherwise than it was on this device"),
            "training_mismatch" => {
                format!("'{subject}' of model '{model}' is distributed otherwise here than in the training data")
            }
            "error_rate" => format!("model '{model}' is wrong more often than it was"),
            "latency" => format!("model '{model}' answers more slowly than its bundle allows"),
            "non_finite_output" => format!("model '{model}' answers NaN or infinity"),
            "kernel_set_changed" => format!("model '{model}' runs on other kernels than before: {subject}"),
            "stale" => format!("model '{model}' is older than its bundle says it should be"),
            other => format!("{other} of '{subject}', model '{model}'"),
        }
    }

    /// How sure it is, in a sentence.
    #[must_use]
    pub fn how_sure(&self) -> String {
        let Evidence { comparison, p_adjusted, value, limit, n, detector } = &self.evidence;
        if let Some(c) = comparison {
            let p = p_adjusted.unwrap_or(c.p_value);
            return format!(
                "{} {:.4}, p {} (adjusted), effect {:.3} (PSI {:.3} less what chance gives), n {} ({:.0} effective) \
                 against {}",
                c.test.name(),
                c.statistic,
                p_text(p),
                c.effect,
                c.psi,
                c.n,
                c.n_effective,
                c.reference_n
            );
        }
        let number = |v: &f64| if v.fract() == 0.0 { format!("{v}") } else { format!("{v:.3}") };
        let mut text: Vec<String> = Vec::new();
        text.extend(detector.as_ref().map(|d| format!("{d}:")));
        text.extend(value.as_ref().map(number));
        text.extend(limit.as_ref().map(|limit| format!("where {} was expected", number(limit))));
        text.extend(n.map(|n| format!("on {n}")));
        text.join(" ")
    }

    /// What to do about it.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        match self.kind.as_str() {
            "drift" => {
                "look at what feeds this feature; if the change is real, collect and label recent data and retrain"
            }
            "training_mismatch" => "judge whether this device's population is one that the model was meant for",
            "error_rate" => "label more, compare with the baseline, and retrain or roll back",
            "latency" => "look for a throttled or busy device, or ship a smaller model",
            "non_finite_output" => "roll back, and report the kernel set: the numerics fail on it",
            "kernel_set_changed" => "expect small differences; check the golden set where answers matter",
            "stale" => "ship a model that was trained on newer data",
            _ => "look at the figures",
        }
    }
}

/// A p-value as people write it.
fn p_text(p: f64) -> String {
    match p {
        // Smaller than floating point tells apart from nothing.
        0.0 => "below 1e-300".to_owned(),
        _ if p < 1e-4 => format!("{p:.1e}"),
        _ => format!("{p:.4}"),
    }
}

/// A closed window as the journal holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecordedWindow {
    /// The opening in which it began.
    pub epoch: u32,
    /// Its number within that opening.
    pub number: u32,
    /// What it counted, as it is sent.
    pub summary: Summary,
    /// What it was compared with, and how that came out.
    pub judged: Vec<Judgement>,
}

/// A model version that is watched.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WatchedModel {
    /// Which.
    pub model: ModelVersion,
    /// What the open window has counted so far.
    pub open: Option<Summary>,
    /// The training distributions, whose bins every summary counts on.
    pub reference: BTreeMap<String, Histogram>,
    /// This device's own past, by the same names.
    pub past: BTreeMap<String, Histogram>,
}

impl WatchedModel {
    /// Reads a checkpoint; what cannot be read counts as nothing yet.
    pub(crate) fn read(
        model: ModelVersion,
        open: Option<&str>,
        past: &str,
        reference: BTreeMap<String, Histogram>,
    ) -> Self {
        let open: Option<OpenWindow> = open.and_then(|text| serde_json::from_str(text).ok());
        let past: Past = serde_json::from_str(past).unwrap_or_default();
        Self { model, open: open.map(|window| window.summary), past: past.histograms(), reference }
    }
}

/// A summary that waits to be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Waiting {
    /// Its upload's id.
    pub id: String,
    /// The model.
    pub model_id: String,
    /// Windows that it covers.
    pub windows: u64,
    /// Bytes that it takes or about will take.
    pub bytes: u64,
    /// Attempts so far.
    pub attempts: u64,
    /// When it was queued, in microseconds since the Unix epoch.
    pub queued_us: i64,
}

/// One attempt to upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedUpload {
    /// The upload's id.
    pub id: String,
    /// When, in microseconds since the Unix epoch.
    pub wall_us: i64,
    /// Windows that it carried.
    pub windows: u64,
    /// Bytes of its body.
    pub bytes: u64,
    /// Status of HTTP; `None` where there was no answer.
    pub status: Option<u16>,
    /// What was made of it: `accepted`, `duplicate`, `kept`, `paused`, `shed`, `dropped`.
    pub result: String,
}
