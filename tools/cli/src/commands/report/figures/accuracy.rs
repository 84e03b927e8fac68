//! How often the answers were right, where labels tell.

use std::collections::BTreeMap;

use dunlin::journal::{LabelledAlike, Scalar};
use dunlin_wire::{LabelSummary, ModelVersion};
use serde::Serialize;
use serde_json::Value;

use super::journal::Journal;

/// What labels say of one model version.
#[derive(Debug, Serialize)]
pub(in super::super) struct Accuracy {
    pub model: ModelVersion,
    /// Labels of the model's own answers, counted in its windows, the open one among them.
    pub overall: Labelled,
    /// By declared class of the label.
    pub by_class: BTreeMap<String, Labelled>,
    /// The windows in which labels came, oldest first.
    pub by_window: Vec<LabelledWindow>,
    /// Labels of the rows that the journal holds now.
    pub by_answerer: Vec<ByAnswerer>,
}

/// Labels, and how many answers they call wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(in super::super) struct Labelled {
    pub labelled: u64,
    pub errors: u64,
}

/// Labels that came in during one window.
#[derive(Debug, Serialize)]
pub(in super::super) struct LabelledWindow {
    pub started_us: i64,
    pub ended_us: i64,
    pub open: bool,
    #[serde(flatten)]
    pub labels: Labelled,
}

/// Labelled rows by who answered them.
#[derive(Debug, Default, Serialize)]
pub(in super::super) struct ByAnswerer {
    pub answered_by: String,
    #[serde(flatten)]
    pub labels: Labelled,
    /// Labels of answers that are no single class, or of no answer.
    pub not_compared: u64,
}

impl Accuracy {
    pub(super) fn of(journal: &Journal, version: &ModelVersion) -> Self {
        let mut accuracy = Self {
            model: version.clone(),
            overall: Labelled::default(),
            by_class: BTreeMap::new(),
            by_window: Vec::new(),
            by_answerer: by_answerer(journal.labelled.iter().filter(|row| row.model == *version)),
        };
        let closed = journal.windows_of(version).count();
        for (at, summary) in journal.summaries_of(version).enumerate() {
            let LabelSummary { labelled, errors, by_class } = &summary.labels;
            let labels = Labelled { labelled: *labelled, errors: *errors };
            accuracy.overall.add(labels);
            for (class, (labelled, errors)) in by_class {
                let labels = Labelled { labelled: *labelled, errors: *errors };
                accuracy.by_class.entry(class.clone()).or_default().add(labels);
            }
            if labels.labelled > 0 {
                let (started_us, ended_us, open) = (summary.started_us, summary.ended_us, at == closed);
                accuracy.by_window.push(LabelledWindow { started_us, ended_us, open, labels });
            }
        }
        accuracy
    }

    /// Whether there is any label.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.overall.labelled == 0 && self.by_answerer.is_empty()
    }
}

impl Labelled {
    fn add(&mut self, more: Self) {
        self.labelled = self.labelled.saturating_add(more.labelled);
        self.errors = self.errors.saturating_add(more.errors);
    }

    /// Answers that were right.
    pub(in super::super) fn right(self) -> u64 {
        self.labelled.saturating_sub(self.errors)
    }
}

fn by_answerer<'a>(rows: impl Iterator<Item = &'a LabelledAlike>) -> Vec<ByAnswerer> {
    let mut all: BTreeMap<&str, ByAnswerer> = BTreeMap::new();
    for row in rows {
        let mine = all.entry(&row.answered_by).or_default();
        mine.answered_by.clone_from(&row.answered_by);
        match is_right(row) {
            Some(right) => mine.labels.add(Labelled { labelled: row.count, errors: if right { 0 } else { row.count } }),
            None => mine.not_compared = mine.not_compared.saturating_add(row.count),
        }
    }
    all.into_values().collect()
}

/// Whether the answer is the label; `None` where the answer is no class, or more than one.
fn is_right(row: &LabelledAlike) -> Option<bool> {
    let classes = row.output.as_ref()?.as_object()?.values().filter_map(Value::as_str);
    let classes: Vec<&str> = classes.collect();
    let [class] = classes.as_slice() else { return None };
    let label = match row.label.as_ref()? {
        Scalar::Text(text) => text.clone(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Number(number) => Value::from(*number).to_string(),
        Scalar::Boolean(is) => is.to_string(),
    };
    Some(*class == label)
}

/// The 95 % interval of a share that was measured as `right` of `n` (Wilson 1927, the score interval).
pub(in super::super) fn interval(right: u64, n: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_964;
    if n == 0 {
        return None;
    }
    let (n, share) = (n as f64, right as f64 / n as f64);
    let centre = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_half_of_a_hundred_is_the_one_in_the_books() {
        let (low, high) = interval(50, 100).unwrap();
        assert!((low - 0.4038).abs() < 1e-4 && (high - 0.5962).abs() < 1e-4, "{low} {high}");
        assert_eq!(interval(0, 0), None);
        assert!(interval(3, 3).unwrap().1 <= 1.0);
    }
}
