//! Fisher's exact test of a two-by-two table.

use crate::chi_square::{Tested, chi_square};
use crate::policy::EXACT_LIMIT;

/// Tables as likely as the observed one count with it; a relative tolerance stands for equality, as R and SciPy do.
const AS_LIKELY: f64 = 1.0 + 1e-7;
/// Weights below this share of the mode's are not followed further; such a p-value is zero for every purpose.
const NEGLIGIBLE: f64 = 1e-250;

/// Fisher's exact test, two-sided: whether both rows have the same share in the first of two bins.
///
/// The p-value sums the hypergeometric probabilities, given both margins, of all tables at most as likely as the
/// observed one (Fisher 1935; the rule of R's `fisher.test`). The statistic is the window's share of the first bin less
/// the reference's. Tables whose every margin is above [`EXACT_LIMIT`] take chi-square with one degree of freedom,
/// which is the same there. `None` where a row is empty.
///
/// ```
/// // Fisher's lady and her eight cups of tea, all told right: 2 / 70.
/// let tested = dunlin_drift::fisher_exact([4, 0], [0, 4]).unwrap();
/// assert!((tested.p_value - 2.0 / 70.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn fisher_exact(reference: [u64; 2], window: [u64; 2]) -> Option<Tested> {
    let ([a, b], [c, d]) = (reference.map(|count| count as f64), window.map(|count| count as f64));
    if a + b == 0.0 || c + d == 0.0 {
        return None;
    }
    let statistic = c / (c + d) - a / (a + b);
    let smallest = [a + b, c + d, a + c, b + d].into_iter().fold(f64::INFINITY, f64::min);
    let p_value = if smallest > EXACT_LIMIT { chi_square(&[a, b], &[c, d])?.p_value } else { exact([[a, b], [c, d]]) };
    Some(Tested { statistic, p_value })
}

/// Sum of the probabilities of all tables with these margins that are at most as likely as this one.
///
/// Weights are relative to the likeliest table, so that nothing overflows and no factorial's logarithm loses digits.
fn exact(table: [[f64; 2]; 2]) -> f64 {
    // The smallest margins go to the second row and the first column: the second row's first cell is then small, and exact.
    let [[a, b], [c, d]] = if table[0][0] + table[1][0] <= table[0][1] + table[1][1] {
        table
    } else {
        table.map(|[first, second]| [second, first])
    };
    let [[a, b], [c, d]] = if c + d <= a + b { [[a, b], [c, d]] } else { [[c, d], [a, b]] };
    // Tables with the same margins, by how many values have moved into that cell.
    let (fewest, most) = (-b.min(c), a.min(d));
    let likeliest = (c + d + 1.0) * ((a + c + 1.0) / (a + b + c + d + 2.0));
    let mode = (likeliest.floor() - c).clamp(fewest, most);
    let ratio = |moved: f64| (a - moved) * (d - moved) / ((b + moved + 1.0) * (c + moved + 1.0));
    let up = weights(most - mode, |step| ratio(mode + step));
    let down = weights(mode - fewest, |step| 1.0 / ratio(mode - step - 1.0));
    let side = if mode <= 0.0 { &up } else { &down };
    let limit = side.get(mode.abs() as usize).copied().unwrap_or(0.0) * AS_LIKELY;
    let both = || up.iter().chain(down.iter().skip(1));
    let tail: f64 = both().filter(|weight| **weight <= limit).sum();
    (tail / both().sum::<f64>()).clamp(f64::MIN_POSITIVE, 1.0)
}

/// Weights from the likeliest table (1) outwards, at most `steps` away and as far as they count.
fn weights(steps: f64, ratio: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    let (mut weight, mut step) = (1.0, 0.0);
    while step < steps && weight > NEGLIGIBLE {
        weight *= ratio(step);
        weights.push(weight);
        step += 1.0;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_row_cannot_be_compared() {
        assert_eq!(fisher_exact([0, 0], [1, 2]), None);
        assert_eq!(fisher_exact([1, 2], [0, 0]), None);
    }

    #[test]
    fn a_value_never_seen_before_is_very_unlikely() {
        let tested = fisher_exact([0, 10_000], [30, 20]).expect("both rows have counts");
        assert!(tested.p_value < 1e-60, "{tested:?}");
    }

    #[test]
    fn huge_counts_end_soon() {
        for table in [[u64::MAX, u64::MAX], [u64::MAX, 0], [0, 1], [u64::MAX / 3, 17]] {
            let tested = fisher_exact(table, [u64::MAX / 2, u64::MAX]).expect("both rows have counts");
            assert!((0.0..=1.0).contains(&tested.p_value), "{table:?}: {tested:?}");
        }
    }

    proptest! {
        #[test]
        fn p_values_are_probabilities_and_the_rows_may_change_places(
            a in 0_u64..2000, b in 0_u64..2000, c in 0_u64..60, d in 0_u64..60,
        ) {
            let (there, back) = (fisher_exact([a, b], [c, d]), fisher_exact([c, d], [a, b]));
            prop_assert_eq!(there.is_some(), back.is_some());
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert!((0.0..=1.0).contains(&there.p_value));
                prop_assert!((there.p_value - back.p_value).abs() < 1e-9, "{there:?} {back:?}");
            }
        }
    }
}
