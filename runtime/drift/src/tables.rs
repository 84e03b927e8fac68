//! Which tables two histograms on the same bins become, now that both sizes are known.
//!
//! Fine bins are merged until each holds enough of both samples *together*. Such a rule cannot favour either sample, so
//! that under no shift the tests keep their level; with a reference much larger than the window it is a rule about the
//! reference's shares.

use crate::policy::{MIN_EXPECTED, MIN_SHARE};
use crate::{Bins, Histogram};

/// Effective counts of both samples on the same bins; every bin has a count on one side at least.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) reference: Vec<f64>,
    pub(crate) window: Vec<f64>,
}

/// Everything that is asked of a feature, each question a table of its own.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Fine bins of the values, ordered; `None` for levels.
    pub(crate) fine: Option<Table>,
    /// The values on merged bins.
    pub(crate) values: Table,
    /// Pairs of bins that would vanish in the other table: no value or a value; a rare level or a common one.
    pub(crate) pairs: Vec<Table>,
}

/// A histogram with the factor that turns its counts into effective ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side<'a> {
    pub(crate) histogram: &'a Histogram,
    pub(crate) factor: f64,
}

impl Side<'_> {
    fn counts(&self) -> Vec<f64> {
        self.histogram.counts().iter().map(|count| *count as f64 * self.factor).collect()
    }

    fn absent(&self) -> f64 {
        (self.histogram.missing() as f64 + self.histogram.non_finite() as f64) * self.factor
    }
}

pub(crate) fn tables(reference: Side<'_>, window: Side<'_>) -> Tables {
    let all = Table { reference: reference.counts(), window: window.counts() };
    let (present, (m, n)) = (all.used(), all.totals());
    let mut pairs = Vec::new();
    let absent = (reference.absent(), window.absent());
    if absent.0 + absent.1 > 0.0 {
        pairs.push(Table { reference: vec![absent.0, m], window: vec![absent.1, n] });
    }
    let least = MIN_SHARE.max(MIN_EXPECTED / m.min(n)) * (m + n);
    match reference.histogram.bins() {
        Bins::Edges(_) => Tables { values: merged(&present, least), fine: Some(present), pairs },
        Bins::Levels(_) => {
            let (values, rare) = common_and_rare(&present, least);
            pairs.extend(rare);
            Tables { fine: None, values, pairs }
        }
    }
}

impl Table {
    /// Sizes of both samples.
    pub(crate) fn totals(&self) -> (f64, f64) {
        (self.reference.iter().sum(), self.window.iter().sum())
    }

    pub(crate) fn bins(&self) -> usize {
        self.reference.len()
    }

    fn push(&mut self, (reference, window): (f64, f64)) {
        self.reference.push(reference);
        self.window.push(window);
    }

    fn rows(&self) -> impl Iterator<Item = (f64, f64)> {
        self.reference.iter().copied().zip(self.window.iter().copied())
    }

    /// Without the bins that neither sample has.
    fn used(&self) -> Self {
        self.rows().filter(|(r, w)| r + w > 0.0).collect()
    }

    /// Two bins: those that `first` picks, and the others.
    fn split(&self, first: impl Fn(usize) -> bool) -> Self {
        let mut pair = [(0.0, 0.0); 2];
        for (i, (r, w)) in self.rows().enumerate() {
            let bin = &mut pair[usize::from(!first(i))];
            *bin = (bin.0 + r, bin.1 + w);
        }
        pair.into_iter().collect::<Self>().used()
    }
}

impl FromIterator<(f64, f64)> for Table {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(rows: I) -> Self {
        let mut table = Self::default();
        rows.into_iter().for_each(|row| table.push(row));
        table
    }
}

/// Ordered bins, merged with their right neighbours until each holds `least` (the last with its left neighbour). If only
/// one is left, the fullest fine bin against the rest.
fn merged(fine: &Table, least: f64) -> Table {
    let mut table = Table::default();
    let mut open = (0.0, 0.0);
    for (r, w) in fine.rows() {
        open = (open.0 + r, open.1 + w);
        if open.0 + open.1 >= least {
            table.push(std::mem::take(&mut open));
        }
    }
    if let (Some(r), Some(w)) = (table.reference.last_mut(), table.window.last_mut()) {
        (*r, *w) = (*r + open.0, *w + open.1);
    }
    if table.bins() > 1 { table } else { mode_and_rest(fine) }
}

fn mode_and_rest(fine: &Table) -> Table {
    let fullest = fine.rows().map(|(r, w)| r + w).fold(0.0, f64::max);
    let mode = fine.rows().position(|(r, w)| r + w >= fullest);
    fine.split(|i| Some(i) == mode)
}

/// Levels that hold `least` each, with all rarer ones together as one more; where even together they are too rare, the
/// rare ones against the common ones are a question of their own.
fn common_and_rare(levels: &Table, least: f64) -> (Table, Option<Table>) {
    let common: Vec<bool> = levels.rows().map(|(r, w)| r + w >= least).collect();
    if !common.contains(&true) {
        return (mode_and_rest(levels), None);
    }
    let is_common = |i: usize| common.get(i).copied().unwrap_or(false);
    let mut table: Table = levels.rows().enumerate().filter(|(i, _)| is_common(*i)).map(|(_, row)| row).collect();
    let rare = levels.rows().enumerate().filter(|(i, _)| !is_common(*i));
    let rare = rare.fold((0.0, 0.0), |sum, (_, (r, w))| (sum.0 + r, sum.1 + w));
    if rare.0 + rare.1 >= least {
        table.push(rare);
        return (table, None);
    }
    let pair = (rare.0 + rare.1 > 0.0).then(|| levels.split(|i| !is_common(i)));
    (table, pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(counts: &[u64]) -> Histogram {
        let edges = (1..counts.len()).map(|i| i as f64).collect();
        Histogram::from_counts(Bins::Edges(edges), counts.to_vec(), 0, 0).unwrap()
    }

    fn levels(counts: &[u64]) -> Histogram {
        let names = (1..counts.len()).map(|i| format!("level {i}"));
        Histogram::from_counts(Bins::levels(names), counts.to_vec(), 0, 0).unwrap()
    }

    fn of(reference: &Histogram, window: &Histogram) -> Tables {
        let side = |histogram| Side { histogram, factor: 1.0 };
        tables(side(reference), side(window))
    }

    #[test]
    fn thin_bins_join_their_right_neighbours_and_the_last_its_left() {
        let found = of(&ordered(&[400, 10, 0, 30, 500, 60]), &ordered(&[40, 1, 0, 3, 50, 6])).values;
        assert_eq!(found.reference, [400.0, 540.0, 60.0]);
        assert_eq!(found.window, [40.0, 54.0, 6.0]);
    }

    #[test]
    fn a_smaller_window_gets_coarser_bins() {
        let reference = ordered(&[1000; 10]);
        assert_eq!(of(&reference, &ordered(&[10; 10])).values.bins(), 10);
        assert_eq!(of(&reference, &ordered(&[3; 10])).values.bins(), 5);
    }

    #[test]
    fn a_nearly_constant_feature_becomes_its_mode_and_the_rest() {
        let found = of(&ordered(&[5, 990, 5]), &ordered(&[1, 48, 1])).values;
        assert_eq!((found.reference, found.window), (vec![990.0, 10.0], vec![48.0, 2.0]));
    }

    #[test]
    fn a_constant_feature_has_one_bin() {
        assert_eq!(of(&ordered(&[0, 1000, 0]), &ordered(&[0, 50, 0])).values.bins(), 1);
    }

    #[test]
    fn the_rarest_levels_share_a_bin() {
        let found = of(&levels(&[500, 20, 400, 50, 30]), &levels(&[25, 1, 20, 3, 1]));
        assert_eq!(found.values.reference, [500.0, 400.0, 100.0]);
        assert!(found.pairs.is_empty());
    }

    #[test]
    fn levels_too_rare_for_a_bin_are_a_question_of_their_own() {
        let found = of(&levels(&[500, 500, 0]), &levels(&[25, 10, 15]));
        assert_eq!((found.values.reference, found.values.window), (vec![500.0, 500.0], vec![25.0, 10.0]));
        assert_eq!(found.pairs, [Table { reference: vec![0.0, 1000.0], window: vec![15.0, 35.0] }]);
    }
}
