//! The population stability index: how far two distributions on the same bins lie apart.

use crate::policy::PSI_PRIOR;

/// Population stability index of two samples on the same bins, in nats.
///
/// With counts `r` and `w` on `B` bins, `a = (r + 0.5) / (M + 0.5 B)` and `b = (w + 0.5) / (N + 0.5 B)`:
///
/// ```text
/// PSI = sum over bins of (a - b) ln(a / b)
/// ```
///
/// which is the Kullback-Leibler divergence in both directions, summed (Jeffreys 1946; Kullback and Leibler 1951,
/// section 4). The half added per bin keeps it finite. It is symmetric and never negative. Counts may be fractions, as
/// effective counts are; negative ones and NaN count as zero. Bins that only one side has are not compared.
///
/// Without any shift its expectation is about [`psi_without_shift`], not zero (Yurdakul and Naranjo 2020, Journal of
/// Risk Model Validation 14(3)).
///
/// ```
/// use dunlin_drift::psi;
///
/// assert_eq!(psi(&[10.0, 20.0], &[10.0, 20.0]), 0.0);
/// assert!(psi(&[900.0, 100.0], &[5.0, 45.0]) > 1.0);
/// ```
#[must_use]
pub fn psi(reference: &[f64], window: &[f64]) -> f64 {
    let bins = reference.len().min(window.len());
    let (reference, window) = (shares(&reference[..bins]), shares(&window[..bins]));
    reference.zip(window).map(|(a, b)| (a - b) * (a / b).ln()).sum::<f64>().max(0.0)
}

/// What a PSI on `bins` bins is on average when nothing has shifted: `(B - 1) (1/N + 1/M)`.
///
/// ```
/// assert!((dunlin_drift::psi_without_shift(10, 10_000.0, 50.0) - 0.1809).abs() < 1e-12);
/// ```
#[must_use]
pub fn psi_without_shift(bins: usize, reference_size: f64, window_size: f64) -> f64 {
    bins.saturating_sub(1) as f64 * (1.0 / reference_size + 1.0 / window_size)
}

fn shares(counts: &[f64]) -> impl Iterator<Item = f64> {
    // The bound keeps the sum finite.
    let smooth = |count: f64| if count > 0.0 { count.min(1e300) } else { 0.0 } + PSI_PRIOR;
    let total: f64 = counts.iter().map(|c| smooth(*c)).sum();
    counts.iter().map(move |c| smooth(*c) / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_case_by_hand() {
        // a = (3.5, 1.5) / 5, b = (1.5, 3.5) / 5: 2 * 0.4 * ln(7 / 3).
        assert!((psi(&[3.0, 1.0], &[1.0, 3.0]) - 0.8 * (7.0_f64 / 3.0).ln()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn it_is_symmetric_finite_and_never_negative(
            pairs in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY), 0..40),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let (there, back) = (psi(&a, &b), psi(&b, &a));
            prop_assert!(there.is_finite() && there >= 0.0);
            prop_assert!((there - back).abs() <= 1e-9 * (1.0 + there));
        }
    }
}
