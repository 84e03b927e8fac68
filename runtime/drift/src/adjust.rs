//! Many features are tested at once: Benjamini and Hochberg's adjustment keeps chance from finding one that 'drifted'.

/// Adjusted p-values, in the order given: the smallest level at which each would be rejected while the expected share
/// of false rejections among all rejections stays below that level (Benjamini and Hochberg 1995).
///
/// With the p-values in ascending order, `adjusted(i) = min over j >= i of p(j) m / j`, at most 1. Where no feature has
/// shifted at all, the chance of any rejection is at most the level. A NaN counts as 1.
///
/// ```
/// assert_eq!(dunlin_drift::benjamini_hochberg(&[0.01, 0.5, 0.03]), [0.03, 0.5, 0.045]);
/// ```
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let clean = |p: f64| if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| clean(p_values[*a]).total_cmp(&clean(p_values[*b])));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, index) in order.into_iter().enumerate().rev() {
        smallest = smallest.min(clean(p_values[index]) * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[index] = smallest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn adjusting_keeps_the_order_and_never_makes_a_p_value_smaller(
            p_values in prop::collection::vec(0.0..=1.0_f64, 0..60),
        ) {
            let adjusted = benjamini_hochberg(&p_values);
            prop_assert_eq!(adjusted.len(), p_values.len());
            for (i, p) in p_values.iter().enumerate() {
                prop_assert!(adjusted[i] >= p - 1e-15 && adjusted[i] <= 1.0);
                for (j, q) in p_values.iter().enumerate() {
                    prop_assert!(p > q || adjusted[i] <= adjusted[j]);
                }
            }
        }

        #[test]
        fn it_is_total(p_values in prop::collection::vec(prop::num::f64::ANY, 0..60)) {
            prop_assert!(benjamini_hochberg(&p_values).iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}
