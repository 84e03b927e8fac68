//! The two-sample Kolmogorov-Smirnov test on ordered bins.

use std::f64::consts::PI;

use crate::chi_square::{Tested, total};

/// Two-sample Kolmogorov-Smirnov test: the largest distance `D` between the two cumulative shares at a bin's upper end.
///
/// The p-value is [`kolmogorov_tail`] at `(sqrt(e) + 0.12 + 0.11 / sqrt(e)) D` with `e = M N / (M + N)` (Stephens 1970,
/// as in Press et al., Numerical Recipes, section 14.3). On bins, where values are tied, it is too large: the test is
/// safe, but loses power where bins are few. Counts may be fractions. `None` where the lengths differ, a sample is
/// empty, or a count is negative or not finite.
///
/// ```
/// let tested = dunlin_drift::kolmogorov_smirnov(&[50.0, 50.0], &[10.0, 40.0]).unwrap();
/// assert!((tested.statistic - 0.3).abs() < 1e-12 && tested.p_value < 0.01);
/// ```
#[must_use]
pub fn kolmogorov_smirnov(reference: &[f64], window: &[f64]) -> Option<Tested> {
    let (m, n) = (total(reference)?, total(window)?);
    if reference.len() != window.len() || m <= 0.0 || n <= 0.0 {
        return None;
    }
    let (mut below_reference, mut below_window, mut statistic) = (0.0, 0.0, 0.0_f64);
    for (r, w) in reference.iter().zip(window) {
        below_reference += r / m;
        below_window += w / n;
        statistic = statistic.max((below_reference - below_window).abs());
    }
    let root = (m / (m + n) * n).sqrt();
    let p_value = kolmogorov_tail((root + 0.12 + 0.11 / root) * statistic);
    Some(Tested { statistic: statistic.min(1.0), p_value })
}

/// Probability that Kolmogorov's limiting variable exceeds `x`; 1 for NaN.
///
/// `2 sum over k >= 1 of (-1)^(k-1) exp(-2 k^2 x^2)` (Smirnov 1948); near zero the same function as a theta series that
/// converges there, `1 - sqrt(2 pi) / x sum of exp(-(2k-1)^2 pi^2 / (8 x^2))`.
#[must_use]
pub fn kolmogorov_tail(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return 1.0;
    }
    let terms = 1..=6;
    let p = if x < 1.0 {
        let power = |k: i32| (-f64::from(2 * k - 1).powi(2) * PI * PI / (8.0 * x * x)).exp();
        1.0 - (2.0 * PI).sqrt() / x * terms.map(power).sum::<f64>()
    } else {
        let sign = |k: i32| if k % 2 == 1 { 2.0 } else { -2.0 };
        terms.map(|k| sign(k) * (-2.0 * f64::from(k).powi(2) * x * x).exp()).sum()
    };
    if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tails_are_those_of_printed_tables() {
        // Smirnov's table: 5 % at 1.358, 1 % at 1.628.
        assert!((kolmogorov_tail(1.358_1) - 0.05).abs() < 1e-5);
        assert!((kolmogorov_tail(1.627_6) - 0.01).abs() < 1e-5);
        assert_eq!(kolmogorov_tail(0.05), 1.0);
    }

    #[test]
    fn both_series_meet() {
        assert!((kolmogorov_tail(1.0 - 1e-12) - kolmogorov_tail(1.0)).abs() < 1e-10);
    }

    proptest! {
        #[test]
        fn p_values_are_probabilities_and_fall(a in prop::num::f64::ANY, b in prop::num::f64::ANY) {
            let (p, q) = (kolmogorov_tail(a), kolmogorov_tail(b));
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!(a.is_nan() || b.is_nan() || a > b || p + 1e-12 >= q);
        }

        #[test]
        fn it_is_total(pairs in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY), 0..40)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            if let Some(tested) = kolmogorov_smirnov(&a, &b) {
                prop_assert!((0.0..=1.0).contains(&tested.p_value) && (0.0..=1.0).contains(&tested.statistic));
            }
        }
    }
}
