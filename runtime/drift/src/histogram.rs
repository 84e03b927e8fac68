//! Counts on bins; two histograms on the same bins merge by addition.

use serde::{Deserialize, Serialize};

use crate::bins::{Bins, BinsError};

/// Counts of what was seen, with the values that fit no bin counted apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    bins: Bins,
    counts: Vec<u64>,
    #[serde(default)]
    missing: u64,
    #[serde(default)]
    non_finite: u64,
}

/// Two histograms cannot be added because they cut in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the histograms have different bins; count both on the bins of one reference")]
pub struct MergeError;

impl Histogram {
    /// Nothing seen yet.
    #[must_use]
    pub fn empty(bins: Bins) -> Self {
        let counts = vec![0; bins.len()];
        Self { bins, counts, missing: 0, non_finite: 0 }
    }

    /// What was counted elsewhere on these bins.
    ///
    /// # Errors
    /// [`BinsError`] when the bins are no bins, or there is not one count for each.
    pub fn from_counts(bins: Bins, counts: Vec<u64>, missing: u64, non_finite: u64) -> Result<Self, BinsError> {
        let histogram = Self { bins, counts, missing, non_finite };
        histogram.validate().map(|()| histogram)
    }

    /// Counts a number; NaN and infinities are counted as non-finite.
    pub fn add_number(&mut self, value: f64) {
        match self.bins.of_number(value) {
            Some(bin) => self.counts[bin] = self.counts[bin].saturating_add(1),
            None => self.non_finite = self.non_finite.saturating_add(1),
        }
    }

    /// Counts a level of a category, an unlisted one in the last bin.
    pub fn add_level(&mut self, level: &str) {
        match self.bins.of_level(level) {
            Some(bin) => self.counts[bin] = self.counts[bin].saturating_add(1),
            None => self.non_finite = self.non_finite.saturating_add(1),
        }
    }

    /// Counts a record in which the value was absent.
    pub fn add_missing(&mut self) {
        self.missing = self.missing.saturating_add(1);
    }

    /// Adds what another histogram on the same bins has seen.
    ///
    /// # Errors
    /// [`MergeError`] when the bins differ; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.bins != other.bins {
            return Err(MergeError);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.missing = self.missing.saturating_add(other.missing);
        self.non_finite = self.non_finite.saturating_add(other.non_finite);
        Ok(())
    }

    /// Where this histogram cuts.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        &self.bins
    }

    /// Counts, one for each bin.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Values that fell in a bin.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, c| sum.saturating_add(*c))
    }

    /// Records in which the value was absent.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Values that were NaN or infinite.
    #[must_use]
    pub fn non_finite(&self) -> u64 {
        self.non_finite
    }

    /// Checks what a file claims: good bins, and one count for each.
    ///
    /// # Errors
    /// [`BinsError`] naming what is wrong.
    pub fn validate(&self) -> Result<(), BinsError> {
        self.bins.validate()?;
        if self.counts.len() != self.bins.len() {
            return Err(BinsError::CountMismatch { expected: self.bins.len(), found: self.counts.len() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(bins: &Bins, values: &[f64]) -> Histogram {
        let mut histogram = Histogram::empty(bins.clone());
        values.iter().for_each(|v| histogram.add_number(*v));
        histogram
    }

    #[test]
    fn unseen_levels_share_the_last_bin() {
        let mut histogram = Histogram::empty(Bins::levels(["red", "green"]));
        for level in ["red", "blue", "violet"] {
            histogram.add_level(level);
        }
        assert_eq!(histogram.counts(), [1, 0, 2]);
    }

    #[test]
    fn histograms_on_different_bins_do_not_merge() {
        let mut a = Histogram::empty(Bins::Edges(vec![1.0]));
        assert_eq!(a.merge(&Histogram::empty(Bins::Edges(vec![2.0]))), Err(MergeError));
    }

    proptest! {
        #[test]
        fn merging_is_the_same_as_counting_everything_once(
            left in prop::collection::vec(prop::num::f64::ANY, 0..100),
            right in prop::collection::vec(prop::num::f64::ANY, 0..100),
        ) {
            let bins = Bins::fit_ordered(&left, 8);
            let mut merged = counted(&bins, &left);
            merged.merge(&counted(&bins, &right)).expect("the bins are the same");
            let all: Vec<f64> = left.iter().chain(&right).copied().collect();
            prop_assert_eq!(merged, counted(&bins, &all));
        }
    }
}
