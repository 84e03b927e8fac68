//! Where a histogram cuts: ordered cut points fitted on quantiles, or the levels of a category.

use serde::{Deserialize, Serialize};

/// The most cut points or levels that bins may have; it bounds what a hostile reference can make a device allocate.
pub const MAX_BINS: usize = 1024;

/// How values are told apart when they are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bins {
    /// Strictly ascending, finite cut points. With k of them there are k + 1 bins: bin 0 is `(-inf, edges[0]]`,
    /// bin i is `(edges[i-1], edges[i]]`, bin k is `(edges[k-1], inf)`.
    Edges(Vec<f64>),
    /// Known levels, one bin each, and one more bin at the end for every level that is not listed.
    Levels(Vec<String>),
}

/// Why a description of bins, or counts on them, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BinsError {
    /// A cut point is NaN, infinite, or not above the one before it.
    #[error("cut point {index} is not finite and above the one before it; refit the reference distribution")]
    EdgesNotAscending {
        /// Position of the offending cut point.
        index: usize,
    },
    /// The same level is listed twice.
    #[error("level {index} is listed twice; refit the reference distribution")]
    DuplicateLevel {
        /// Position of the second occurrence.
        index: usize,
    },
    /// More bins than [`MAX_BINS`].
    #[error("{count} bins are more than the {MAX_BINS} allowed; refit with fewer")]
    TooMany {
        /// How many were given.
        count: usize,
    },
    /// The counts do not match the bins.
    #[error("{found} counts for {expected} bins; refit the reference distribution")]
    CountMismatch {
        /// Number of bins.
        expected: usize,
        /// Number of counts.
        found: usize,
    },
}

impl Bins {
    /// Fits at most `max_bins` ordered bins on a sample; values that are not finite are left out.
    ///
    /// Cut points are the sample's quantiles, each once. A value that alone holds at least a bin's share of the sample
    /// (`1 / max_bins`: zeros in a zero-inflated feature, the mode of a nearly constant one) gets a bin of its own, so
    /// that a change in that share is seen and not averaged with its neighbours.
    #[must_use]
    pub fn fit_ordered(sample: &[f64], max_bins: usize) -> Self {
        let mut sorted: Vec<f64> = sample.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let wanted = max_bins.clamp(2, MAX_BINS / 4);
        let mut edges = Vec::new();
        for i in 1..wanted {
            let Some(&value) = sorted.get(i * sorted.len() / wanted) else { break };
            edges.push(value);
        }
        for spike in spikes(&sorted, wanted) {
            edges.push(spike.next_down());
            edges.push(spike);
        }
        edges.retain(|e| e.is_finite());
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        Self::Edges(edges)
    }

    /// One bin for each level, in the order given.
    #[must_use]
    pub fn levels<S: Into<String>>(levels: impl IntoIterator<Item = S>) -> Self {
        Self::Levels(levels.into_iter().map(Into::into).collect())
    }

    /// Number of bins, the open-ended ones and the one for unseen levels included.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Edges(edges) => edges.len() + 1,
            Self::Levels(levels) => levels.len() + 1,
        }
    }

    /// Never: there is always at least one bin. Present because [`Bins::len`] is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bin of a finite number; `None` for NaN, infinities and categorical bins.
    #[must_use]
    pub fn of_number(&self, value: f64) -> Option<usize> {
        match self {
            Self::Edges(edges) if value.is_finite() => Some(edges.partition_point(|edge| *edge < value)),
            _ => None,
        }
    }

    /// The bin of a level, the last one when it is not listed; `None` for ordered bins.
    #[must_use]
    pub fn of_level(&self, level: &str) -> Option<usize> {
        match self {
            Self::Levels(levels) => Some(levels.iter().position(|l| l == level).unwrap_or(levels.len())),
            Self::Edges(_) => None,
        }
    }

    /// Checks what a file claims before anything is counted on it.
    ///
    /// # Errors
    /// [`BinsError`] when there are too many bins, cut points do not ascend, or a level is listed twice.
    pub fn validate(&self) -> Result<(), BinsError> {
        if self.len() > MAX_BINS {
            return Err(BinsError::TooMany { count: self.len() });
        }
        match self {
            Self::Edges(edges) => match (0..edges.len()).find(|&i| !edge_is_good(edges, i)) {
                Some(index) => Err(BinsError::EdgesNotAscending { index }),
                None => Ok(()),
            },
            Self::Levels(levels) => match (1..levels.len()).find(|&i| levels[..i].contains(&levels[i])) {
                Some(index) => Err(BinsError::DuplicateLevel { index }),
                None => Ok(()),
            },
        }
    }
}

fn edge_is_good(edges: &[f64], i: usize) -> bool {
    edges[i].is_finite() && (i == 0 || edges[i - 1] < edges[i])
}

/// Values of an ascending sample that hold at least one bin's share of it.
fn spikes(sorted: &[f64], bins: usize) -> Vec<f64> {
    let share = sorted.len().div_ceil(bins).max(2);
    sorted.chunk_by(|a, b| a == b).filter(|run| run.len() >= share).map(|run| run[0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_zero_inflated_feature_gives_zero_a_bin_of_its_own() {
        let sample: Vec<f64> = (0..100).map(|i| if i < 80 { 0.0 } else { f64::from(i) }).collect();
        let bins = Bins::fit_ordered(&sample, 10);
        let zero = bins.of_number(0.0);
        assert_ne!(zero, bins.of_number(-1e-9));
        assert_ne!(zero, bins.of_number(1e-9));
    }

    #[test]
    fn bins_that_do_not_ascend_are_refused() {
        assert_eq!(Bins::Edges(vec![1.0, 1.0]).validate(), Err(BinsError::EdgesNotAscending { index: 1 }));
        assert_eq!(Bins::Edges(vec![f64::NAN]).validate(), Err(BinsError::EdgesNotAscending { index: 0 }));
        assert_eq!(Bins::levels(["a", "b", "a"]).validate(), Err(BinsError::DuplicateLevel { index: 2 }));
    }

    proptest! {
        #[test]
        fn fitted_bins_are_valid_and_every_finite_number_has_one(
            sample in prop::collection::vec(prop::num::f64::ANY, 0..200),
            value in prop::num::f64::NORMAL,
        ) {
            let bins = Bins::fit_ordered(&sample, 16);
            prop_assert_eq!(bins.validate(), Ok(()));
            prop_assert!(bins.of_number(value).is_some_and(|b| b < bins.len()));
        }
    }
}
