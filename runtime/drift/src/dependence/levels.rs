//! Memory of a stream of levels: how often a value is the same as the one before.

use serde::{Deserialize, Serialize};

use super::ratio::{inflation, lag_one};
use crate::MAX_BINS;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Levels {
    counts: Vec<u64>,
    /// Neighbouring pairs, and those that differ.
    steps: u64,
    changes: u64,
    last: Option<usize>,
}

impl Levels {
    pub(super) fn push(&mut self, level: usize) {
        if level >= MAX_BINS {
            return;
        }
        if self.counts.len() <= level {
            self.counts.resize(level + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(level) {
            *count = count.saturating_add(1);
        }
        if let Some(last) = self.last.replace(level) {
            self.steps = self.steps.saturating_add(1);
            self.changes = self.changes.saturating_add(u64::from(last != level));
        }
    }

    pub(super) fn merge(&mut self, next: &Self) {
        let longer = self.counts.len().max(next.counts.len()).min(MAX_BINS);
        self.counts.resize(longer, 0);
        for (mine, theirs) in self.counts.iter_mut().zip(&next.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.steps = self.steps.saturating_add(next.steps);
        self.changes = self.changes.saturating_add(next.changes);
        self.last = next.last.or(self.last);
    }

    /// The chance that two values differ is what a variance is to numbers, and the share of changes a mean squared step.
    pub(super) fn inflation(&self) -> f64 {
        let n: f64 = self.counts.iter().map(|count| *count as f64).sum();
        if n < 2.0 || self.steps == 0 {
            return 1.0;
        }
        let same: f64 = self.counts.iter().map(|count| (*count as f64 / n).powi(2)).sum();
        let variance = (1.0 - same) * n / (n - 1.0);
        let step = 2.0 * self.changes as f64 / self.steps as f64;
        inflation(lag_one(step, variance, n))
    }
}
