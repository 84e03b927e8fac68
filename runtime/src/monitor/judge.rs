//! Compares a window with the training distribution and with the device's own past.

use dunlin_drift::{Comparison, Histogram, alarms, compare};

use super::past::Past;
use super::policy::MIN_PAST_EFFECTIVE;
use super::record::{Against, Judgement};
use super::watch::Watch;
use super::window::{OpenWindow, Sample};

/// The subject under which verdicts are compared.
pub(super) const VERDICT: &str = "verdict";

/// Every comparison that the window's size allows. What has no bins is not asked, and costs the others nothing.
pub(super) fn judge(watch: &Watch, window: &OpenWindow, past: &Past) -> Vec<Judgement> {
    let with_bins = watch.features().iter().enumerate();
    let samples: Vec<(&str, &Histogram, Sample)> = with_bins
        .filter_map(|(at, watched)| {
            Some((watched.name.as_str(), watched.reference.as_ref()?, window.sample(at, watched)?))
        })
        .collect();
    let names = || samples.iter().map(|(name, _, _)| *name);
    let training: Vec<Option<Comparison>> =
        samples.iter().map(|(_, reference, sample)| with_training(reference, sample)).collect();
    let mut own: Vec<Option<Comparison>> =
        samples.iter().map(|(name, _, sample)| with_past(past.sample(name)?, sample)).collect();
    own.push(past.verdicts().and_then(|past| with_past(past, &window.verdicts())));
    let mut judged = named(Against::Past, names().chain([VERDICT]), &own);
    judged.extend(named(Against::Training, names(), &training));
    judged
}

/// Training records are shuffled before they are counted: each is worth one.
fn with_training(reference: &Histogram, sample: &Sample) -> Option<Comparison> {
    compare(reference, reference.total() as f64, &sample.histogram, sample.effective())
}

fn with_past(past: &Sample, sample: &Sample) -> Option<Comparison> {
    let effective = past.effective();
    (effective >= MIN_PAST_EFFECTIVE)
        .then(|| compare(&past.histogram, effective, &sample.histogram, sample.effective_given(past)))
        .flatten()
}

fn named<'a>(
    against: Against,
    names: impl Iterator<Item = &'a str>,
    comparisons: &[Option<Comparison>],
) -> Vec<Judgement> {
    let judged = names.zip(alarms(comparisons)).filter_map(|(subject, judged)| {
        let judged = judged?;
        let (comparison, p_adjusted, alarm) = (judged.comparison, judged.p_adjusted, judged.alarm);
        Some(Judgement { against, subject: subject.to_owned(), comparison, p_adjusted, alarm })
    });
    judged.collect()
}
