//! Memory of a stream of scores, on blocks of 1, 2, 4, ... values.

use serde::{Deserialize, Serialize};

use super::ratio::{inflation, lag_one};

/// Blocks double, so this many scales see more values than a device will ever have.
const MAX_SCALES: usize = 40;
/// Fewer blocks say nothing of their neighbours' correlation.
const MIN_BLOCKS: u64 = 32;
/// Share of the sum of squares below which a spread is the rounding error of the subtraction that gave it.
const NO_SPREAD: f64 = 1e-12;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Pyramid {
    scales: Vec<Scale>,
}

/// Sums over the means of one size of blocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    blocks: u64,
    sum: f64,
    squares: f64,
    steps: u64,
    step_squares: f64,
    /// The block before, for the next step.
    last: Option<f64>,
    /// The first half of a block of the next scale.
    half: Option<f64>,
}

impl Pyramid {
    pub(super) fn push(&mut self, score: f64) {
        let mut carried = Some(score);
        for i in 0..MAX_SCALES {
            let Some(mean) = carried else { return };
            if i == self.scales.len() {
                self.scales.push(Scale::default());
            }
            carried = self.scales.get_mut(i).and_then(|scale| scale.push(mean));
        }
    }

    pub(super) fn merge(&mut self, next: &Self) {
        let longer = self.scales.len().max(next.scales.len()).min(MAX_SCALES);
        self.scales.resize_with(longer, Scale::default);
        for (mine, theirs) in self.scales.iter_mut().zip(&next.scales) {
            mine.merge(theirs);
        }
    }

    pub(super) fn inflation(&self) -> f64 {
        let (mut product, mut largest) = (1.0, 1.0_f64);
        for (i, scale) in self.scales.iter().enumerate() {
            if i > 0 && scale.blocks < MIN_BLOCKS {
                break;
            }
            let correlation = scale.correlation();
            largest = largest.max(product * inflation(correlation));
            product *= 1.0 + correlation;
        }
        largest
    }
}

impl Scale {
    /// Takes a block's mean; gives the mean of a finished pair of blocks.
    fn push(&mut self, mean: f64) -> Option<f64> {
        self.blocks = self.blocks.saturating_add(1);
        self.sum += mean;
        self.squares += mean * mean;
        if let Some(last) = self.last.replace(mean) {
            self.steps = self.steps.saturating_add(1);
            self.step_squares += (mean - last).powi(2);
        }
        match self.half.take() {
            Some(half) => Some((half + mean) / 2.0),
            None => {
                self.half = Some(mean);
                None
            }
        }
    }

    fn merge(&mut self, next: &Self) {
        self.blocks = self.blocks.saturating_add(next.blocks);
        self.sum += next.sum;
        self.squares += next.squares;
        self.steps = self.steps.saturating_add(next.steps);
        self.step_squares += next.step_squares;
        if next.blocks > 0 {
            (self.last, self.half) = (next.last, next.half);
        }
    }

    fn correlation(&self) -> f64 {
        let m = self.blocks as f64;
        if self.blocks < 3 || self.steps == 0 {
            return 0.0;
        }
        let spread = self.squares - self.sum * self.sum / m;
        // What is left of a constant is rounding.
        if spread <= NO_SPREAD * self.squares {
            return 0.0;
        }
        let variance = spread / (m - 1.0);
        lag_one(self.step_squares / self.steps as f64, variance, m)
    }
}
