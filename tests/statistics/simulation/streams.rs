//! Twenty independent features of normal values, with and without memory.

use dunlin_drift::{Bins, Comparison, Test};

use super::device::{Watched, any_alarm, first_alarms};
use super::random::{Random, Stream};

const FEATURES: usize = 20;
/// Size of the training sample, which also gives the bins.
pub(crate) const TRAINING: usize = 10_000;
/// Shifts of one feature's mean, in standard deviations.
pub(crate) const SHIFTS: [f64; 3] = [0.25, 0.5, 1.0];

/// A device's data, and what it compares them with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    /// Correlation of a value with the one before.
    pub(crate) memory: f64,
    /// Values of its own past that are the reference; `None`: the training sample.
    pub(crate) past: Option<usize>,
}

/// What happened in some repeats, at one size of window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Happened {
    /// Windows in which any feature alarmed, though nothing had shifted.
    pub(crate) false_alarms: usize,
    /// Comparisons that were not made for want of evidence, of all features.
    pub(crate) no_evidence: usize,
    /// Windows in which the one shifted feature alarmed, for each of [`SHIFTS`].
    pub(crate) found: [usize; SHIFTS.len()],
}

/// Share of comparisons of `repeats` windows that were not made.
pub(crate) fn without_evidence(happened: &Happened, repeats: usize) -> f64 {
    super::share(happened.no_evidence, repeats * FEATURES)
}

/// Watches `repeats` devices, each with windows of all sizes.
pub(crate) fn watch(world: World, sizes: &[usize], repeats: usize, seed: u64) -> Vec<Happened> {
    let mut all = vec![Happened::default(); sizes.len()];
    for repeat in 0..repeats as u64 {
        let mut random = Random::new(seed.wrapping_add(repeat));
        let mut bins = None;
        let mut features: Vec<(Watched, Stream)> =
            (0..FEATURES).map(|_| feature(world, &mut bins, &mut random)).collect();
        for (happened, size) in all.iter_mut().zip(sizes) {
            let windows: Vec<Vec<f64>> =
                features.iter_mut().map(|(_, stream)| stream.take(*size, &mut random)).collect();
            let mut compared: Vec<Option<Comparison>> =
                features.iter().zip(&windows).map(|((watched, _), window)| watched.compare(window)).collect();
            happened.false_alarms += usize::from(any_alarm(&compared));
            happened.no_evidence += compared.iter().filter(|comparison| comparison.is_none()).count();
            for (found, shift) in happened.found.iter_mut().zip(SHIFTS) {
                let shifted: Vec<f64> = windows[0].iter().map(|value| value + shift).collect();
                compared[0] = features[0].0.compare(&shifted);
                *found += usize::from(first_alarms(&compared));
            }
        }
    }
    all
}

/// The bins are fitted on the training sample of the first feature; all have the same distribution.
fn feature(world: World, bins: &mut Option<Bins>, random: &mut Random) -> (Watched, Stream) {
    let mut stream = Stream::new(world.memory);
    let training = |random: &mut Random| Watched::training(&Stream::new(0.0).take(TRAINING, random));
    let watched = match world.past {
        None => training(random),
        Some(size) => {
            let bins = bins.get_or_insert_with(|| training(random).reference.bins().clone());
            Watched::past(bins, &stream.take(size, random))
        }
    };
    (watched, stream)
}

/// A change of one feature.
pub(crate) struct Change {
    pub(crate) name: &'static str,
    /// A value of the window, from a normal and a uniform number.
    pub(crate) value: fn(f64, f64) -> f64,
}

pub(crate) const CHANGES: [Change; 7] = [
    Change { name: "none", value: |x, _| x },
    Change { name: "mean + 0.25 sd", value: |x, _| x + 0.25 },
    Change { name: "mean + 0.5 sd", value: |x, _| x + 0.5 },
    Change { name: "spread x 1.5", value: |x, _| 1.5 * x },
    Change { name: "spread x 0.5", value: |x, _| 0.5 * x },
    Change { name: "15 % stuck at + 1 sd", value: |x, u| if u < 0.15 { 1.0 } else { x } },
    Change { name: "10 % stuck at + 3 sd", value: |x, u| if u < 0.1 { 3.0 } else { x } },
];

/// How many of `repeats` windows of one feature among twenty, the others unchanged, alarm for each of [`CHANGES`].
pub(crate) fn by_test(test: Test, reference: usize, size: usize, repeats: usize) -> Vec<usize> {
    let mut hits = vec![0; CHANGES.len()];
    for repeat in 0..repeats as u64 {
        let mut random = Random::new(repeat);
        let watched = Watched::training(&Stream::new(0.0).take(reference, &mut random));
        let drawn: Vec<(f64, f64)> = (0..size).map(|_| (random.normal(), random.uniform())).collect();
        for (hits, change) in hits.iter_mut().zip(&CHANGES) {
            let window: Vec<f64> = drawn.iter().map(|(x, u)| (change.value)(*x, *u)).collect();
            let mut compared = vec![None; FEATURES];
            compared[0] = watched.compare_by(test, &window);
            *hits += usize::from(first_alarms(&compared));
        }
    }
    hits
}
