//! The Page-Hinkley test: whether the mean of a stream of numbers has moved.

use serde::{Deserialize, Serialize};

/// Which moves of the mean are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Rises.
    Up,
    /// Falls.
    Down,
    /// Either.
    #[default]
    Both,
}

/// What a [`PageHinkley`] is told when it starts; the default is river's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageHinkleyOptions {
    /// No report before this many values; 30.
    pub min_instances: u64,
    /// Moves smaller than this are allowed; 0.005, in the unit of the values.
    pub delta: f64,
    /// How far the sum may run from its extreme; 50, in the unit of the values.
    pub threshold: f64,
    /// How much of the sum is kept at each value; 0.9999.
    pub alpha: f64,
    /// Which moves are reported; both.
    pub direction: Direction,
}

impl Default for PageHinkleyOptions {
    fn default() -> Self {
        Self { min_instances: 30, delta: 0.005, threshold: 50.0, alpha: 0.9999, direction: Direction::Both }
    }
}

/// Page's cumulative sum against the running mean (Page 1954, Biometrika 41; Hinkley 1971), with a fading sum and the
/// decisions of river's `drift.PageHinkley`.
///
/// With `d = x - mean of all values so far`:
///
/// ```text
/// up   = alpha up   + d - delta;   a rise when up - min(up)     > threshold
/// down = alpha down + d + delta;   a fall when max(down) - down > threshold
/// ```
///
/// The value after a report starts anew. Values that are not finite are left out.
///
/// ```
/// use dunlin_drift::PageHinkley;
///
/// let mut errors = PageHinkley::default();
/// let at = (0..2000).find(|i| errors.update(if *i < 1000 { 0.1 } else { 0.6 }));
/// assert!(at.is_some_and(|at| (1100..1200).contains(&at)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageHinkley {
    options: PageHinkleyOptions,
    n: u64,
    mean: f64,
    up: f64,
    down: f64,
    /// The least `up` has been; `None` before the first value.
    lowest: Option<f64>,
    /// The most `down` has been. It starts below zero, as in river, which decides like this one.
    highest: f64,
    changed: bool,
    changes: u64,
}

impl Default for PageHinkley {
    fn default() -> Self {
        Self::new(PageHinkleyOptions::default())
    }
}

impl PageHinkley {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new(options: PageHinkleyOptions) -> Self {
        Self { options, n: 0, mean: 0.0, up: 0.0, down: 0.0, lowest: None, highest: -1.0, changed: false, changes: 0 }
    }

    /// Takes the next value; true when the mean has moved.
    pub fn update(&mut self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        if self.changed {
            *self = Self { changes: self.changes, ..Self::new(self.options) };
        }
        let PageHinkleyOptions { min_instances, delta, threshold, alpha, direction } = self.options;
        self.n = self.n.saturating_add(1);
        self.mean += (value - self.mean) / self.n as f64;
        let distance = value - self.mean;
        self.up = alpha * self.up + distance - delta;
        self.down = alpha * self.down + distance + delta;
        let lowest = self.lowest.map_or(self.up, |lowest| lowest.min(self.up));
        self.lowest = Some(lowest);
        self.highest = self.highest.max(self.down);
        if self.n >= min_instances {
            let (rises, falls) = (self.up - lowest > threshold, self.highest - self.down > threshold);
            self.changed = match direction {
                Direction::Up => rises,
                Direction::Down => falls,
                Direction::Both => rises || falls,
            };
        }
        self.changes = self.changes.saturating_add(u64::from(self.changed));
        self.changed
    }

    /// How often a change was reported.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(direction: Direction, before: f64, after: f64) -> Option<u32> {
        let mut detector = PageHinkley::new(PageHinkleyOptions { direction, ..PageHinkleyOptions::default() });
        (0..3000).find(|i| detector.update(if *i < 1000 { before } else { after }))
    }

    #[test]
    fn only_the_asked_direction_is_reported() {
        assert!(first(Direction::Up, 0.1, 0.9).is_some_and(|at| at > 1000));
        assert_eq!(first(Direction::Up, 0.9, 0.1), None);
        assert!(first(Direction::Down, 0.9, 0.1).is_some_and(|at| at > 1000));
        assert_eq!(first(Direction::Down, 0.1, 0.9), None);
        assert_eq!(first(Direction::Both, 0.5, 0.5), None);
    }

    #[test]
    fn the_state_can_be_put_away_and_taken_up_again() {
        let (mut whole, mut halves) = (PageHinkley::default(), PageHinkley::default());
        for i in 0..3000 {
            let value = f64::from(i % 2) * f64::from(i / 1000);
            halves = serde_json::from_str(&serde_json::to_string(&halves).unwrap()).unwrap();
            assert_eq!(whole.update(value), halves.update(value), "value {i}");
        }
        assert!(whole.changes() > 0);
    }

    proptest! {
        #[test]
        fn it_takes_anything(values in prop::collection::vec(prop::num::f64::ANY, 0..300), alpha: f64, delta: f64) {
            let options = PageHinkleyOptions { alpha, delta, ..PageHinkleyOptions::default() };
            let mut detector = PageHinkley::new(options);
            let changes = values.into_iter().filter(|value| detector.update(*value)).count();
            prop_assert_eq!(detector.changes(), changes as u64);
        }
    }
}
