//! The open window: a summary being counted, and how much each feature's values depend on the ones before.

use std::sync::LazyLock;

use dunlin_drift::{Bins, Dependence, Histogram, Scores};
use dunlin_wire::{FeatureSummary, Summary, WindowRange};
use serde::{Deserialize, Serialize};

use super::observation::{Observation, Seen};
use super::policy::CLOCK_JUMP;
use super::watch::{Watch, Watched};
use crate::clock::Moment;
use crate::journal::Row;

/// Levels of a verdict; a refused record is counted behind them.
const VERDICTS: [&str; 2] = ["accept", "abstain"];

static VERDICT_SCORES: LazyLock<Scores> = LazyLock::new(|| Scores::of(&Histogram::empty(Bins::levels(VERDICTS))));

/// A window that is still being counted. Saved whole with the rows that it counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OpenWindow {
    pub(super) epoch: u32,
    pub(super) number: u32,
    /// The boot that `last`'s monotonic time counts from.
    boot_id: String,
    last: Moment,
    /// Time since it began, put together from steps that each clock can vouch for.
    age_us: i64,
    pub(super) summary: Summary,
    /// One for each feature; those without bins stay empty.
    dependence: Vec<Dependence>,
    verdicts: Dependence,
    stale: u64,
    non_finite_outputs: u64,
}

impl OpenWindow {
    pub(super) fn begin(watch: &Watch, epoch: u32, number: u32, boot_id: &str, now: Moment) -> Self {
        let feature = |watched: &Watched| FeatureSummary {
            name: watched.name.clone(),
            counts: vec![0; watched.reference.as_ref().map_or(0, |r| r.bins().len())],
            ..FeatureSummary::default()
        };
        let features: Vec<FeatureSummary> = watch.features().iter().map(feature).collect();
        let windows = vec![WindowRange { epoch, first: number, last: number }];
        let dependence = vec![Dependence::default(); features.len()];
        let (started_us, ended_us) = (now.wall_us, now.wall_us);
        let summary = Summary { windows, started_us, ended_us, features, ..Summary::empty(watch.model().clone()) };
        let (boot_id, verdicts) = (boot_id.to_owned(), Dependence::default());
        Self {
            epoch,
            number,
            boot_id,
            last: now,
            age_us: 0,
            summary,
            dependence,
            verdicts,
            stale: 0,
            non_finite_outputs: 0,
        }
    }

    /// Whether it counts what a watch watches: a checkpoint of another build may not.
    pub(super) fn fits(&self, watch: &Watch) -> bool {
        let alike = |(mine, watched): (&FeatureSummary, &Watched)| {
            mine.name == watched.name && mine.counts.len() == watched.reference.as_ref().map_or(0, |r| r.bins().len())
        };
        self.summary.features.len() == watch.features().len()
            && self.dependence.len() == watch.features().len()
            && self.summary.features.iter().zip(watch.features()).all(alike)
    }

    /// Lets time pass; tells whether the clock jumped.
    pub(super) fn pass(&mut self, boot_id: &str, now: Moment) -> bool {
        let by_wall = now.wall_us.saturating_sub(self.last.wall_us);
        let jumped = if self.boot_id == boot_id {
            let passed = now.mono_us.saturating_sub(self.last.mono_us).max(0);
            self.age_us = self.age_us.saturating_add(passed);
            by_wall.abs_diff(passed) > CLOCK_JUMP.as_micros() as u64
        } else {
            // Only the wall clock spans a restart; where it went back, nobody knows how long it took.
            self.age_us = self.age_us.saturating_add(by_wall.max(0));
            self.boot_id = boot_id.to_owned();
            by_wall < 0
        };
        self.last = now;
        // The span that is sent holds whichever readings there were.
        self.summary.started_us = self.summary.started_us.min(now.wall_us);
        self.summary.ended_us = self.summary.ended_us.max(now.wall_us);
        jumped
    }

    pub(super) fn age_us(&self) -> i64 {
        self.age_us
    }

    /// Counts a row.
    pub(super) fn add(&mut self, row: &Row, observation: &Observation) {
        let summary = &mut self.summary;
        summary.rows += 1;
        let one = |table: &mut std::collections::BTreeMap<String, u64>, name: &str| {
            *table.entry(name.to_owned()).or_default() += 1;
        };
        one(&mut summary.verdicts, &row.verdict);
        one(&mut summary.answered_by, &row.answered_by);
        one(&mut summary.kernel_sets, &row.context.kernel_set);
        row.reasons.iter().for_each(|reason| one(&mut summary.reasons, reason));
        summary.latency.add(row.latency_us);
        self.stale += u64::from(observation.stale);
        // A refused record has the same code for an input that is not finite.
        let is_not_finite = row.verdict == VERDICTS[1] && row.reasons.iter().any(|reason| reason == "non_finite");
        self.non_finite_outputs += u64::from(is_not_finite);
        let verdict = VERDICTS.iter().position(|v| *v == row.verdict).unwrap_or(VERDICTS.len());
        self.verdicts.push(&VERDICT_SCORES, verdict);
        let features = summary.features.iter_mut().zip(&mut self.dependence).zip(observation.watch.features());
        for (((mine, dependence), watched), seen) in features.zip(&observation.seen) {
            count(mine, dependence, watched, *seen);
        }
    }

    /// What was counted of one feature on the bins of its reference; `None` where it has none.
    pub(super) fn sample(&self, at: usize, watched: &Watched) -> Option<Sample> {
        let (mine, reference) = (self.summary.features.get(at)?, watched.reference.as_ref()?);
        let histogram =
            Histogram::from_counts(reference.bins().clone(), mine.counts.clone(), mine.missing, mine.non_finite)
                .ok()?;
        Some(Sample { histogram, dependence: self.dependence.get(at)?.clone() })
    }

    /// The verdicts as a feature.
    pub(super) fn verdicts(&self) -> Sample {
        let level = |verdict: &str| self.summary.verdicts.get(verdict).copied().unwrap_or(0);
        let mut counts: Vec<u64> = VERDICTS.iter().map(|v| level(v)).collect();
        counts.push(self.summary.rows.saturating_sub(counts.iter().sum()));
        let histogram = Histogram::from_counts(Bins::levels(VERDICTS), counts, 0, 0);
        let histogram = histogram.unwrap_or_else(|_| Histogram::empty(Bins::levels(VERDICTS)));
        Sample { histogram, dependence: self.verdicts.clone() }
    }

    /// Records to which the model answered NaN or infinity.
    pub(super) fn non_finite_outputs(&self) -> u64 {
        self.non_finite_outputs
    }

    /// Records that were answered by a model past its age.
    pub(super) fn stale(&self) -> u64 {
        self.stale
    }

    /// Closed before it has enough records: what could be told of a single one is taken out.
    pub(super) fn without_features(mut self) -> Self {
        self.summary.features.clear();
        self.summary.labels.by_class.clear();
        self
    }
}

/// Counts on a reference's bins, and how far their values depend on each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) histogram: Histogram,
    pub(super) dependence: Dependence,
}

impl Sample {
    /// Adds what came later, counted on the same bins.
    pub(super) fn add(&mut self, later: &Self) {
        if self.histogram.merge(&later.histogram).is_ok() {
            self.dependence.merge(&later.dependence);
        }
    }

    /// How many independent values are there; of a feature that is never there, how often it was looked for.
    pub(super) fn effective(&self) -> f64 {
        self.effective_by(Dependence::effective_size)
    }

    /// The same of a window that follows on a past: where nothing has changed, it has the past's memory.
    pub(super) fn effective_given(&self, past: &Self) -> f64 {
        self.effective_by(|mine| mine.effective_size_given(&past.dependence))
    }

    fn effective_by(&self, size: impl FnOnce(&Dependence) -> f64) -> f64 {
        if self.histogram.total() == 0 { self.histogram.missing() as f64 } else { size(&self.dependence) }
    }
}

fn count(mine: &mut FeatureSummary, dependence: &mut Dependence, watched: &Watched, seen: Seen) {
    match seen {
        Seen::Nothing => {}
        Seen::Missing => mine.missing += 1,
        Seen::OutOfDomain => mine.out_of_domain += 1,
        Seen::Unseen => mine.unseen += 1,
        Seen::NonFinite => mine.non_finite += 1,
        Seen::Bin(bin) => {
            let (Some(reference), Some(scores)) = (&watched.reference, &watched.scores) else { return };
            if let Some(count) = mine.counts.get_mut(bin) {
                *count += 1;
                dependence.push(scores, bin);
            }
            let is_unlisted = matches!(reference.bins(), Bins::Levels(levels) if bin == levels.len());
            mine.unseen += u64::from(is_unlisted);
        }
    }
}
