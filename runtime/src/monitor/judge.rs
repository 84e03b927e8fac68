//! Compares a window with the training distribution and with the device's own past.

use dunlin_drift::{Comparison, Histogram, alarms, compare};

use super::past::Past;
use super::policy::MIN_PAST_EFFECTIVE;
use super::record::{Against, Judgement};
use super::watch::Watch;
use super::window::{OpenWindow, Sample};

/// Every comparison that the window's size allows.
pub(super) fn judge(watch: &Watch, window: &OpenWindow, past: &Past) -> Vec<Judgement> {
    let samples: Vec<Option<Sample>> =
        watch.features().iter().enumerate().map(|(at, watched)| window.sample(at, watched)).collect();
    let names = || watch.features().iter().map(|watched| watched.name.as_str());
    let mut training: Vec<Option<Comparison>> = Vec::new();
    let mut own: Vec<Option<Comparison>> = Vec::new();
    for (watched, sample) in watch.features().iter().zip(&samples) {
        training.push(watched.reference.as_ref().zip(sample.as_ref()).and_then(|(r, s)| with_training(r, s)));
        own.push(past.sample(&watched.name).zip(sample.as_ref()).and_then(|(p, s)| with_past(p, s)));
    }
    own.push(past.verdicts().and_then(|p| with_past(p, &window.verdicts())));
    let mut judged = named(Against::Past, names().chain(["verdict"]), &own);
    judged.extend(named(Against::Training, names(), &training));
    judged
}

/// Training records are shuffled before they are counted: each is worth one.
fn with_training(reference: &Histogram, sample: &Sample) -> Option<Comparison> {
    let n = reference.total().saturating_add(reference.missing());
    compare(reference, n as f64, &sample.histogram, sample.effective())
}

fn with_past(past: &Sample, sample: &Sample) -> Option<Comparison> {
    let effective = past.effective();
    (effective >= MIN_PAST_EFFECTIVE)
        .then(|| compare(&past.histogram, effective, &sample.histogram, sample.effective()))
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
