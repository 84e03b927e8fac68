//! What a result must be: plain sums in f64, and what may lie between them and f32.

use crate::UNTOUCHED;
use dunlin_kernels::{Clamp, Grid, Place, Taps};
use proptest::prelude::*;

/// A result, and the sum of the magnitudes that it was added up from.
#[derive(Clone, Copy)]
pub(crate) struct Sum {
    value: f64,
    magnitude: f64,
}

impl Sum {
    pub(crate) const ZERO: Self = Self { value: 0.0, magnitude: 0.0 };

    pub(crate) fn add(&mut self, x: f64) {
        self.value += x;
        self.magnitude += x.abs();
    }
}

/// The offset of every element that a window reads, in the order of the weights.
pub(crate) fn window(taps: Taps) -> Vec<usize> {
    let mut offsets = Vec::new();
    for row in 0..taps.rows {
        for col in 0..taps.cols {
            for element in 0..taps.len {
                offsets.push(row * taps.row + col * taps.col + element);
            }
        }
    }
    offsets
}

/// Every pixel of a grid, as line and pixel.
pub(crate) fn each(grid: Grid) -> impl Iterator<Item = (usize, usize)> {
    (0..grid.lines).flat_map(move |line| (0..grid.pixels).map(move |pixel| (line, pixel)))
}

pub(crate) fn at(place: Place, (line, pixel): (usize, usize)) -> usize {
    place.start + line * place.line + pixel * place.pixel
}

/// One past the last element of a grid whose pixels have `reach` elements.
pub(crate) fn end(grid: Grid, place: Place, reach: usize) -> usize {
    each(grid).map(|pixel| at(place, pixel) + reach).max().unwrap_or(0)
}

/// Compares all of an output: sums within rounding, every other element untouched.
pub(crate) fn compare(name: &str, got: &[f32], sums: &[Option<Sum>], clamp: Clamp) -> Result<(), TestCaseError> {
    for (i, (&got, sum)) in got.iter().zip(sums).enumerate() {
        let Some(sum) = sum else {
            prop_assert_eq!(got, UNTOUCHED, "{}: element {} is nobody's", name, i);
            continue;
        };
        let want = sum.value.max(clamp.min.into()).min(clamp.max.into());
        let error = (f64::from(got) - want).abs();
        prop_assert!(error <= 1e-5 * sum.magnitude, "{name}: element {i} is {got}, not {want}");
    }
    Ok(())
}
