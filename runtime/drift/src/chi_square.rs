//! Pearson's chi-square test of two samples on the same bins, and the tail of its distribution.

use std::f64::consts::PI;

/// A statistic and the probability of one at least as large where nothing has shifted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tested {
    /// The statistic.
    pub statistic: f64,
    /// Its p-value, in 0..=1.
    pub p_value: f64,
}

/// Two-sample chi-square test of homogeneity: whether two rows of counts have the same shares.
///
/// With row totals `M` and `N`, `X2 = sum of (r sqrt(N/M) - w sqrt(M/N))^2 / (r + w)` over bins with any count, which is
/// Pearson's statistic of the 2 x B table; `B - 1` degrees of freedom (Cramer 1946, section 30.6). Counts may be
/// fractions. `None` where fewer than two bins have a count, one sample is empty, the lengths differ, or a count is
/// negative or not finite.
///
/// ```
/// let tested = dunlin_drift::chi_square(&[10.0, 20.0, 30.0], &[30.0, 20.0, 10.0]).unwrap();
/// assert_eq!(tested.statistic.round(), 20.0);
/// assert!((tested.p_value - (-10.0_f64).exp()).abs() < 1e-9);
/// ```
#[must_use]
pub fn chi_square(reference: &[f64], window: &[f64]) -> Option<Tested> {
    let (m, n) = (total(reference)?, total(window)?);
    if reference.len() != window.len() || m <= 0.0 || n <= 0.0 {
        return None;
    }
    let (up, down) = ((n / m).sqrt(), (m / n).sqrt());
    let used = reference.iter().zip(window).filter(|(r, w)| **r + **w > 0.0);
    let (bins, statistic) =
        used.fold((0_u32, 0.0), |(bins, sum), (r, w)| (bins + 1, sum + (r * up - w * down).powi(2) / (r + w)));
    let degrees = bins.checked_sub(1).filter(|d| *d > 0)?;
    statistic.is_finite().then(|| Tested { statistic, p_value: chi_square_tail(statistic, degrees) })
}

/// Sum of good counts; `None` where one is negative or not finite.
pub(crate) fn total(counts: &[f64]) -> Option<f64> {
    counts.iter().try_fold(0.0, |sum, c| (*c >= 0.0).then_some(sum + c)).filter(|sum| sum.is_finite())
}

/// Probability that a chi-square variable with whole `degrees` of freedom exceeds `x`.
///
/// A finite sum of positive terms, so that small tails keep their digits (Abramowitz and Stegun 26.4.4 and 26.4.5).
/// No degree at all is the constant zero; a NaN exceeds nothing and gives 1.
#[must_use]
pub fn chi_square_tail(x: f64, degrees: u32) -> f64 {
    if degrees == 0 || x.is_nan() || x <= 0.0 {
        return 1.0;
    }
    let half = x / 2.0;
    let (mut term, mut sum, odd) = if degrees.is_multiple_of(2) {
        (1.0, 0.0, 0.0)
    } else {
        (half.sqrt() * 2.0 / PI.sqrt(), erfc(half.sqrt()), 0.5)
    };
    let decay = (-half).exp();
    if decay == 0.0 {
        return 0.0;
    }
    for i in 0..degrees / 2 {
        sum += decay * term;
        term *= half / (f64::from(i) + 1.0 + odd);
    }
    sum.clamp(0.0, 1.0)
}

/// Complementary error function for `x >= 0`: a series of positive terms near zero (Abramowitz and Stegun 7.1.6), a
/// continued fraction further out (7.1.14).
fn erfc(x: f64) -> f64 {
    let square = x * x;
    if x < 2.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term > sum * f64::EPSILON {
            n += 1.0;
            term *= 2.0 * square / (2.0 * n + 1.0);
            sum += term;
        }
        return 1.0 - 2.0 / PI.sqrt() * (-square).exp() * sum;
    }
    let fraction = (1..=60).rev().fold(x, |below, k| x + f64::from(k) / 2.0 / below);
    (-square).exp() / (PI.sqrt() * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tails_are_those_of_printed_tables() {
        // Critical values of any table of the distribution, at 5 % and 0.1 %.
        for (degrees, x, p) in [(1, 3.841_458_820_694_12, 0.05), (2, 5.991_464_547_107_98, 0.05)] {
            assert!((chi_square_tail(x, degrees) - p).abs() < 1e-12, "{degrees}");
        }
        for (degrees, x, p) in [(9, 27.877_164_871_256_57, 0.001), (10, 29.588_298_445_074_42, 0.001)] {
            assert!((chi_square_tail(x, degrees) - p).abs() < 1e-12, "{degrees}");
        }
    }

    #[test]
    fn samples_that_cannot_be_compared_are_none() {
        assert_eq!(chi_square(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(chi_square(&[1.0, 2.0], &[0.0, 0.0]), None);
        assert_eq!(chi_square(&[1.0, 0.0], &[3.0, 0.0]), None);
        assert_eq!(chi_square(&[1.0, f64::NAN], &[3.0, 1.0]), None);
        assert_eq!(chi_square(&[1.0, -1.0], &[3.0, 1.0]), None);
    }

    proptest! {
        #[test]
        fn p_values_are_probabilities_whatever_the_counts(
            pairs in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY), 0..40),
            degrees: u32,
            x in prop::num::f64::ANY,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            if let Some(tested) = chi_square(&a, &b) {
                prop_assert!((0.0..=1.0).contains(&tested.p_value) && tested.statistic >= 0.0);
            }
            prop_assert!((0.0..=1.0).contains(&chi_square_tail(x, degrees % 2000)));
        }

        #[test]
        fn the_order_of_the_samples_does_not_matter(
            pairs in prop::collection::vec((0_u32..1000, 0_u32..1000), 2..20),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) =
                pairs.into_iter().map(|(a, b)| (f64::from(a), f64::from(b))).unzip();
            let (there, back) = (chi_square(&a, &b), chi_square(&b, &a));
            prop_assert_eq!(there.is_some(), back.is_some());
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert!((there.statistic - back.statistic).abs() <= 1e-9 * (1.0 + there.statistic));
            }
        }
    }
}
