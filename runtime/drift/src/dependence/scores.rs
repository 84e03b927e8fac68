//! The number that stands for a bin where a stream's memory is measured.

use serde::{Deserialize, Serialize};

use crate::{Bins, Histogram};

/// What [`Dependence`](super::Dependence) has to know of the reference's bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scores {
    /// The mid-rank of each ordered bin: the share of the reference below it, and half of its own, less one half.
    Ordered(Vec<f64>),
    /// The number of levels, which have no order.
    Levels(usize),
}

impl Scores {
    /// Scores of the reference's bins. Where the reference is empty, all ordered bins have the same.
    #[must_use]
    pub fn of(reference: &Histogram) -> Self {
        if let Bins::Levels(_) = reference.bins() {
            return Self::Levels(reference.counts().len());
        }
        let total = reference.counts().iter().map(|count| *count as f64).sum::<f64>().max(1.0);
        let mut below = 0.0;
        let mut score = |count: &u64| {
            let share = *count as f64 / total;
            below += share;
            below - share / 2.0 - 0.5
        };
        Self::Ordered(reference.counts().iter().map(&mut score).collect())
    }
}
