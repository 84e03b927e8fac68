//! Whether requests are divided between two arms as declared; valid however often one looks.

use std::f64::consts::{LN_2, PI, TAU};

use serde::{Deserialize, Serialize};

/// From this count on the series of Stirling are exact to the last digits of an `f64`.
const SERIES_FROM: u64 = 16;

/// What each arm was to get and what it got.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleRatio {
    /// Share of requests that the first arm should get, in 0..1, both ends excluded.
    pub declared: f64,
    /// Requests that it got.
    pub first: u64,
    /// Requests that the other arm got.
    pub second: u64,
}

impl SampleRatio {
    /// Natural logarithm of the e-value against "each request goes to the first arm with the declared share `p`":
    ///
    /// ```text
    /// E = integral of q^first (1 - q)^second Beta(1/2, 1/2)(q) dq / (p^first (1 - p)^second)
    /// ```
    ///
    /// where every other share `q` is weighed by the prior of Jeffreys. Under the null E is a martingale that starts at 1, so
    /// that it ever reaches `1/alpha` with a probability of at most `alpha` (Ville 1939; Lindon and Malek 2020,
    /// "Anytime-valid inference for multinomial count data", with a fixed prior). A declared share that is not inside of
    /// 0..1 cannot be tested: 0, no evidence.
    #[must_use]
    pub fn log_e_value(&self) -> f64 {
        let p = self.declared;
        if !(p > 0.0 && p < 1.0) || (self.first == 0 && self.second == 0) {
            return 0.0;
        }
        // Stirling's terms that cancel are left out, and the divergence is summed without cancellation: that keeps the
        // digits of any count (Loader 2000, "Fast and accurate computation of binomial probabilities").
        let (first, second) = (self.first as f64, self.second as f64);
        let total = first + second;
        deviance(first, total * p) + deviance(second, total * (1.0 - p)) + 0.5 * (TAU / total).ln() - PI.ln()
            + half_remainder(self.first)
            + half_remainder(self.second)
            - whole_remainder(self.first.saturating_add(self.second))
    }

    /// Whether the division differs from what is declared; false with a probability of at most `alpha`, however often it is
    /// asked. With an alpha that is not inside of 0..1, never.
    ///
    /// ```
    /// use dunlin_drift::SampleRatio;
    ///
    /// assert!(!SampleRatio { declared: 0.1, first: 103, second: 897 }.is_mismatch(0.001));
    /// assert!(SampleRatio { declared: 0.1, first: 150, second: 850 }.is_mismatch(0.001));
    /// ```
    #[must_use]
    pub fn is_mismatch(&self, alpha: f64) -> bool {
        alpha > 0.0 && alpha < 1.0 && self.log_e_value() >= -alpha.ln()
    }
}

/// `x ln(x / expected) + expected - x`, never negative.
fn deviance(x: f64, expected: f64) -> f64 {
    if x == 0.0 {
        return expected;
    }
    let ratio = (x - expected) / expected;
    if ratio.abs() > 0.05 {
        return x * (x.ln() - expected.ln()) + expected - x;
    }
    // expected ((1 + r) ln(1 + r) - r) by its series, r^2 / (1*2) - r^3 / (2*3) + r^4 / (3*4) ...
    let (mut power, mut sum) = (-ratio, 0.0);
    for k in 1..14 {
        power *= -ratio;
        sum += power / f64::from(k * (k + 1));
    }
    expected * sum
}

/// `ln gamma(x + 1/2)` less `x ln x - x + ln(2 pi) / 2`.
fn half_remainder(x: u64) -> f64 {
    if x == 0 {
        return -0.5 * LN_2;
    }
    let n = x as f64;
    if x < SERIES_FROM {
        let product: f64 = (1..=x).map(|k| k as f64 - 0.5).product();
        return (product * PI.sqrt()).ln() - (n * n.ln() - n + 0.5 * TAU.ln());
    }
    series(n, [-1.0 / 24.0, 7.0 / 2880.0, -31.0 / 40320.0, 127.0 / 430_080.0])
}

/// `ln gamma(x + 1)` less `x ln x - x + ln(2 pi x) / 2`, for `x` of at least 1.
fn whole_remainder(x: u64) -> f64 {
    let n = x as f64;
    if x < SERIES_FROM {
        let product: f64 = (1..=x).map(|k| k as f64).product();
        return product.ln() - (n * n.ln() - n + 0.5 * (TAU * n).ln());
    }
    series(n, [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0])
}

/// The coefficients over odd powers of `n`.
fn series(n: f64, coefficients: [f64; 4]) -> f64 {
    let square = n * n;
    coefficients.into_iter().rev().fold(0.0, |sum, coefficient| sum / square + coefficient) / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log_e(declared: f64, first: u64, second: u64) -> f64 {
        SampleRatio { declared, first, second }.log_e_value()
    }

    #[test]
    fn one_and_two_requests_by_hand() {
        // The prior's mean is a half: 0.5 / p. Of two alike, 0.5 (1.5 / 2) = 3/8.
        assert!((log_e(0.2, 1, 0) - 2.5_f64.ln()).abs() < 1e-14);
        assert!((log_e(0.2, 0, 1) - 0.625_f64.ln()).abs() < 1e-14);
        assert!((log_e(0.2, 2, 0) - (0.375_f64 / 0.04).ln()).abs() < 1e-14);
        assert_eq!(log_e(0.2, 0, 0), 0.0);
    }

    #[test]
    fn a_request_more_changes_the_evidence_by_what_was_predicted_of_it() {
        // Given a and b before, the next goes to the first arm with (a + 1/2) / (a + b + 1): an independent path to large
        // counts, across the border of the series too.
        let (p, mut expected) = (0.3, 0.0);
        for i in 0..4000_u64 {
            let (first, second) = (i / 3, i - i / 3);
            assert!((log_e(p, first, second) - expected).abs() < 1e-9, "{first} {second}");
            let to_first = (i + 1) / 3 > first;
            let (count, share) = if to_first { (first, p) } else { (second, 1.0 - p) };
            expected += ((count as f64 + 0.5) / (i as f64 + 1.0) / share).ln();
        }
    }

    #[test]
    fn a_right_share_stays_right_at_the_largest_counts() {
        assert!(log_e(0.5, u64::MAX, u64::MAX) < -20.0);
        assert!(log_e(0.5, u64::MAX, u64::MAX / 2) > 1e15);
        assert!(log_e(f64::MIN_POSITIVE, u64::MAX, 0).is_finite());
    }

    proptest! {
        #[test]
        fn it_is_finite_whatever_is_declared_and_counted(declared in prop::num::f64::ANY, first: u64, second: u64) {
            prop_assert!(log_e(declared, first, second).is_finite());
        }

        #[test]
        fn the_arms_may_change_places(share in 1_u32..1000, first in 0_u64..100_000, second in 0_u64..100_000) {
            let declared = f64::from(share) / 1000.0;
            let (there, back) = (log_e(declared, first, second), log_e(1.0 - declared, second, first));
            prop_assert!((there - back).abs() <= 1e-9 * (1.0 + there.abs()), "{there} {back}");
        }

        #[test]
        fn going_further_from_the_declared_share_is_never_less_evidence(
            share in 1_u32..100, total in 1_u64..10_000, first in 0_u64..10_000,
        ) {
            let (declared, first) = (f64::from(share) / 100.0, first % (total + 1));
            let above = first as f64 >= declared * total as f64 && 2 * first >= total;
            prop_assume!(above && first < total);
            prop_assert!(log_e(declared, first + 1, total - first - 1) >= log_e(declared, first, total - first) - 1e-9);
        }
    }
}
