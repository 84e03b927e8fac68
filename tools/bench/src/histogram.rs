//! Durations counted in bins of fixed number, so that a million of them take no more memory than one.

/// Bins of each octave: a duration is known to within 1/64.
const STEPS: u64 = 64;
/// Up to 2^40 ns, 18 minutes.
const OCTAVES: u64 = 40;

/// How often each duration was seen.
pub(crate) struct Histogram {
    counts: Vec<u32>,
    seen: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; (STEPS * OCTAVES) as usize], seen: 0 }
    }

    pub(crate) fn add(&mut self, nanoseconds: u64) {
        let bin = bin(nanoseconds).min(self.counts.len() - 1);
        if let Some(count) = self.counts.get_mut(bin) {
            *count = count.saturating_add(1);
        }
        self.seen += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.seen += other.seen;
    }

    /// How many durations were seen.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The duration, in nanoseconds, that a share of those seen does not exceed; the middle of its bin. Zero where none
    /// was seen.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = ((share * self.seen as f64).ceil() as u64).max(1);
        let mut below = 0_u64;
        for (bin, count) in self.counts.iter().enumerate() {
            below += u64::from(*count);
            if below >= rank {
                let (low, high) = (lower_bound(bin as u64), lower_bound(bin as u64 + 1));
                return (low + high - 1) as f64 / 2.0;
            }
        }
        0.0
    }
}

/// Below [`STEPS`] a bin is a nanosecond; above, each octave has as many bins.
fn bin(nanoseconds: u64) -> usize {
    if nanoseconds < STEPS {
        return nanoseconds as usize;
    }
    let shift = nanoseconds.ilog2() - STEPS.ilog2();
    (u64::from(shift) * STEPS + (nanoseconds >> shift)) as usize
}

fn lower_bound(bin: u64) -> u64 {
    if bin < 2 * STEPS {
        return bin;
    }
    let shift = bin / STEPS - 1;
    (bin - shift * STEPS) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_in_the_bin_that_claims_it() {
        for nanoseconds in (0..3_000).chain([4_095, 4_096, 1_000_000_007, 1 << 39]) {
            let bin = bin(nanoseconds) as u64;
            assert!(lower_bound(bin) <= nanoseconds && nanoseconds < lower_bound(bin + 1), "{nanoseconds} in {bin}");
        }
    }

    #[test]
    fn quantiles_are_those_of_a_sorted_list_to_within_a_bin() {
        let mut histogram = Histogram::new();
        let durations: Vec<u64> = (1..=10_000).map(|i| i * i).collect();
        durations.iter().for_each(|duration| histogram.add(*duration));
        for (share, rank) in [(0.5, 5_000), (0.99, 9_900), (1.0, 10_000)] {
            let expected = durations[rank - 1] as f64;
            let found = histogram.quantile(share);
            assert!((found / expected - 1.0).abs() < 1.0 / 64.0, "{share}: {found} for {expected}");
        }
    }

    #[test]
    fn merged_counts_are_as_if_seen_together() {
        let (mut left, mut right, mut both) = (Histogram::new(), Histogram::new(), Histogram::new());
        for duration in 0..1_000 {
            if duration % 3 == 0 {
                left.add(duration)
            } else {
                right.add(duration)
            }
            both.add(duration);
        }
        left.merge(&right);
        assert_eq!((left.seen(), &left.counts), (both.seen(), &both.counts));
    }
}
