//! The product in which a vector holds the outputs of a few columns: their weights are decoded into a panel in the
//! scratch, which then serves every row of activations.

use super::activations::UNIT;
use super::formats::{Format, Half, UNITS, for_each_unit};
use super::rows::quantise_rows;
use super::{BlocksArgs, PANEL_COLUMNS};

/// Elements of k that stand together for each column.
pub(super) const GROUP: usize = 4;

/// What an instruction set brings for panels. Its functions are inlined into functions that enable the instructions.
///
/// # Safety
/// The CPU must have the instructions, and pointers be good for a vector.
pub(super) trait Across: Half {
    /// Columns of a vector, at most [`PANEL_COLUMNS`].
    const COLUMNS: usize;
    /// What is added to signed quants, which makes them unsigned; 0 where they stay signed.
    const SIGNED_OFFSET: u8;
    /// The quants of a group in each column.
    type Quants: Copy;
    /// Sums of products.
    type Dots: Copy;
    /// As many f32.
    type Reals: Copy;

    unsafe fn quants<const SIGNED: bool>(from: *const u8) -> Self::Quants;
    unsafe fn start(with: i32) -> Self::Dots;
    /// Adds the products with one group of activations.
    unsafe fn dot<const SIGNED: bool>(dots: Self::Dots, w: Self::Quants, x: *const i8) -> Self::Dots;
    unsafe fn reals(dots: Self::Dots) -> Self::Reals;
    unsafe fn splat(x: f32) -> Self::Reals;
    unsafe fn load(from: *const f32) -> Self::Reals;
    unsafe fn store(reals: Self::Reals, to: *mut f32);
    unsafe fn product(a: Self::Reals, b: Self::Reals) -> Self::Reals;
    /// `sum + a * b`.
    unsafe fn add_product(sum: Self::Reals, a: Self::Reals, b: Self::Reals) -> Self::Reals;
    /// `sum - a * b`.
    unsafe fn take_product(sum: Self::Reals, a: Self::Reals, b: Self::Reals) -> Self::Reals;

    /// From a unit of each column to groups of all columns; signed quants become unsigned where there is an offset.
    unsafe fn transpose<F: Format>(columns: *const [u8; UNIT], to: *mut u8);

    /// [`tile`], compiled for the instruction set.
    unsafe fn tile<const HALVES: bool, const MINIMA: bool, const SIGNED: bool, const R: usize>(tile: &Tile<'_>);
}

/// Some rows by the columns of a panel.
pub(super) struct Tile<'a> {
    args: &'a BlocksArgs,
    bias: &'a [f32; PANEL_COLUMNS],
    row: usize,
    column: usize,
}

/// What the quants of a panel are above the elements.
fn offset<A: Across, F: Format>() -> u8 {
    if F::SIGNED { A::SIGNED_OFFSET } else { F::OFFSET }
}

/// Bytes of a unit of a panel: quants by groups, then scales, then minima.
const fn unit_bytes<A: Across>(halves: bool, minima: bool) -> usize {
    let reals = if halves { 2 } else { 1 } * if minima { 2 } else { 1 };
    A::COLUMNS * (UNIT + reals * size_of::<f32>())
}

/// The whole product.
///
/// # Safety
/// As the door checked; the caller is compiled for the instruction set.
#[inline(always)]
pub(super) unsafe fn gemm<A: Across, F: Format>(args: &BlocksArgs) {
    // SAFETY: as for this function.
    unsafe {
        quantise_rows::<F>(args, i32::from(offset::<A, F>()));
        let mut column = 0;
        while column < args.n {
            pack::<A, F>(args, column);
            let mut bias = [0.0; PANEL_COLUMNS];
            if !args.bias.is_null() {
                let count = A::COLUMNS.min(args.n.wrapping_sub(column));
                args.bias.add(column).copy_to_nonoverlapping(bias.as_mut_ptr(), count);
            }
            match (F::HALVES, F::MINIMA, F::SIGNED && A::SIGNED_OFFSET == 0) {
                (false, false, false) => rows::<A, false, false, false>(args, &bias, column),
                (false, true, _) => rows::<A, false, true, false>(args, &bias, column),
                (true, false, _) => rows::<A, true, false, false>(args, &bias, column),
                (true, true, _) => rows::<A, true, true, false>(args, &bias, column),
                (false, false, true) => rows::<A, false, false, true>(args, &bias, column),
            }
            column = column.wrapping_add(A::COLUMNS);
        }
    }
}

/// Decodes the columns from `column` on; those past the last one are the last one again.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn pack<A: Across, F: Format>(args: &BlocksArgs, column: usize) {
    let blocks = args.k / (UNIT * F::UNITS);
    let stride = unit_bytes::<A>(F::HALVES, F::MINIMA);
    let parts = if F::HALVES { 2 } else { 1 };
    let mut columns = [[[0; UNIT]; PANEL_COLUMNS]; UNITS];
    for block in 0..blocks {
        // SAFETY: as for this function; the panel has room for every unit of as many columns.
        unsafe {
            let to = args.panel.add(block.wrapping_mul(F::UNITS).wrapping_mul(stride));
            #[allow(clippy::needless_range_loop, reason = "the lane is one of each unit's columns")]
            for lane in 0..A::COLUMNS {
                let row = column.wrapping_add(lane).min(args.n.wrapping_sub(1));
                let block = args.weights.add(row.wrapping_mul(blocks).wrapping_add(block).wrapping_mul(F::BYTES));
                let header = F::header::<A>(block);
                for_each_unit!(F, unit => {
                    columns[unit][lane] = F::quants(block, unit);
                    let reals = to.add(unit * stride + A::COLUMNS * UNIT).cast::<f32>().add(lane);
                    reals.write(header.scales[0][unit]);
                    if F::HALVES {
                        reals.add(A::COLUMNS).write(header.scales[1][unit]);
                    }
                    if F::MINIMA {
                        reals.add(parts * A::COLUMNS).write(header.minima[0][unit]);
                    }
                    if F::MINIMA && F::HALVES {
                        reals.add((parts + 1) * A::COLUMNS).write(header.minima[1][unit]);
                    }
                });
            }
            for (unit, columns) in columns.iter().enumerate().take(F::UNITS) {
                A::transpose::<F>(columns.as_ptr(), to.add(unit.wrapping_mul(stride)));
            }
        }
    }
}

/// Every row by the columns of the panel.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn rows<A: Across, const HALVES: bool, const MINIMA: bool, const SIGNED: bool>(
    args: &BlocksArgs,
    bias: &[f32; PANEL_COLUMNS],
    column: usize,
) {
    let mut row = 0;
    while row < args.m {
        let tile = Tile { args, bias, row, column };
        // SAFETY: as for this function; no tile has more rows than are left.
        let done = unsafe {
            match args.m.wrapping_sub(row) {
                8.. => (A::tile::<HALVES, MINIMA, SIGNED, 8>(&tile), 8).1,
                4.. => (A::tile::<HALVES, MINIMA, SIGNED, 4>(&tile), 4).1,
                2.. => (A::tile::<HALVES, MINIMA, SIGNED, 2>(&tile), 2).1,
                _ => (A::tile::<HALVES, MINIMA, SIGNED, 1>(&tile), 1).1,
            }
        };
        row = row.wrapping_add(done);
    }
}

/// `R` rows by the columns of a panel.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
pub(super) unsafe fn tile<A: Across, const HALVES: bool, const MINIMA: bool, const SIGNED: bool, const R: usize>(
    tile: &Tile<'_>,
) {
    let Tile { args, bias, row, column } = *tile;
    let units = args.k / UNIT;
    let (parts, groups) = if HALVES { (2, UNIT / GROUP / 2) } else { (1, UNIT / GROUP) };
    // SAFETY: as for this function.
    unsafe {
        let mut x = [args.scales.units.cast_const(); R];
        for (i, x) in x.iter_mut().enumerate() {
            *x = x.add(row.wrapping_add(i).wrapping_mul(units));
        }
        let mut panel = args.panel.cast_const();
        let mut sums = [A::splat(0.0); R];
        for _ in 0..units {
            let reals = panel.add(A::COLUMNS * UNIT).cast::<f32>();
            for half in 0..parts {
                let mut dots = [A::start(0); R];
                for i in 0..R {
                    dots[i] = A::start((*x[i]).start[half]);
                }
                for group in half * groups..(half + 1) * groups {
                    let w = A::quants::<SIGNED>(panel.add(group * A::COLUMNS * GROUP));
                    for (dots, x) in dots.iter_mut().zip(x) {
                        *dots = A::dot::<SIGNED>(*dots, w, (*x).quants.as_ptr().add(group * GROUP));
                    }
                }
                let scales = A::load(reals.add(half * A::COLUMNS));
                for i in 0..R {
                    let scales = A::product(scales, A::splat((*x[i]).scale));
                    sums[i] = A::add_product(sums[i], A::reals(dots[i]), scales);
                }
                if MINIMA {
                    let minima = A::load(reals.add((parts + half) * A::COLUMNS));
                    for i in 0..R {
                        sums[i] = A::take_product(sums[i], minima, A::splat((*x[i]).sums[half]));
                    }
                }
            }
            panel = panel.add(unit_bytes::<A>(HALVES, MINIMA));
            for x in &mut x {
                *x = x.add(1);
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            let mut results = [0.0; PANEL_COLUMNS];
            A::store(sums, results.as_mut_ptr());
            for (result, bias) in results[..A::COLUMNS].iter_mut().zip(bias) {
                *result = args.clamp.apply(*result + bias);
            }
            let count = A::COLUMNS.min(args.n.wrapping_sub(column));
            let to = args.y.add(row.wrapping_add(i).wrapping_mul(args.n).wrapping_add(column));
            if count == A::COLUMNS {
                results.as_ptr().copy_to_nonoverlapping(to, A::COLUMNS);
            } else {
                results.as_ptr().copy_to_nonoverlapping(to, count);
            }
        }
    }
}
