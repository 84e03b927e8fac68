//! The int8 depthwise convolution, written once for both instruction sets.
//!
//! Bytes of neighbouring channels are read at four taps and interleaved, so that the four taps of a channel stand side by
//! side, as the instructions that sum them want. A window of three rows is interleaved column by column; its fourth row
//! is the next line's, so that where lines overlap two are made of one interleaving.

mod access;
mod columns;
mod line;
mod pack;
mod slide;
mod window;

use crate::q8::{DepthwiseQ8Args, Requantize};
use line::lines;
pub(super) use pack::{channel, entries, pack, packed};
use slide::Lines;
pub(super) use slide::{Slides, run_sliding};
use window::{Any, Tall};

/// Taps that are summed together.
const TAPS: usize = 4;

/// The vectors of an instruction set.
///
/// # Safety
/// Every function needs the CPU to have it, and its pointers to be readable or writable as far as it says.
pub(super) trait Vectors {
    /// Bytes of a vector.
    const BYTES: usize;
    /// Bytes of the weights of `BYTES` channels at four taps.
    const WEIGHTS: usize;
    /// `BYTES` channels or pixels.
    type Bytes: Copy;
    /// As many, at four taps.
    type Quads: Copy;
    /// Their weights.
    type Weights: Copy;
    /// A quarter as many sums.
    type Sums: Copy;
    /// What sums are requantised with.
    type Requantizer: Copy;
    /// The scales of `BYTES` sums.
    type Scales: Copy;

    unsafe fn zero() -> Self::Bytes;
    unsafe fn load(x: *const u8) -> Self::Bytes;
    /// The first `count` bytes, zeros after them.
    unsafe fn load_part(x: *const u8, count: usize) -> Self::Bytes;
    /// `C` bytes every `step`, the first `count` times; zeros after them. `C` divides `BYTES` and is at least 8.
    unsafe fn gather<const C: usize>(x: *const u8, step: usize, count: usize) -> Self::Bytes;
    unsafe fn store(y: *mut u8, bytes: Self::Bytes);
    /// The first `count` bytes.
    unsafe fn store_part(y: *mut u8, bytes: Self::Bytes, count: usize);
    unsafe fn interleave(taps: [Self::Bytes; TAPS]) -> Self::Quads;
    /// `BYTES` sums.
    unsafe fn bias(bias: *const i32) -> [Self::Sums; 4];
    unsafe fn weights(weights: *const i8) -> Self::Weights;
    unsafe fn dot(sums: [Self::Sums; 4], quads: Self::Quads, weights: Self::Weights) -> [Self::Sums; 4];
    unsafe fn requantizer(by: Requantize) -> Self::Requantizer;
    /// The scales of a block, which starts with this entry.
    unsafe fn scales(args: &DepthwiseQ8Args, entry: usize) -> Self::Scales;
    unsafe fn requantize(by: Self::Requantizer, sums: [Self::Sums; 4], scales: Self::Scales) -> Self::Bytes;
}

/// The kernel.
///
/// # Safety
/// The CPU must have the instruction set; all that the arguments point at must be there, as the door checks.
#[inline(always)]
pub(super) unsafe fn run<V: Vectors>(args: &DepthwiseQ8Args) {
    // SAFETY: as the caller says.
    unsafe { if args.taps.rows == 3 { lines_of::<V, Columns>(args) } else { lines_of::<V, InOrder>(args) } }
}

/// Three rows, column by column.
struct Columns;

impl<V: Vectors> Lines<V> for Columns {
    const PAIRS: bool = true;

    #[inline(always)]
    unsafe fn make<const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
        // SAFETY: as the caller says.
        unsafe { lines::<V, Tall<LINES>>(args, by, x, y) }
    }
}

/// Any window.
struct InOrder;

impl<V: Vectors> Lines<V> for InOrder {
    const PAIRS: bool = false;

    #[inline(always)]
    unsafe fn make<const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
        // SAFETY: as the caller says.
        unsafe { lines::<V, Any>(args, by, x, y) }
    }
}

/// All lines, in pairs where they overlap.
#[inline(always)]
unsafe fn lines_of<V: Vectors, L: Lines<V>>(args: &DepthwiseQ8Args) {
    // SAFETY: as the caller says.
    unsafe {
        let by = V::requantizer(args.requantize);
        let overlap = L::PAIRS && args.from.line == args.taps.row;
        let mut line = 0;
        while line < args.grid.lines {
            let x = args.x.add(args.from.start).add(line.wrapping_mul(args.from.line));
            let y = args.y.add(args.to.start).add(line.wrapping_mul(args.to.line));
            let two = overlap && line.wrapping_add(1) < args.grid.lines;
            if two {
                L::make::<2>(args, by, x, y)
            } else {
                L::make::<1>(args, by, x, y)
            }
            line = line.wrapping_add(1 + usize::from(two));
        }
    }
}
