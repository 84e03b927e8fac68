//! From mean squared steps to the correlation of neighbours, and from that to an inflation.

/// The largest correlation that is told from 1; it bounds the inflation of one scale at about 2,000.
const MOST: f64 = 0.999;

/// Correlation of neighbours among `m` values with mean squared step `step` and variance `variance` (divided by m - 1).
///
/// `1 - step / (2 variance)` (von Neumann 1941). Dependent values hide a part of their variance from a short stretch,
/// `E variance = true variance * (m - tau) / (m - 1)`, so that the plain ratio is too small; `tau` is put in and solved
/// for by repetition.
pub(super) fn lag_one(step: f64, variance: f64, m: f64) -> f64 {
    if variance.is_nan() || variance <= 0.0 || m < 2.0 {
        return 0.0;
    }
    let mut correlation = 0.0;
    for _ in 0..8 {
        let tau = inflation(correlation).clamp(1.0, m / 2.0);
        let truth = variance * (m - 1.0) / (m - tau);
        correlation = (1.0 - step / (2.0 * truth)).clamp(-MOST, MOST);
    }
    correlation
}

/// `(1 + r) / (1 - r)`: by how much an autoregressive process of lag-one correlation `r` inflates the variance of a mean
/// (Bartlett 1935).
pub(super) fn inflation(correlation: f64) -> f64 {
    let bounded = correlation.clamp(-MOST, MOST);
    (1.0 + bounded) / (1.0 - bounded)
}
