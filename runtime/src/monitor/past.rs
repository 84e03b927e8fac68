//! This device's own past: what windows without drift have counted since this version of the model began.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_drift::Histogram;

use serde::{Deserialize, Serialize};

use super::judge::VERDICT;
use super::policy::{MIN_PAST_EFFECTIVE, PAST_ROWS};
use super::record::{Against, Judgement};
use super::watch::{Watch, Watched};
use super::window::{OpenWindow, Sample};

/// The yardstick of drift. It grows window by window until it is full, and then stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Past {
    rows: u64,
    /// One for each watched feature that has bins, by name.
    features: BTreeMap<String, Sample>,
    verdicts: Option<Sample>,
    pub(super) kernel_sets: BTreeSet<String>,
}

impl Past {
    /// Whether it is counted on the bins that a watch counts on.
    pub(super) fn fits(&self, watch: &Watch) -> bool {
        let alike = |watched: &Watched| match (self.features.get(&watched.name), &watched.reference) {
            (Some(mine), Some(reference)) => mine.histogram.bins() == reference.bins(),
            (mine, _) => mine.is_none(),
        };
        watch.features().iter().all(alike)
    }

    /// Takes a window in, unless it is full. Once a feature's past can judge, what it could not judge stays out: a level that
    /// changed in the middle of a window looks like memory, and must not become the yardstick.
    pub(super) fn take_in(&mut self, watch: &Watch, window: &OpenWindow, judged: &[Judgement]) {
        let is_judged = |name: &str| judged.iter().any(|j| j.against == Against::Past && j.subject == name);
        self.kernel_sets.extend(window.summary.kernel_sets.keys().cloned());
        if self.rows >= PAST_ROWS {
            return;
        }
        self.rows += window.summary.rows;
        for (at, watched) in watch.features().iter().enumerate() {
            let Some(sample) = window.sample(at, watched) else { continue };
            match self.features.get_mut(&watched.name) {
                Some(mine) if mine.effective() >= MIN_PAST_EFFECTIVE && !is_judged(&watched.name) => {}
                Some(mine) => mine.add(&sample),
                None => drop(self.features.insert(watched.name.clone(), sample)),
            }
        }
        match &mut self.verdicts {
            Some(mine) if mine.effective() >= MIN_PAST_EFFECTIVE && !is_judged(VERDICT) => {}
            Some(mine) => mine.add(&window.verdicts()),
            none => *none = Some(window.verdicts()),
        }
    }

    /// The past of one feature.
    pub(super) fn sample(&self, name: &str) -> Option<&Sample> {
        self.features.get(name)
    }

    /// The histograms by name.
    pub(super) fn histograms(self) -> BTreeMap<String, Histogram> {
        self.features.into_iter().map(|(name, sample)| (name, sample.histogram)).collect()
    }

    /// The past verdicts.
    pub(super) fn verdicts(&self) -> Option<&Sample> {
        self.verdicts.as_ref()
    }
}
