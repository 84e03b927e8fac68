//! What labels say of the model: an error rate that rises is noticed as the labels come in.

use dunlin_drift::{Adwin, Direction, PageHinkley, PageHinkleyOptions};
use serde::{Deserialize, Serialize};

use super::alarms::{ERROR_RATE, Finding};
use super::policy::MIN_LABELS;
use super::record::Evidence;
use super::watch::Watch;
use dunlin_wire::{LabelSummary, Severity};

/// Detectors over the errors of one model version, in the order in which labels come in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Labels {
    /// The classification that labels are compared with; `None` where the model has none.
    output: Option<String>,
    classes: Vec<String>,
    seen: u64,
    errors: u64,
    adwin: Adwin,
    page_hinkley: PageHinkley,
    risen: Option<Risen>,
    /// What came in since the last window was closed.
    counts: LabelSummary,
}

/// An error rate that rose.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Risen {
    before: f64,
    after: f64,
}

impl Labels {
    pub(super) fn of(watch: &Watch) -> Self {
        let upwards = PageHinkleyOptions { direction: Direction::Up, ..PageHinkleyOptions::default() };
        let page_hinkley = PageHinkley::new(upwards);
        Self { output: watch.labelled_output.clone(), classes: watch.classes.clone(), page_hinkley, ..Self::default() }
    }

    /// Compares a label with the class answered and counts it; what the detectors make of it is a finding.
    pub(super) fn add(&mut self, answer: &serde_json::Value, label: &str) -> Option<Finding> {
        let answered = answer.get(self.output.as_ref()?)?.as_str()?;
        let label = class_of(label);
        let wrong = answered != label;
        // A label that is no declared class is the caller's own text: it is counted, and not kept.
        self.counts.add(self.classes.iter().find(|class| **class == label).map(String::as_str), wrong);
        let lifetime = if self.seen == 0 { 0.0 } else { self.errors as f64 / self.seen as f64 };
        let recent = self.adwin.mean().unwrap_or(0.0);
        self.seen += 1;
        self.errors += u64::from(wrong);
        let error = f64::from(u8::from(wrong));
        let (by_adwin, by_page_hinkley) = (self.adwin.update(error), self.page_hinkley.update(error));
        let after = self.adwin.mean().unwrap_or(0.0);
        let (detector, before) = match (by_adwin, by_page_hinkley) {
            // It also reports a rate that falls, which is good news.
            (true, _) if after > recent => ("ADWIN", recent),
            (_, true) => ("Page-Hinkley", lifetime.min(after)),
            _ => return None,
        };
        // Recovery is measured from the rise that alarmed, whatever is reported on top of it.
        self.risen.get_or_insert(Risen { before, after });
        Some(Finding {
            kind: ERROR_RATE,
            severity: Severity::Alarm,
            subject: self.output.clone().unwrap_or_default(),
            evidence: Evidence {
                value: Some(after),
                limit: Some(before),
                n: Some(self.seen),
                detector: Some(detector.to_owned()),
                ..Evidence::default()
            },
        })
    }

    /// What came in since the last call, for the window that is being closed.
    pub(super) fn take_counts(&mut self) -> LabelSummary {
        std::mem::take(&mut self.counts)
    }

    /// Whether a window's labels say that a risen error rate has come down again, by more than half.
    pub(super) fn has_recovered(&mut self, counts: &LabelSummary) -> bool {
        let Some(Risen { before, after }) = self.risen else { return false };
        let recovered = counts.labelled >= MIN_LABELS
            && counts.errors as f64 / counts.labelled as f64 <= f64::midpoint(before, after.max(before));
        if recovered {
            self.risen = None;
        }
        recovered
    }
}

/// A label as the name of a class: a text as it is, a number or a boolean as it is written.
fn class_of(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::String(text)) => text,
        _ => json.to_owned(),
    }
}
