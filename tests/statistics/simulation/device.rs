//! What a device keeps of a feature, and what it makes of a window.

use dunlin_drift::{Bins, Comparison, Dependence, Histogram, Scores, Test, alarms, compare_by, policy};

/// As many as the packer fits.
const FINE_BINS: usize = 32;

/// A feature with its reference.
pub(crate) struct Watched {
    pub(crate) reference: Histogram,
    pub(crate) effective: f64,
    scores: Scores,
}

impl Watched {
    /// Against a training sample, which is in no order.
    pub(crate) fn training(sample: &[f64]) -> Self {
        let reference = counted(&Bins::fit_ordered(sample, FINE_BINS), sample);
        Self { scores: Scores::of(&reference), effective: sample.len() as f64, reference }
    }

    /// Against the device's own past, on the bins of the training sample.
    pub(crate) fn past(training: &Bins, past: &[f64]) -> Self {
        let reference = counted(training, past);
        let scores = Scores::of(&reference);
        let effective = dependence(training, &scores, past).effective_size();
        Self { reference, effective, scores }
    }

    pub(crate) fn window(&self, values: &[f64]) -> (Histogram, f64) {
        let bins = self.reference.bins();
        (counted(bins, values), dependence(bins, &self.scores, values).effective_size())
    }

    pub(crate) fn compare(&self, values: &[f64]) -> Option<Comparison> {
        self.compare_by(policy::ORDERED_TEST, values)
    }

    pub(crate) fn compare_by(&self, test: Test, values: &[f64]) -> Option<Comparison> {
        let (window, effective) = self.window(values);
        compare_by(test, &self.reference, self.effective, &window, effective)
    }
}

/// Whether any feature alarms.
pub(crate) fn any_alarm(comparisons: &[Option<Comparison>]) -> bool {
    alarms(comparisons).iter().flatten().any(|judged| judged.alarm)
}

/// Whether the first feature alarms.
pub(crate) fn first_alarms(comparisons: &[Option<Comparison>]) -> bool {
    alarms(comparisons).first().and_then(Option::as_ref).is_some_and(|judged| judged.alarm)
}

fn counted(bins: &Bins, values: &[f64]) -> Histogram {
    let mut histogram = Histogram::empty(bins.clone());
    values.iter().for_each(|value| histogram.add_number(*value));
    histogram
}

fn dependence(bins: &Bins, scores: &Scores, values: &[f64]) -> Dependence {
    let mut dependence = Dependence::default();
    for bin in values.iter().filter_map(|value| bins.of_number(*value)) {
        dependence.push(scores, bin);
    }
    dependence
}
