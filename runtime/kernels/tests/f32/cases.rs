//! What grids, places, windows and bounds are tried.

use dunlin_kernels::{Clamp, Grid, Place, Taps};
use proptest::prelude::*;

/// Bounds of every kind that a model has.
pub(crate) fn clamps() -> impl Strategy<Value = Clamp> {
    prop_oneof![
        Just(Clamp::NONE),
        Just(Clamp::RELU),
        Just(Clamp { min: 0.0, max: 0.5 }),
        Just(Clamp { min: f32::NEG_INFINITY, max: 0.25 }),
        Just(Clamp { min: -0.25, max: 0.25 }),
    ]
}

/// Pixels in lines, or lines within pixels, with gaps between.
pub(crate) fn place(grid: Grid, reach: usize, gaps: [usize; 3], lines_within: bool) -> Place {
    let [start, small, large] = gaps;
    if lines_within {
        let line = reach + small;
        Place { start, line, pixel: line * grid.lines + large }
    } else {
        let pixel = reach + small;
        Place { start, line: pixel * grid.pixels + large, pixel }
    }
}

pub(crate) fn gaps() -> impl Strategy<Value = ([usize; 3], bool)> {
    let large = prop_oneof![Just(0), 0_usize..9];
    ((0_usize..3, 0_usize..3, large), any::<bool>())
        .prop_map(|((start, small, large), within)| ([start, small, large], within))
}

/// A window whose runs may overlap, neighbour or lie apart.
pub(crate) fn taps(len: impl Strategy<Value = usize>, rows: usize, cols: usize) -> impl Strategy<Value = Taps> {
    (1..=rows, 1..=cols, len, 0_usize..40, 0_usize..40).prop_map(|(rows, cols, len, row, col)| Taps {
        rows,
        row,
        cols,
        col,
        len,
    })
}

pub(crate) fn grids() -> impl Strategy<Value = Grid> {
    prop_oneof![
        Just(Grid { lines: 1, pixels: 1 }),
        (1_usize..6, 1_usize..9).prop_map(|(lines, pixels)| Grid { lines, pixels }),
        (1_usize..3, 1_usize..40).prop_map(|(lines, pixels)| Grid { lines, pixels }),
    ]
}
