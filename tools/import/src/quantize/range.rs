//! The range of a value's floats, and the scale and zero point of a byte that stands for them.

/// Parts of a range that a histogram counts.
const BINS: usize = 2048;
/// A range narrower than this holds one value, zero, as far as f32 scales can tell.
const NARROWEST: f32 = 1e-20;

/// The least and the greatest value, zero among them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Range {
    pub(super) min: f32,
    pub(super) max: f32,
}

/// `real = scale * (byte - zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ByteScale {
    pub(super) scale: f32,
    pub(super) zero: u8,
}

impl ByteScale {
    /// Of a value that nothing is known of.
    pub(super) const UNKNOWN: Self = Self { scale: 1.0 / 255.0, zero: 0 };
}

impl Range {
    /// The range of all values, and of zero.
    pub(super) fn include(&mut self, values: &[f32]) {
        self.min = values.iter().copied().fold(self.min, f32::min);
        self.max = values.iter().copied().fold(self.max, f32::max);
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// 255 equal steps over the range, one of them exactly zero: padding and `Relu` are exact. A value that was always
    /// zero gets the range from 0 to 1.
    pub(super) fn scale(self) -> ByteScale {
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        if max - min <= f64::from(NARROWEST) {
            return ByteScale::UNKNOWN;
        }
        let scale = (max - min) / 255.0;
        ByteScale { scale: scale as f32, zero: (-min / scale).round().clamp(0.0, 255.0) as u8 }
    }
}

/// How often values fall into equal parts of a range.
pub(super) struct Histogram {
    range: Range,
    counts: Vec<u64>,
}

impl Histogram {
    pub(super) fn new(range: Range) -> Self {
        Self { range, counts: vec![0; BINS] }
    }

    pub(super) fn add(&mut self, values: &[f32]) {
        let Range { min, max } = self.range;
        let per_bin = BINS as f32 / (max - min).max(NARROWEST);
        for value in values {
            let bin = ((value - min) * per_bin) as usize;
            self.counts[bin.min(BINS - 1)] += 1;
        }
    }

    /// The range without the values that are too rare: of 100, `percentile` stay, and as many go on each side. Zero
    /// stays.
    pub(super) fn percentile(&self, percentile: f64) -> Range {
        let total: u64 = self.counts.iter().sum();
        let cut = total as f64 * (100.0 - percentile) / 200.0;
        let rare = |counts: &mut dyn Iterator<Item = &u64>| {
            let mut seen = 0;
            counts
                .take_while(|count| {
                    seen += **count;
                    seen as f64 <= cut
                })
                .count()
        };
        let (low, high) = (rare(&mut self.counts.iter()), rare(&mut self.counts.iter().rev()));
        let step = (self.range.max - self.range.min) / BINS as f32;
        let min = (self.range.min + low as f32 * step).min(0.0);
        Range { min, max: (self.range.max - high as f32 * step).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_byte_and_both_ends_are_within_a_quantum() {
        for (min, max) in [(-1.0, 3.0), (0.0, 7.0), (-5.0, 0.0), (-1e-6, 1e6), (0.0, 1e-18)] {
            let ByteScale { scale, zero } = Range { min, max }.scale();
            let real = |byte: u8| scale * (f32::from(byte) - f32::from(zero));
            assert_eq!(real(zero), 0.0);
            assert!((real(0) - min).abs() <= scale && (real(255) - max).abs() <= scale, "{min} {max}");
        }
    }

    #[test]
    fn a_value_that_is_always_zero_has_a_scale() {
        let scale = Range::default().scale();
        assert!(scale.scale > 0.0 && scale.zero == 0);
    }

    #[test]
    fn a_percentile_leaves_out_the_rare_ends_and_never_zero() {
        let mut range = Range::default();
        let mut values: Vec<f32> = (0..10_000).map(|i| i as f32 / 10_000.0).collect();
        values.push(100.0);
        range.include(&values);
        let mut histogram = Histogram::new(range);
        histogram.add(&values);
        let kept = histogram.percentile(99.9);
        assert!(kept.min == 0.0 && kept.max < 1.2, "{kept:?}");
        assert_eq!(histogram.percentile(100.0), range);
    }
}
