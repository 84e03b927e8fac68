//! Latency as a histogram of exponentially growing buckets, named as in OpenTelemetry's ExponentialHistogram.

use serde::{Deserialize, Serialize};

/// Buckets per doubling: two, OpenTelemetry's scale 1, so that a quantile is off by at most a fifth.
const PER_DOUBLING: f64 = 2.0;
/// Buckets: 2^(1/2) to the 63rd microseconds is 50 minutes, and everything above is in the last one.
const BUCKETS: usize = 64;

/// Counts of latencies. Bucket `i` holds `(2^(i/2), 2^((i+1)/2)]` microseconds, bucket 0 everything up to its bound,
/// the last one everything above.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Number of the first bucket of `bucket_counts`.
    offset: usize,
    /// Counts, one a bucket.
    bucket_counts: Vec<u64>,
}

impl Latency {
    /// Counts one latency, in microseconds.
    pub fn add(&mut self, us: u64) {
        self.count(bucket(us), 1);
    }

    /// Adds what another histogram has counted.
    pub fn merge(&mut self, other: &Self) {
        for (i, &n) in other.bucket_counts.iter().enumerate() {
            self.count(other.offset.saturating_add(i), n);
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count_of_all(&self) -> u64 {
        self.bucket_counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// An upper bound of the `p`-quantile in microseconds (the bound of its bucket); `None` when nothing was counted.
    #[must_use]
    pub fn quantile_us(&self, p: f64) -> Option<u64> {
        let total = self.count_of_all();
        let rank = (p.clamp(0.0, 1.0) * total as f64).ceil().max(1.0) as u64;
        let mut below = 0u64;
        let found = self.bucket_counts.iter().position(|n| {
            below = below.saturating_add(*n);
            below >= rank
        });
        (total > 0).then(|| upper_bound_us(self.offset.saturating_add(found.unwrap_or(0))))
    }

    /// How many took longer than this, in microseconds, as far as buckets can tell: those in buckets wholly above it.
    #[must_use]
    pub fn count_above(&self, us: u64) -> u64 {
        let first = bucket(us) + 1;
        let above = self.buckets().filter(|(bucket, _)| *bucket >= first);
        above.fold(0, |sum, (_, n)| sum.saturating_add(n))
    }

    /// Upper bound in microseconds, and count, of each bucket that is not empty.
    pub fn bounds(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.buckets().filter(|(_, n)| *n > 0).map(|(bucket, n)| (upper_bound_us(bucket), n))
    }

    /// Whether the buckets are ones that a sender can have.
    pub(crate) fn is_sound(&self) -> bool {
        self.offset.checked_add(self.bucket_counts.len()).is_some_and(|end| end <= BUCKETS)
    }

    fn buckets(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.bucket_counts.iter().enumerate().map(|(i, n)| (self.offset.saturating_add(i), *n))
    }

    /// Counts in a bucket, widening the stored range to it.
    fn count(&mut self, bucket: usize, n: u64) {
        let bucket = bucket.min(BUCKETS - 1);
        if self.bucket_counts.is_empty() {
            self.offset = bucket;
        }
        if bucket < self.offset {
            self.bucket_counts.splice(0..0, std::iter::repeat_n(0, self.offset - bucket));
            self.offset = bucket;
        }
        let at = bucket - self.offset;
        if at >= self.bucket_counts.len() {
            self.bucket_counts.resize(at + 1, 0);
        }
        self.bucket_counts[at] = self.bucket_counts[at].saturating_add(n);
    }
}

fn bucket(us: u64) -> usize {
    let us = us.max(1);
    let mut bucket = (((us as f64).log2() * PER_DOUBLING).ceil() as usize).saturating_sub(1).min(BUCKETS - 1);
    // Powers of two stand exactly on a bound, where a logarithm may err by one.
    while bucket > 0 && us <= upper_bound_us(bucket - 1) {
        bucket -= 1;
    }
    bucket
}

fn upper_bound_us(bucket: usize) -> u64 {
    ((bucket.min(BUCKETS) as f64 + 1.0) / PER_DOUBLING).exp2().floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(latencies: &[u64]) -> Latency {
        let mut latency = Latency::default();
        latencies.iter().for_each(|us| latency.add(*us));
        latency
    }

    #[test]
    fn a_hundred_microseconds_are_told_from_a_hundred_and_fifty() {
        let latency = of(&[100, 100, 100, 150]);
        assert_eq!(latency.quantile_us(0.5), Some(128));
        assert_eq!(latency.quantile_us(1.0), Some(181));
        assert_eq!(latency.count_above(128), 1);
        assert_eq!(Latency::default().quantile_us(0.5), None);
    }

    proptest! {
        #[test]
        fn a_latency_lies_in_its_bucket_and_merging_is_counting_together(
            left in prop::collection::vec(any::<u64>(), 0..50), right in prop::collection::vec(0u64..1 << 20, 0..50),
        ) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            let all: Vec<u64> = left.iter().chain(&right).copied().collect();
            prop_assert_eq!(merged.count_of_all(), all.len() as u64);
            prop_assert_eq!(merged.bounds().collect::<Vec<_>>(), of(&all).bounds().collect::<Vec<_>>());
            prop_assert!(merged.is_sound());
            for us in right {
                let b = bucket(us);
                prop_assert!(us <= upper_bound_us(b) && (b == 0 || us > upper_bound_us(b - 1)), "{} in {}", us, b);
            }
        }
    }
}
