//! ADWIN: a window over a stream of numbers that grows while their mean holds and is cut where it changed.

use serde::{Deserialize, Serialize};

/// More rows of buckets than a device will ever fill.
const MAX_ROWS: usize = 48;

/// What an [`Adwin`] is told when it starts; the default is river's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdwinOptions {
    /// Bound on the chance of a false cut at one check; 0.002.
    pub delta: f64,
    /// Values between two checks; 32. Zero counts as one.
    pub clock: u32,
    /// Buckets of one size before two are merged; 5. At least one.
    pub max_buckets: usize,
    /// Shortest part that may be told from the rest; 5.
    pub min_window_length: u32,
    /// No check before more values than this are in the window; 10.
    pub grace_period: u32,
}

impl Default for AdwinOptions {
    fn default() -> Self {
        Self { delta: 0.002, clock: 32, max_buckets: 5, min_window_length: 5, grace_period: 10 }
    }
}

/// Adaptive windowing (Bifet and Gavalda 2007, "Learning from time-changing data with adaptive windowing", ADWIN2), with
/// the decisions of river's `drift.ADWIN`.
///
/// The window is kept as buckets of 1, 2, 4, ... values (sum, and sum of squared deviations), so that memory grows with
/// the logarithm of its length. At each check, each border between buckets cuts it in two; where the means differ by
/// more than
///
/// ```text
/// epsilon = sqrt(2/m' var ln(2 ln W / delta)) + 2/(3 m') ln(2 ln W / delta),   1/m' = 1/(n0 - 4) + 1/(n1 - 4)
/// ```
///
/// the oldest bucket is dropped and a change is reported; the value after a change starts a new window. Values that are
/// not finite are left out.
///
/// ```
/// use dunlin_drift::Adwin;
///
/// let mut errors = Adwin::default();
/// let changed: Vec<u32> = (0..1000)
///     .filter(|i| errors.update(if *i < 500 { f64::from(i % 10 == 0) } else { f64::from(i % 2) }))
///     .collect();
/// assert!(changed.first().is_some_and(|at| (500..700).contains(at)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adwin {
    options: AdwinOptions,
    /// Row `i` holds buckets of `2^i` values, the oldest first.
    rows: Vec<Vec<Bucket>>,
    width: f64,
    total: f64,
    /// Sum of squared deviations from the mean.
    deviations: f64,
    since_check: u32,
    changed: bool,
    changes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    total: f64,
    deviations: f64,
}

impl Default for Adwin {
    fn default() -> Self {
        Self::new(AdwinOptions::default())
    }
}

impl Adwin {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new(options: AdwinOptions) -> Self {
        Self {
            options,
            rows: Vec::new(),
            width: 0.0,
            total: 0.0,
            deviations: 0.0,
            since_check: 0,
            changed: false,
            changes: 0,
        }
    }

    /// Takes the next value; true when the mean has changed.
    pub fn update(&mut self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        if self.changed {
            *self = Self { changes: self.changes, ..Self::new(self.options) };
        }
        self.insert(value);
        self.since_check = self.since_check.saturating_add(1);
        if self.since_check >= self.options.clock.max(1) {
            self.since_check = 0;
            while self.width > f64::from(self.options.grace_period) && self.finds_cut() {
                self.drop_oldest();
                self.changed = true;
            }
        }
        self.changes = self.changes.saturating_add(u64::from(self.changed));
        self.changed
    }

    /// Values in the window.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.width as u64
    }

    /// Mean of the window; `None` when it is empty.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.width > 0.0).then(|| self.total / self.width)
    }

    /// How often a change was reported.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    fn insert(&mut self, value: f64) {
        if self.width > 0.0 {
            let distance = value - self.total / self.width;
            self.deviations += self.width * distance * distance / (self.width + 1.0);
        }
        self.width += 1.0;
        self.total += value;
        let mut carried = Bucket { total: value, deviations: 0.0 };
        for row in 0..MAX_ROWS {
            if row == self.rows.len() {
                self.rows.push(Vec::new());
            }
            let Some(buckets) = self.rows.get_mut(row) else { return };
            buckets.push(carried);
            if buckets.len() <= self.options.max_buckets.max(1) {
                return;
            }
            let mut oldest = buckets.drain(..2);
            let (Some(a), Some(b)) = (oldest.next(), oldest.next()) else { return };
            carried = a.joined(b, size(row));
        }
    }

    /// Whether some border cuts the window into parts whose means differ.
    fn finds_cut(&self) -> bool {
        let sizes = self.rows.iter().enumerate().rev();
        let buckets = sizes.flat_map(|(row, buckets)| buckets.iter().map(move |bucket| (size(row), bucket.total)));
        let (mut n0, mut total0) = (0.0, 0.0);
        for (size, total) in buckets {
            (n0, total0) = (n0 + size, total0 + total);
            let n1 = self.width - n0;
            let least = f64::from(self.options.min_window_length);
            if n0 >= least && n1 >= least && n1 > 0.0 {
                let difference = total0 / n0 - (self.total - total0) / n1;
                if difference.abs() > self.epsilon(n0 - least + 1.0, n1 - least + 1.0) {
                    return true;
                }
            }
        }
        false
    }

    fn epsilon(&self, n0: f64, n1: f64) -> f64 {
        let confidence = (2.0 * self.width.ln() / self.options.delta).ln();
        let reciprocal = 1.0 / n0 + 1.0 / n1;
        let variance = self.deviations / self.width;
        (2.0 * reciprocal * variance * confidence).sqrt() + 2.0 / 3.0 * confidence * reciprocal
    }

    fn drop_oldest(&mut self) {
        let Some(row) = self.rows.len().checked_sub(1) else {
            self.width = 0.0;
            return;
        };
        let Some(buckets) = self.rows.get_mut(row).filter(|buckets| !buckets.is_empty()) else {
            self.rows.truncate(row);
            return;
        };
        let oldest = buckets.remove(0);
        if buckets.is_empty() {
            self.rows.truncate(row);
        }
        let n = size(row);
        self.width -= n;
        self.total -= oldest.total;
        let distance = oldest.total / n - self.total / self.width;
        self.deviations -= oldest.deviations + n * self.width * distance * distance / (n + self.width);
    }
}

impl Bucket {
    /// One bucket of two neighbours of the same size.
    fn joined(self, next: Self, size: f64) -> Self {
        let distance = self.total / size - next.total / size;
        let between = size / 2.0 * distance * distance;
        Self { total: self.total + next.total, deviations: self.deviations + next.deviations + between }
    }
}

/// Values in a bucket of a row.
fn size(row: usize) -> f64 {
    2.0_f64.powi(row as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_grows_with_the_logarithm() {
        let mut adwin = Adwin::default();
        assert!(!(0..100_000).any(|i| adwin.update(f64::from(i % 7))));
        assert_eq!(adwin.width(), 100_000);
        assert!(adwin.rows.iter().map(Vec::len).sum::<usize>() < 100);
    }

    #[test]
    fn the_state_can_be_put_away_and_taken_up_again() {
        let mut whole = Adwin::default();
        let mut halves = Adwin::default();
        for i in 0..3000 {
            let value = f64::from(i % 3) + f64::from(i / 1000);
            if i == 1500 {
                halves = serde_json::from_str(&serde_json::to_string(&halves).unwrap()).unwrap();
            }
            assert_eq!(whole.update(value), halves.update(value), "value {i}");
        }
        assert_eq!(whole.changes(), 2);
    }

    proptest! {
        #[test]
        fn it_takes_anything(
            values in prop::collection::vec(prop::num::f64::ANY, 0..300),
            clock in 0_u32..40,
            max_buckets in 0_usize..8,
            min_window_length in 0_u32..20,
            delta in prop::num::f64::ANY,
        ) {
            let options = AdwinOptions { delta, clock, max_buckets, min_window_length, grace_period: 0 };
            let mut adwin = Adwin::new(options);
            let changes = values.into_iter().filter(|value| adwin.update(*value)).count();
            prop_assert_eq!(adwin.changes(), changes as u64);
        }
    }
}
