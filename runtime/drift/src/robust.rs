//! Location and scale that a few wild values cannot move: median and median absolute deviation.

use serde::{Deserialize, Serialize};

/// Makes the median absolute deviation estimate the standard deviation of a normal sample: 1 / quantile(0.75) of the
/// standard normal (Rousseeuw and Croux 1993, section 1).
const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// The centre and spread against which a value's distance is measured, in the value's own unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobustScale {
    /// Median of the sample.
    pub center: f64,
    /// Spread of the sample; above zero.
    pub scale: f64,
}

impl RobustScale {
    /// Fits on a sample; values that are not finite are left out. `None` when none is left.
    ///
    /// The spread is the scaled median absolute deviation; where that is zero (more than half of the values equal) the
    /// standard deviation; where that is zero too (a constant), the smallest spread that floating point can tell apart
    /// from the constant, so that any other value is far away.
    #[must_use]
    pub fn fit(sample: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = sample.iter().copied().filter(|v| v.is_finite()).collect();
        let center = quantile(&finite, 0.5)?;
        let deviations: Vec<f64> = finite.iter().map(|v| (v - center).abs()).collect();
        let mad = MAD_TO_SIGMA * quantile(&deviations, 0.5)?;
        let smallest = (center.abs() * f64::EPSILON).max(f64::MIN_POSITIVE);
        let scale = [mad, standard_deviation(&finite)?].into_iter().find(|s| *s > smallest).unwrap_or(smallest);
        Some(Self { center, scale })
    }

    /// Distance of a value from the centre, in spreads; infinite when the value is not finite.
    #[must_use]
    pub fn distance(&self, value: f64) -> f64 {
        let distance = (value - self.center).abs() / self.scale;
        if distance.is_finite() { distance } else { f64::INFINITY }
    }
}

/// The `p`-quantile by linear interpolation between order statistics (Hyndman and Fan 1996, type 7); `None` when the
/// sample is empty or `p` is not in 0..=1.
#[must_use]
pub fn quantile(sample: &[f64], p: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = p * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    Some(low + (high - low) * position.fract())
}

/// Arithmetic mean; `None` when the sample is empty.
#[must_use]
pub fn mean(sample: &[f64]) -> Option<f64> {
    (!sample.is_empty()).then(|| sample.iter().sum::<f64>() / sample.len() as f64)
}

/// Population standard deviation (divided by n); `None` when the sample is empty.
#[must_use]
pub fn standard_deviation(sample: &[f64]) -> Option<f64> {
    let mean = mean(sample)?;
    let variance = sample.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / sample.len() as f64;
    Some(variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_value_hardly_moves_centre_or_spread() {
        let calm: Vec<f64> = (0..101).map(f64::from).collect();
        let mut wild = calm.clone();
        wild[100] = 1e12;
        let (calm, wild) = (RobustScale::fit(&calm), RobustScale::fit(&wild));
        assert_eq!(calm, wild);
        assert_eq!(calm.map(|s| s.center), Some(50.0));
    }

    #[test]
    fn anything_but_the_constant_is_far_from_a_constant() {
        let scale = RobustScale::fit(&[3.0; 10]).expect("the sample is not empty");
        assert_eq!(scale.distance(3.0), 0.0);
        assert!(scale.distance(3.001) > 1e9);
    }

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
    }
}
