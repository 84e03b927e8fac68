//! Two histograms on the same bins compared: the reference, and a window.

use serde::{Deserialize, Serialize};

use crate::policy::{MIN_REFERENCE_EFFECTIVE, MIN_WINDOW_EFFECTIVE, ORDERED_TEST};
use crate::tables::{Side, Table, Tables, tables};
use crate::{Histogram, Tested, chi_square, fisher_exact, kolmogorov_smirnov, psi, psi_without_shift};

/// The test that gave a p-value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Pearson's chi-square, two samples; see [`chi_square`].
    ChiSquare,
    /// Kolmogorov-Smirnov, two samples; see [`kolmogorov_smirnov`].
    KolmogorovSmirnov,
    /// Fisher's exact test; see [`fisher_exact`].
    FisherExact,
}

impl Test {
    /// The name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChiSquare => "chi_square",
            Self::KolmogorovSmirnov => "kolmogorov_smirnov",
            Self::FisherExact => "fisher_exact",
        }
    }
}

/// How far a window lies from its reference, and how surprising that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The test that was made.
    pub test: Test,
    /// Its statistic.
    pub statistic: f64,
    /// Chance of one as large where nothing has shifted; where a feature was asked more than one question, the smallest
    /// times their number (Bonferroni).
    pub p_value: f64,
    /// Population stability index on the merged bins, of effective counts; see [`psi()`].
    pub psi: f64,
    /// PSI less what chance alone gives on average; see [`psi_without_shift`].
    pub effect: f64,
    /// Values in the window, the absent ones included.
    pub n: u64,
    /// How many independent values the window is worth.
    pub n_effective: f64,
    /// Values in the reference, the absent ones included.
    pub reference_n: u64,
    /// How many independent values the reference is worth.
    pub reference_n_effective: f64,
    /// Bins left after merging.
    pub bins: usize,
}

/// Compares a window with its reference, on the reference's bins.
///
/// `reference_effective` and `window_effective` say how many independent values each is worth (see
/// [`Dependence`](crate::Dependence)); a sample in random order is worth its size. All counts are scaled to them.
///
/// Fine bins are merged first until each holds at least 5 % of both samples together and expects five effective values
/// in the smaller one. Three bins or more take the chi-square test, two take Fisher's exact test on rounded effective
/// counts; one bin is split into its fullest fine bin and the rest. Of levels, the rare ones are merged together. What
/// merging would hide is a question of its own, asked by Fisher's test: absent values (missing, NaN) where either side
/// has any, and rare levels that are too rare together for a bin. The answer is then the smallest p-value, times the
/// number of questions.
///
/// `None` where there is too little evidence: fewer effective values than [`MIN_WINDOW_EFFECTIVE`] in the window or
/// [`MIN_REFERENCE_EFFECTIVE`] in the reference; or where the bins differ.
///
/// ```
/// use dunlin_drift::{Bins, Histogram, compare};
///
/// let training: Vec<f64> = (0..1000).map(f64::from).collect();
/// let bins = Bins::fit_ordered(&training, 32);
/// let (mut reference, mut window) = (Histogram::empty(bins.clone()), Histogram::empty(bins));
/// training.iter().for_each(|v| reference.add_number(*v));
/// (0..50).for_each(|v| window.add_number(f64::from(v) * 5.0 + 740.0));
/// let compared = compare(&reference, 1000.0, &window, 50.0).unwrap();
/// assert!(compared.p_value < 1e-9 && compared.effect > 0.5);
/// ```
#[must_use]
pub fn compare(
    reference: &Histogram,
    reference_effective: f64,
    window: &Histogram,
    window_effective: f64,
) -> Option<Comparison> {
    compare_by(ORDERED_TEST, reference, reference_effective, window, window_effective)
}

/// [`compare`] with another test for three or more ordered bins, to measure one against the other.
///
/// [`Test::FisherExact`] is no such test: chi-square is taken then. Kolmogorov-Smirnov works on the fine bins.
#[must_use]
pub fn compare_by(
    ordered: Test,
    reference: &Histogram,
    reference_effective: f64,
    window: &Histogram,
    window_effective: f64,
) -> Option<Comparison> {
    if reference.bins() != window.bins() || reference.validate().is_err() || window.validate().is_err() {
        return None;
    }
    let (reference, reference_n) = side(reference, reference_effective)?;
    let (window, n) = side(window, window_effective)?;
    let (reference_n_effective, n_effective) = (reference_n as f64 * reference.factor, n as f64 * window.factor);
    if reference_n_effective < MIN_REFERENCE_EFFECTIVE || n_effective < MIN_WINDOW_EFFECTIVE {
        return None;
    }
    let Tables { fine, values, pairs } = tables(reference, window);
    let fine = fine.filter(|_| ordered == Test::KolmogorovSmirnov);
    let answers: Vec<Answer> =
        std::iter::once(values_answer(&values, fine.as_ref())).chain(pairs.iter().map(pair_answer)).flatten().collect();
    let questions = answers.len() as f64;
    let answer = answers.into_iter().min_by(|a, b| a.tested.p_value.total_cmp(&b.tested.p_value))?;
    Some(Comparison {
        test: answer.test,
        statistic: answer.tested.statistic,
        p_value: (answer.tested.p_value * questions).min(1.0),
        psi: answer.psi,
        effect: answer.psi - psi_without_shift(answer.bins, reference_n_effective, n_effective),
        n,
        n_effective,
        reference_n,
        reference_n_effective,
        bins: answer.bins,
    })
}

/// The answer to one question.
struct Answer {
    test: Test,
    tested: Tested,
    psi: f64,
    bins: usize,
}

/// A histogram with its factor, and its size. Without any value present the absent ones count as they are.
fn side(histogram: &Histogram, effective: f64) -> Option<(Side<'_>, u64)> {
    let present = histogram.total();
    let all = present.saturating_add(histogram.missing()).saturating_add(histogram.non_finite());
    let factor = if present == 0 { 1.0 } else { effective / present as f64 };
    (factor > 0.0).then_some((Side { histogram, factor: factor.min(1.0) }, all))
}

fn values_answer(values: &Table, fine: Option<&Table>) -> Option<Answer> {
    let (m, n) = values.totals();
    let (test, tested) = match (values.bins(), fine) {
        _ if m <= 0.0 || n <= 0.0 => return None,
        (0..=2, _) => return pair_answer(values),
        (_, Some(fine)) => (Test::KolmogorovSmirnov, kolmogorov_smirnov(&fine.reference, &fine.window)?),
        (_, None) => (Test::ChiSquare, chi_square(&values.reference, &values.window)?),
    };
    Some(Answer { test, tested, psi: psi(&values.reference, &values.window), bins: values.bins() })
}

/// Two bins; a single one, where nothing can differ, too.
fn pair_answer(pair: &Table) -> Option<Answer> {
    let rounded = |counts: &[f64]| [0, 1].map(|i| counts.get(i).map_or(0, |count| count.round() as u64));
    let tested = fisher_exact(rounded(&pair.reference), rounded(&pair.window))?;
    let psi = psi(&pair.reference, &pair.window);
    Some(Answer { test: Test::FisherExact, tested, psi, bins: pair.bins() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bins;
    use proptest::prelude::*;

    fn histogram(counts: &[u64], missing: u64) -> Histogram {
        let edges = (1..counts.len()).map(|i| i as f64).collect();
        Histogram::from_counts(Bins::Edges(edges), counts.to_vec(), missing, 0).unwrap()
    }

    #[test]
    fn too_little_evidence_is_no_comparison() {
        let (reference, window) = (histogram(&[500, 500], 0), histogram(&[25, 25], 0));
        assert!(compare(&reference, 1000.0, &window, 50.0).is_some());
        assert_eq!(compare(&reference, 1000.0, &window, MIN_WINDOW_EFFECTIVE - 1.0), None);
        assert_eq!(compare(&reference, MIN_REFERENCE_EFFECTIVE - 1.0, &window, 50.0), None);
        assert_eq!(compare(&reference, f64::NAN, &window, 50.0), None);
        assert_eq!(compare(&reference, 1000.0, &histogram(&[0, 0], 0), 0.0), None);
    }

    #[test]
    fn other_bins_are_no_comparison() {
        assert_eq!(compare(&histogram(&[500, 500], 0), 1000.0, &histogram(&[20, 20, 20], 0), 60.0), None);
    }

    #[test]
    fn values_that_go_missing_are_found_though_the_reference_has_none() {
        let reference = histogram(&[2500; 4], 0);
        let found = compare(&reference, 1e4, &histogram(&[10; 4], 10), 40.0).unwrap();
        assert!(found.p_value < 1e-15 && found.effect > 1.0, "{found:?}");
        assert_eq!((found.test, found.n, found.bins), (Test::FisherExact, 50, 2));
        let all = compare(&reference, 1e4, &histogram(&[0; 4], 50), 0.0).unwrap();
        assert!(all.p_value < 1e-60, "{all:?}");
    }

    #[test]
    fn values_that_come_back_are_found_though_the_reference_has_none() {
        let found = compare(&histogram(&[0; 4], 1000), 0.0, &histogram(&[13; 4], 0), 52.0).unwrap();
        assert!(found.p_value < 1e-60, "{found:?}");
    }

    #[test]
    fn what_never_varies_does_not_drift() {
        let found = compare(&histogram(&[0, 1000, 0], 0), 1000.0, &histogram(&[0, 50, 0], 0), 50.0).unwrap();
        assert_eq!((found.p_value, found.psi, found.effect, found.bins), (1.0, 0.0, 0.0, 1));
    }

    #[test]
    fn dependent_values_count_for_less() {
        let (reference, window) = (histogram(&[500, 500], 0), histogram(&[35, 65], 0));
        let p = |effective| compare(&reference, 1000.0, &window, effective).unwrap().p_value;
        assert!(p(100.0) < 0.01 && p(25.0) > 0.1);
        assert_eq!(p(100.0), p(1e9), "no window is worth more than its size");
    }

    #[test]
    fn it_survives_json() {
        let found = compare(&histogram(&[500, 500], 3), 900.0, &histogram(&[0, 60], 0), 55.0).unwrap();
        let json = serde_json::to_string(&found).unwrap();
        assert!(json.contains(r#""test":"fisher_exact""#), "{json}");
        assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), found);
    }

    proptest! {
        #[test]
        fn it_is_total_and_a_p_value_is_a_probability(
            reference in prop::collection::vec(prop_oneof![0_u64..1000, any::<u64>()], 6),
            window in prop::collection::vec(prop_oneof![0_u64..50, any::<u64>()], 6),
            absent in prop::collection::vec(prop_oneof![0_u64..5, any::<u64>()], 4),
            effective in (prop::num::f64::ANY, prop::num::f64::ANY),
            of_levels: bool,
        ) {
            let bins = if of_levels { Bins::levels(["a", "b", "c", "d", "e"]) } else { Bins::Edges(vec![1.0, 2.0, 3.0, 4.0, 5.0]) };
            let reference = Histogram::from_counts(bins.clone(), reference, absent[0], absent[1]).unwrap();
            let window = Histogram::from_counts(bins, window, absent[2], absent[3]).unwrap();
            for (m, n) in [effective, (1e300, 1e300)] {
                for test in [Test::ChiSquare, Test::KolmogorovSmirnov] {
                    let Some(found) = compare_by(test, &reference, m, &window, n) else { continue };
                    prop_assert!((0.0..=1.0).contains(&found.p_value), "{found:?}");
                    prop_assert!(found.psi >= 0.0 && found.psi.is_finite() && found.effect <= found.psi, "{found:?}");
                    prop_assert!(found.statistic.is_finite(), "{found:?}");
                }
            }
        }
    }
}
