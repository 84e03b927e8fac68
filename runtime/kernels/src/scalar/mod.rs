//! Kernels without any special instruction: the oracle of the others, and what 32-bit ARM runs.

mod depthwise;
mod gemm;

pub(crate) use depthwise::{DEPTHWISE_F32, DEPTHWISE_Q8};
pub(crate) use gemm::{GEMM_F32, GEMM_Q8};

use crate::geometry::{Grid, Place, Taps};

/// Every pixel of a grid with the offset of its first element at each place.
fn pixels<const N: usize>(grid: Grid, places: [Place; N]) -> impl Iterator<Item = [usize; N]> {
    let lines = (0..grid.lines).flat_map(move |line| (0..grid.pixels).map(move |pixel| (line, pixel)));
    lines.map(move |(line, pixel)| places.map(|at| at.start + line * at.line + pixel * at.pixel))
}

/// The offset of every run, from the first element of a window.
fn runs(taps: Taps) -> impl Iterator<Item = usize> {
    (0..taps.rows).flat_map(move |row| (0..taps.cols).map(move |col| row * taps.row + col * taps.col))
}
