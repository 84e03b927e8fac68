//! Evidence that the mean of paired differences lies above a number, by betting on it; valid however often one looks.

use crate::paired::PairedCounts;
use crate::policy::STAKES;

/// Halvings of an interval of length 2: the bound is exact to 2e-12.
const HALVINGS: u32 = 40;

/// Natural logarithm of the e-value against "the mean difference is at most `mean`".
///
/// A gambler who believes that the mean is higher stakes a share `lambda` of the fortune at every pair, which is multiplied
/// by `1 + lambda (d - mean)`, `d` being +1, 0 or -1. The fortune depends on the counts alone, not on their order:
///
/// ```text
/// E = average over lambda of (1 + lambda (1 - mean))^better (1 - lambda mean)^same (1 - lambda (1 + mean))^worse
/// ```
///
/// Where the null is true, it is a non-negative supermartingale that starts at 1, and it ever reaches `1/alpha` with a
/// probability of at most `alpha` (Ville 1939; averaging over stakes is Robbins' mixture, Robbins 1970; betting on bounded
/// means, Waudby-Smith and Ramdas 2023, Journal of the Royal Statistical Society B 86(1)). It is enough that each
/// difference has such a mean given those before; they need not be alike.
///
/// `lambda` runs over [`STAKES`], divided by `1 + mean` where `mean` is above zero, so that no stake can lose more than
/// everything. Each factor then falls as `mean` grows, and so does E: what is rejected at one mean is rejected at every
/// lower one. Means outside of -1..=1 count as the nearest, NaN as 1. The result is finite for all counts.
pub(crate) fn log_e_above(counts: &PairedCounts, mean: f64) -> f64 {
    let mean = if mean.is_nan() { 1.0 } else { mean.clamp(-1.0, 1.0) };
    let [better, same, worse] = [counts.better, counts.same, counts.worse].map(|count| count as f64);
    let fortune = |stake: f64| {
        let lambda = stake / (1.0 + mean.max(0.0));
        better * (lambda * (1.0 - mean)).ln_1p()
            + same * (-lambda * mean).ln_1p()
            + worse * (-lambda * (1.0 + mean)).ln_1p()
    };
    log_of_average(STAKES.map(fortune))
}

/// The greatest mean that is rejected when evidence counts from `threshold` (in logarithms) on; -1 where none is.
pub(crate) fn lower_bound(counts: &PairedCounts, threshold: f64) -> f64 {
    let (mut rejected, mut kept) = (-1.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (rejected + kept);
        if log_e_above(counts, middle) >= threshold {
            rejected = middle;
        } else {
            kept = middle;
        }
    }
    rejected
}

/// Logarithm of the average of numbers given by their logarithms.
fn log_of_average<const N: usize>(logarithms: [f64; N]) -> f64 {
    let largest = logarithms.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logarithms.into_iter().map(|logarithm| (logarithm - largest).exp()).sum();
    largest + (sum / N as f64).ln()
}
