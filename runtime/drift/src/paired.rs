//! Whether a challenger is better or worse than the incumbent, from pairs of answers: to the same labelled records, or each to
//! a record of its own.

use serde::{Deserialize, Serialize};

use crate::betting::{log_e_above, lower_bound};
use crate::policy::{PAIRED_ALPHA, PAIRED_MARGIN, PAIRED_MIN_PAIRS};

/// What became of pairs of answers; of each pair the difference `d` is +1, 0 or -1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedCounts {
    /// Pairs of which the challenger alone was right: `d` = +1.
    pub better: u64,
    /// Pairs that both had right, or both wrong: `d` = 0.
    pub same: u64,
    /// Pairs of which the incumbent alone was right: `d` = -1.
    pub worse: u64,
}

impl PairedCounts {
    /// Counts one more pair.
    pub fn push(&mut self, incumbent_right: bool, challenger_right: bool) {
        let count = match (challenger_right, incumbent_right) {
            (true, false) => &mut self.better,
            (false, true) => &mut self.worse,
            _ => &mut self.same,
        };
        *count = count.saturating_add(1);
    }

    /// Number of pairs; `u64::MAX` where there are more.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.better.saturating_add(self.same).saturating_add(self.worse)
    }

    /// Mean of `d`, in -1..=1: the challenger's accuracy less the incumbent's, where a pair is one record and `right` is right;
    /// else how much more often it did better than worse. `None` without pairs.
    #[must_use]
    pub fn mean_difference(&self) -> Option<f64> {
        let [better, same, worse] = [self.better, self.same, self.worse].map(|count| count as f64);
        (self.pairs() > 0).then(|| (better - worse) / (better + same + worse))
    }

    /// Least and greatest mean of `d` that are not rejected at `alpha`: a confidence sequence, which may be looked at after every
    /// pair. Each end is ever wrong with a probability of at most alpha, so that both hold with at least `1 - 2 alpha`; they
    /// agree with [`decide`]. The whole of -1..=1 where alpha is outside of 0..1. It takes nearly 30 times as long as a decision.
    #[must_use]
    pub fn interval(&self, alpha: f64) -> [f64; 2] {
        let threshold = threshold(alpha);
        [lower_bound(self, threshold), -lower_bound(&self.mirrored(), threshold)]
    }

    /// The same pairs as the incumbent sees them.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self { better: self.worse, same: self.same, worse: self.better }
    }
}

/// When a comparison is decided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairedOptions {
    /// How often each decision may be false, in 0..1; 0.05. With an alpha outside of it nothing is decided.
    pub alpha: f64,
    /// How much worse a challenger may be and still count as not worse, as a difference of accuracies; 0.02. Outside of
    /// 0..=1 the nearest is taken; with NaN nothing is ever not worse.
    pub margin: f64,
    /// No decision before this many pairs; 50.
    pub min_pairs: u64,
}

impl Default for PairedOptions {
    fn default() -> Self {
        Self { alpha: PAIRED_ALPHA, margin: PAIRED_MARGIN, min_pairs: PAIRED_MIN_PAIRS }
    }
}

/// Logarithm of the e-value at which a null is rejected; infinite for an alpha outside of 0..1.
fn threshold(alpha: f64) -> f64 {
    if alpha > 0.0 && alpha < 1.0 { -alpha.ln() } else { f64::INFINITY }
}

/// What the pairs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedDecision {
    /// The challenger is better than the incumbent.
    Better,
    /// The challenger is not worse than the incumbent by more than the margin.
    NotWorse,
    /// The challenger is worse than the incumbent, perhaps by less than the margin.
    Worse,
    /// There is not enough evidence yet.
    Undecided,
}

/// A decision and its figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedVerdict {
    /// What is decided.
    pub decision: PairedDecision,
    /// Number of pairs.
    pub pairs: u64,
    /// Logarithm of the e-value against "the challenger is not better": mean of `d` at most 0.
    pub log_e_better: f64,
    /// Logarithm of the e-value against "the challenger is worse by the margin or more": mean of `d` at most `-margin`.
    pub log_e_not_worse: f64,
    /// Logarithm of the e-value against "the challenger is not worse": mean of `d` at least 0.
    pub log_e_worse: f64,
    /// Logarithm of the e-value at which each is rejected, `ln(1/alpha)`; `None` where alpha is outside of 0..1.
    pub threshold: Option<f64>,
    /// The challenger's accuracy less the incumbent's; `None` without pairs.
    pub mean_difference: Option<f64>,
}

/// Decides between the two, from counts alone. It may be asked after every pair: evidence is measured by e-values
/// (`log_e_above` in betting.rs has the formula and its sources), and a null is rejected when its e-value reaches `1/alpha`.
///
/// Three nulls are tested, each at the full alpha:
///
/// | null | rejected: the decision |
/// |---|---|
/// | mean of `d` >= 0 | [`Worse`](PairedDecision::Worse) |
/// | mean of `d` <= 0 | [`Better`](PairedDecision::Better) |
/// | mean of `d` <= -margin | [`NotWorse`](PairedDecision::NotWorse) |
///
/// Alpha is not divided, because the nulls are about different mistakes. A challenger that is worse by the margin or more is
/// let through, as better or as not worse, with a probability of at most alpha: the second null is part of the first case of
/// the third, and its e-value is never the larger one. A challenger that is not worse is called worse with a probability of at
/// most alpha, and one that is not better is called better with a probability of at most alpha. Only of a challenger that is
/// exactly as good could both be said, and either is then said with a probability of at most twice alpha.
///
/// A challenger that is surely worse by less than the margin is [`Worse`](PairedDecision::Worse). The first decision is the one
/// that is meant: who goes on counting may see evidence wane.
///
/// ```
/// use dunlin_drift::{PairedCounts, PairedDecision, PairedOptions, decide};
///
/// let counts = PairedCounts { better: 12, same: 187, worse: 1 };
/// assert_eq!(decide(&counts, &PairedOptions::default()).decision, PairedDecision::Better);
/// assert_eq!(decide(&counts.mirrored(), &PairedOptions::default()).decision, PairedDecision::Worse);
/// ```
#[must_use]
pub fn decide(counts: &PairedCounts, options: &PairedOptions) -> PairedVerdict {
    let threshold = threshold(options.alpha);
    let log_e_better = log_e_above(counts, 0.0);
    let log_e_not_worse = if options.margin.is_nan() { 0.0 } else { log_e_above(counts, -options.margin.max(0.0)) };
    let log_e_worse = log_e_above(&counts.mirrored(), 0.0);
    let decision = if counts.pairs() < options.min_pairs {
        PairedDecision::Undecided
    } else if log_e_worse >= threshold {
        PairedDecision::Worse
    } else if log_e_better >= threshold {
        PairedDecision::Better
    } else if log_e_not_worse >= threshold {
        PairedDecision::NotWorse
    } else {
        PairedDecision::Undecided
    };
    PairedVerdict {
        decision,
        pairs: counts.pairs(),
        log_e_better,
        log_e_not_worse,
        log_e_worse,
        threshold: threshold.is_finite().then_some(threshold),
        mean_difference: counts.mean_difference(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small counts, large ones and the largest.
    fn count() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..40, 0_u64..5000, any::<u64>(), Just(u64::MAX)]
    }

    fn counts() -> impl Strategy<Value = PairedCounts> {
        (count(), count(), count()).prop_map(|(better, same, worse)| PairedCounts { better, same, worse })
    }

    fn verdict(counts: PairedCounts) -> PairedVerdict {
        decide(&counts, &PairedOptions { min_pairs: 0, ..PairedOptions::default() })
    }

    /// Large sums are rounded; what is meant to be larger may be smaller by that much.
    fn at_least(larger: f64, smaller: f64) -> bool {
        larger >= smaller - 1e-9 * (1.0 + smaller.abs())
    }

    #[test]
    fn nothing_is_decided_of_nothing_nor_before_there_are_enough_pairs() {
        let nothing = verdict(PairedCounts::default());
        assert_eq!((nothing.decision, nothing.mean_difference), (PairedDecision::Undecided, None));
        assert_eq!((nothing.log_e_better, PairedCounts::default().interval(0.05)), (0.0, [-1.0, 1.0]));
        let all_better = PairedCounts { better: 49, same: 0, worse: 0 };
        assert_eq!(decide(&all_better, &PairedOptions::default()).decision, PairedDecision::Undecided);
        assert_eq!(verdict(all_better).decision, PairedDecision::Better);
    }

    #[test]
    fn pairs_are_counted_by_who_was_right() {
        let mut counts = PairedCounts::default();
        for (incumbent, challenger) in [(false, true), (true, true), (false, false), (true, false), (false, true)] {
            counts.push(incumbent, challenger);
        }
        assert_eq!(counts, PairedCounts { better: 2, same: 2, worse: 1 });
        assert_eq!(counts.mean_difference(), Some(0.2));
    }

    #[test]
    fn two_models_that_always_agree_are_soon_known_not_to_be_worse() {
        let agree = |same| verdict(PairedCounts { same, ..PairedCounts::default() }).decision;
        assert_eq!((agree(100), agree(300)), (PairedDecision::Undecided, PairedDecision::NotWorse));
    }

    #[test]
    fn surely_worse_is_worse_although_within_the_margin() {
        let slightly = verdict(PairedCounts { better: 10_000, same: 970_000, worse: 20_000 });
        assert!(slightly.log_e_not_worse > 100.0 && slightly.log_e_worse > 100.0);
        assert_eq!(slightly.decision, PairedDecision::Worse);
    }

    proptest! {
        #[test]
        fn every_figure_is_a_number_whatever_is_counted_and_asked(
            counts in counts(), alpha in prop::num::f64::ANY, margin in prop::num::f64::ANY, min_pairs: u64,
        ) {
            let found = decide(&counts, &PairedOptions { alpha, margin, min_pairs });
            for figure in [found.log_e_better, found.log_e_not_worse, found.log_e_worse] {
                prop_assert!(figure.is_finite(), "{found:?}");
            }
            let [least, greatest] = counts.interval(alpha);
            prop_assert!(-1.0 <= least && least <= greatest && greatest <= 1.0, "{least} {greatest}");
            prop_assert!(found.mean_difference.is_none_or(|mean| (-1.0..=1.0).contains(&mean)));
            prop_assert!((0.0..1.0).contains(&alpha) || found.decision == PairedDecision::Undecided);
        }

        #[test]
        fn better_and_worse_are_mirror_images(counts in counts()) {
            let (there, back) = (verdict(counts), verdict(counts.mirrored()));
            prop_assert_eq!((there.log_e_better, there.log_e_worse), (back.log_e_worse, back.log_e_better));
            let ([least, greatest], [back_least, back_greatest]) = (counts.interval(0.05), counts.mirrored().interval(0.05));
            prop_assert_eq!([least, greatest], [-back_greatest, -back_least]);
            prop_assert!(at_least(0.0, there.log_e_better.min(there.log_e_worse)), "evidence both ways: {there:?}");
        }

        #[test]
        fn a_better_pair_is_never_evidence_against_the_challenger(
            better in 0_u64..2000, same in 0_u64..2000, worse in 0_u64..2000,
        ) {
            let counts = PairedCounts { better, same, worse };
            let before = verdict(counts);
            let after = verdict(PairedCounts { better: better + 1, ..counts });
            prop_assert!(at_least(after.log_e_better, before.log_e_better));
            prop_assert!(at_least(after.log_e_not_worse, before.log_e_not_worse));
            prop_assert!(at_least(before.log_e_worse, after.log_e_worse));
            let instead = PairedCounts { better: better + 1, worse: worse.saturating_sub(1), same };
            for (after, before) in instead.interval(0.05).into_iter().zip(counts.interval(0.05)) {
                prop_assert!(at_least(after, before));
            }
        }

        #[test]
        fn what_is_better_is_not_worse_and_the_interval_agrees(counts in counts(), margin in 0.0..1.0_f64) {
            let found = decide(&counts, &PairedOptions { margin, min_pairs: 0, ..PairedOptions::default() });
            prop_assert!(at_least(found.log_e_not_worse, found.log_e_better));
            let ([least, greatest], threshold) = (counts.interval(PAIRED_ALPHA), -PAIRED_ALPHA.ln());
            prop_assert_eq!(found.log_e_better >= threshold, least >= 0.0);
            prop_assert_eq!(found.log_e_worse >= threshold, greatest <= 0.0);
            // Within the exactness of the interval's end.
            prop_assert!(found.log_e_not_worse < threshold || least >= -margin - 1e-11);
        }
    }
}
