//! What an instruction set brings for products across columns: vectors that hold the same elements of a few columns.

use super::formats::Format;
use super::panel::Tile;
use crate::geometry::Clamp;

/// The most columns of a panel.
pub(super) const COLUMNS: usize = 16;

/// What an instruction set brings for panels. Its functions are inlined into functions that enable the instructions.
///
/// # Safety
/// The CPU must have the instructions, and pointers be good for a vector.
pub(super) trait Across: Sized {
    /// Columns of a vector, at most [`COLUMNS`].
    const COLUMNS: usize;
    /// The most rows of a tile.
    const ROWS: usize;
    /// What is added to signed quants, which makes them unsigned; 0 where they stay signed.
    const SIGNED_OFFSET: u8;
    /// A group of each column, in bytes.
    type Bytes: Copy;
    /// Sums of products.
    type Dots: Copy;
    /// Sums of products of a few groups, before they are added to the others.
    type Run: Copy;
    /// As many f32.
    type Reals: Copy;

    /// Groups of a run, for quants of so many bits: 1, 2, 4 or 8.
    fn run_groups(bits: usize, signed: bool) -> usize;

    unsafe fn bytes(from: *const u8) -> Self::Bytes;
    /// Bits of each byte that are within `mask` after they were moved from one place to another.
    unsafe fn bits(bytes: Self::Bytes, from: usize, to: usize, mask: u8) -> Self::Bytes;
    unsafe fn either(a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    unsafe fn start(with: i32) -> Self::Dots;
    /// Starts a run.
    unsafe fn run(dots: Self::Dots) -> Self::Run;
    /// Adds the products with one group of activations.
    unsafe fn multiply(run: Self::Run, w: Self::Bytes, x: *const i8, signed: bool) -> Self::Run;
    /// Ends a run.
    unsafe fn settle(dots: Self::Dots, run: Self::Run) -> Self::Dots;

    unsafe fn reals(dots: Self::Dots) -> Self::Reals;
    /// Signed bytes.
    unsafe fn numbers(from: *const u8) -> Self::Reals;
    /// F16 numbers.
    unsafe fn halves(from: *const u8) -> Self::Reals;
    unsafe fn splat(x: f32) -> Self::Reals;
    unsafe fn load(from: *const f32) -> Self::Reals;
    unsafe fn store(reals: Self::Reals, to: *mut f32);
    unsafe fn sum(a: Self::Reals, b: Self::Reals) -> Self::Reals;
    unsafe fn product(a: Self::Reals, b: Self::Reals) -> Self::Reals;
    /// `sum + a * b`.
    unsafe fn add_product(sum: Self::Reals, a: Self::Reals, b: Self::Reals) -> Self::Reals;
    /// `sum - a * b`.
    unsafe fn take_product(sum: Self::Reals, a: Self::Reals, b: Self::Reals) -> Self::Reals;
    /// Held within bounds; NaN passes.
    unsafe fn clamped(reals: Self::Reals, clamp: Clamp) -> Self::Reals;

    /// [`tile`](super::panel::tile), compiled for the instruction set.
    unsafe fn tile<F: Format, const R: usize>(tile: &Tile<'_>);
}
