//! How many independent values a stream of dependent ones is worth.
//!
//! A sensor that reads ten times a second what changes once a minute has not seen ten times as much. Tests that count
//! its values as independent find drift everywhere. A [`Dependence`] watches a stream go by, bin after bin, and says how
//! many independent values it was worth; it keeps sums only.

mod levels;
mod pyramid;
mod ratio;
mod scores;

use serde::{Deserialize, Serialize};

use levels::Levels;
use pyramid::Pyramid;
pub use scores::Scores;

/// What a stream's successive bins tell of its memory.
///
/// Ordered bins: each bin has a score, its mid-rank in the reference. The variance of the sum of `n` scores is
/// `n var tau`, and `n / tau` is the effective size (Kish 1965; Sokal 1997, section 2). `tau` is measured on blocks of
/// 1, 2, 4, ... values: with `r_k` the correlation of neighbouring blocks of `2^k`,
///
/// ```text
/// tau = (1 + r_0) (1 + r_1) ... (1 + r_(k-1)) * (1 + r_k) / (1 - r_k)
/// ```
///
/// where the last factor closes the product as for an autoregressive process. The largest over the `k` that have enough
/// blocks counts, so that both short and long memory are seen. Correlations come from mean squared steps (von Neumann
/// 1941), corrected for what a short window hides of its own variance.
///
/// Levels: `r` is the share of values that are the same as the one before, less what chance gives, over what chance
/// leaves (Cohen's kappa of neighbours; 1960), and `tau = (1 + r) / (1 - r)`.
///
/// ```
/// use dunlin_drift::{Bins, Dependence, Histogram, Scores};
///
/// let mut reference = Histogram::empty(Bins::Edges(vec![1.0, 2.0, 3.0]));
/// (0..400).for_each(|i| reference.add_number(f64::from(i % 4) + 0.5));
/// let scores = Scores::of(&reference);
/// let (mut shuffled, mut slow) = (Dependence::default(), Dependence::default());
/// for i in 0..400 {
///     shuffled.push(&scores, i * 7919 % 13 % 4);
///     slow.push(&scores, i / 20 % 4);
/// }
/// assert!(shuffled.effective_size() > 200.0);
/// assert!(slow.effective_size() < 40.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependence {
    n: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ordered: Option<Pyramid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    levels: Option<Levels>,
}

impl Dependence {
    /// Takes the bin of the next value of the stream. A bin that the scores do not have is left out.
    pub fn push(&mut self, scores: &Scores, bin: usize) {
        match scores {
            Scores::Ordered(scores) => {
                let Some(score) = scores.get(bin) else { return };
                self.ordered.get_or_insert_default().push(*score);
            }
            Scores::Levels(count) if bin < *count => self.levels.get_or_insert_default().push(bin),
            Scores::Levels(_) => return,
        }
        self.n = self.n.saturating_add(1);
    }

    /// Adds what the stretch right after this one has seen.
    ///
    /// The sums add; only blocks across the seam are not counted.
    pub fn merge(&mut self, next: &Self) {
        self.n = self.n.saturating_add(next.n);
        if let Some(next) = &next.ordered {
            self.ordered.get_or_insert_default().merge(next);
        }
        if let Some(next) = &next.levels {
            self.levels.get_or_insert_default().merge(next);
        }
    }

    /// How many values were seen.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many independent values they are worth: 0 for none, else from 1 to [`Dependence::n`].
    #[must_use]
    pub fn effective_size(&self) -> f64 {
        let n = self.n as f64;
        (n / self.inflation()).max(1.0).min(n)
    }

    /// [`Dependence::effective_size`] of a window that is compared with the stream's own past: where nothing has changed,
    /// the window has the past's memory too, and the longer stretch knows it better.
    ///
    /// Short windows of values that stay the same for a while hardly show it; see docs/monitoring.md.
    #[must_use]
    pub fn effective_size_given(&self, past: &Self) -> f64 {
        let n = self.n as f64;
        (n / self.inflation().max(past.inflation())).max(1.0).min(n)
    }

    /// `tau`: how many values are worth one independent value; at least 1.
    #[must_use]
    pub fn inflation(&self) -> f64 {
        let ordered = self.ordered.as_ref().map_or(1.0, Pyramid::inflation);
        let levels = self.levels.as_ref().map_or(1.0, Levels::inflation);
        ordered.max(levels).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bins, Histogram};
    use proptest::prelude::*;

    fn scores(bins: usize) -> Scores {
        let edges = (1..bins).map(|i| i as f64).collect();
        Scores::of(&Histogram::from_counts(Bins::Edges(edges), vec![100; bins], 0, 0).unwrap())
    }

    fn of(scores: &Scores, bins: impl IntoIterator<Item = usize>) -> Dependence {
        let mut dependence = Dependence::default();
        bins.into_iter().for_each(|bin| dependence.push(scores, bin));
        dependence
    }

    /// SplitMix64 (Steele, Lea and Flood 2014): the same numbers every time.
    fn shuffled(i: usize) -> usize {
        let z = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 32) as usize
    }

    #[test]
    fn values_repeated_k_times_are_worth_at_most_about_a_kth() {
        for repeats in [1, 4, 16] {
            let seen = of(&scores(8), (0..4096).map(|i| shuffled(i / repeats) % 8));
            let ratio = seen.effective_size() * repeats as f64 / 4096.0;
            assert!((0.4..=1.3).contains(&ratio), "{repeats}: {ratio}");
        }
    }

    #[test]
    fn levels_that_stay_are_worth_less_than_levels_that_change() {
        let levels = Scores::Levels(3);
        let changing = of(&levels, (0..600).map(|i| shuffled(i) % 3));
        let staying = of(&levels, (0..600).map(|i| shuffled(i / 10) % 3));
        assert!(changing.effective_size() > 400.0, "{}", changing.effective_size());
        assert!(staying.effective_size() < 100.0, "{}", staying.effective_size());
    }

    #[test]
    fn a_constant_stream_is_worth_its_size() {
        for bins in 2..100 {
            assert_eq!(of(&scores(bins), vec![0; 50]).effective_size(), 50.0);
        }
        assert_eq!(of(&Scores::Levels(2), [1; 50]).effective_size(), 50.0);
    }

    #[test]
    fn the_past_knows_what_a_short_window_does_not_show() {
        let past = of(&Scores::Levels(3), (0..2000).map(|i| shuffled(i / 10) % 3));
        let window = of(&Scores::Levels(3), [1; 50]);
        assert_eq!(window.effective_size(), 50.0);
        assert!(window.effective_size_given(&past) < 10.0);
        assert_eq!(window.effective_size_given(&Dependence::default()), 50.0);
    }

    #[test]
    fn bins_that_the_scores_do_not_have_are_left_out() {
        assert_eq!(of(&scores(4), [4, 9, usize::MAX]).n(), 0);
        assert_eq!(of(&Scores::Levels(2), [2]).effective_size(), 0.0);
    }

    #[test]
    fn the_state_can_be_put_away_and_taken_up_again() {
        let mut seen = of(&scores(4), (0..333).map(|i| shuffled(i / 3) % 4));
        let mut again: Dependence = serde_json::from_str(&serde_json::to_string(&seen).unwrap()).unwrap();
        assert_eq!(seen, again);
        seen.push(&scores(4), 1);
        again.push(&scores(4), 1);
        assert_eq!(seen, again);
    }

    proptest! {
        #[test]
        fn the_size_is_from_one_to_all(bins in prop::collection::vec(0_usize..5, 1..400)) {
            for scores in [scores(5), Scores::Levels(5)] {
                let size = of(&scores, bins.iter().copied()).effective_size();
                prop_assert!((1.0..=bins.len() as f64).contains(&size));
            }
        }

        #[test]
        fn merging_adjacent_stretches_is_nearly_seeing_both(cut in 100_usize..900, repeats in 1_usize..8) {
            let bin = |i: usize| shuffled(i / repeats) % 6;
            let whole = of(&scores(6), (0..1000).map(bin));
            let mut merged = of(&scores(6), (0..cut).map(bin));
            merged.merge(&of(&scores(6), (cut..1000).map(bin)));
            prop_assert_eq!(merged.n(), whole.n());
            let ratio = merged.effective_size() / whole.effective_size();
            prop_assert!((0.5..2.0).contains(&ratio), "{ratio}");
        }
    }
}
