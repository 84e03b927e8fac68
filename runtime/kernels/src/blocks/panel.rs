//! The product in which a vector holds the outputs of a few columns, whose weights were packed side by side. Quants are
//! taken apart in registers, and each serves a few rows of activations.

use super::across::{Across, COLUMNS};
use super::activations::{Unit, quantise};
use super::formats::Format;
use super::pack::{GROUP, GROUPS, Layout, Rows, pack};
use super::{BlockType, BlocksArgs, for_block_type};
use crate::aligned::Aligned;

/// Some rows by the columns of a panel.
pub(super) struct Tile<'a> {
    args: &'a BlocksArgs,
    panel: *const u8,
    /// One for each column of the panel.
    bias: *const f32,
    row: usize,
    column: usize,
}

/// What the quants of a panel are above the elements.
const fn offset<A: Across, F: Format>() -> u8 {
    if F::SIGNED { A::SIGNED_OFFSET } else { F::OFFSET }
}

/// Whether quants go into the products with their sign.
const fn signed<A: Across, F: Format>() -> bool {
    F::SIGNED && A::SIGNED_OFFSET == 0
}

/// Weights in panels of the instruction set; `None` where these do not fit into memory.
pub(super) fn panels<A: Across>(block_type: BlockType, rows: &Rows<'_>) -> Option<Aligned> {
    fn of<A: Across, F: Format>(rows: &Rows<'_>) -> Option<Aligned> {
        pack::<F>(rows, A::COLUMNS, if F::SIGNED { A::SIGNED_OFFSET } else { 0 })
    }
    for_block_type!(block_type, of::<A>, rows)
}

/// The whole product.
///
/// # Safety
/// As the door checked; the caller is compiled for the instruction set.
#[inline(always)]
pub(super) unsafe fn gemm<A: Across, F: Format>(args: &BlocksArgs) {
    // SAFETY: as for this function.
    unsafe {
        quantise::<F, false>(args.x, args.scales, i32::from(offset::<A, F>()));
        let [_, _, panel_bytes] = Layout::of::<F>(A::COLUMNS).offsets::<F>(args.k / F::ELEMENTS);
        let (mut panel, mut column) = (args.weights, 0);
        while column < args.n {
            let mut bias = [0.0; COLUMNS];
            let count = A::COLUMNS.min(args.n.wrapping_sub(column));
            if !args.bias.is_null() {
                args.bias.add(column).copy_to_nonoverlapping(bias.as_mut_ptr(), count);
            }
            rows::<A, F>(&Tile { args, panel, bias: bias.as_ptr(), row: 0, column });
            panel = panel.add(panel_bytes);
            column = column.wrapping_add(A::COLUMNS);
        }
    }
}

/// Every row by the columns of a panel.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn rows<A: Across, F: Format>(first: &Tile<'_>) {
    let mut row = 0;
    while row < first.args.m {
        let tile = Tile { row, ..*first };
        // SAFETY: as for this function; no tile has more rows than are left.
        let done = unsafe {
            match first.args.m.wrapping_sub(row).min(A::ROWS) {
                8.. => (A::tile::<F, 8>(&tile), 8).1,
                4.. => (A::tile::<F, 4>(&tile), 4).1,
                3 => (A::tile::<F, 3>(&tile), 3).1,
                2 => (A::tile::<F, 2>(&tile), 2).1,
                _ => (A::tile::<F, 1>(&tile), 1).1,
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
pub(super) unsafe fn tile<A: Across, F: Format, const R: usize>(tile: &Tile<'_>) {
    let Tile { args, panel, bias, row, column } = *tile;
    let layout = const { Layout::of::<F>(A::COLUMNS) };
    let blocks = args.k / F::ELEMENTS;
    let units = blocks.wrapping_mul(F::UNITS);
    let [numbers, factors, _] = layout.offsets::<F>(blocks);
    // SAFETY: as for this function.
    unsafe {
        let mut x = [args.scales.units.cast_const(); R];
        for (i, x) in x.iter_mut().enumerate() {
            *x = x.add(row.wrapping_add(i).wrapping_mul(units));
        }
        let (mut quants, mut numbers, mut factors) = (panel, panel.add(numbers), panel.add(factors));
        let mut sums = [A::splat(0.0); R];
        for _ in 0..blocks {
            let scale = A::halves(factors);
            let minimum = if F::MINIMA { A::halves(factors.add(layout.factors / 2)) } else { scale };
            factors = factors.add(layout.factors);
            for _ in 0..F::UNITS {
                let unit = Weights::<A> { quants, numbers, scale, minimum };
                part::<A, F, R>(&mut sums, &unit, &x, 0);
                if F::HALVES {
                    part::<A, F, R>(&mut sums, &unit, &x, 1);
                }
                quants = quants.add(layout.quants);
                numbers = numbers.add(layout.numbers);
                for x in &mut x {
                    *x = x.add(1);
                }
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            let results = A::clamped(A::sum(sums, A::load(bias)), args.clamp);
            let to = args.y.add(row.wrapping_add(i).wrapping_mul(args.n).wrapping_add(column));
            let count = args.n.wrapping_sub(column);
            if count >= A::COLUMNS {
                A::store(results, to);
            } else {
                let mut all = [0.0; COLUMNS];
                A::store(results, all.as_mut_ptr());
                all.as_ptr().copy_to_nonoverlapping(to, count);
            }
        }
    }
}

/// A unit of each column: where its quants and numbers stand, and the factors of its block.
struct Weights<A: Across> {
    quants: *const u8,
    numbers: *const u8,
    scale: A::Reals,
    minimum: A::Reals,
}

/// The body for each group of a unit, which so is a constant: shifts by it are.
macro_rules! for_each_group {
    ($group:ident => $body:block) => {
        for_each_group!($group => $body, 0, 1, 2, 3, 4, 5, 6, 7)
    };
    ($group:ident => $body:block, $($number:literal),*) => {
        $({
            let $group = $number;
            $body
        })*
    };
}

/// Adds a unit, or a half of it.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn part<A: Across, F: Format, const R: usize>(
    sums: &mut [A::Reals; R],
    w: &Weights<A>,
    x: &[*const Unit; R],
    part: usize,
) {
    let parts = if F::HALVES { 2 } else { 1 };
    let (groups, signed) = (GROUPS / parts, signed::<A, F>());
    let run = groups.min(A::run_groups(F::LOW_BITS + F::UPPER_BITS, signed));
    // SAFETY: as for this function.
    unsafe {
        let mut dots = [A::start(0); R];
        if offset::<A, F>() != 0 {
            for i in 0..R {
                dots[i] = A::start((*x[i]).start[part]);
            }
        }
        let mut runs = [A::run(dots[0]); R];
        for_each_group!(group => {
            if group / groups == part {
                let quants = quants::<A, F>(w.quants, group);
                for i in 0..R {
                    if group % run == 0 {
                        runs[i] = A::run(dots[i]);
                    }
                    let x = (*x[i]).quants.as_ptr().add(group * GROUP);
                    runs[i] = A::multiply(runs[i], quants, x, signed);
                    if group % run == run - 1 {
                        dots[i] = A::settle(dots[i], runs[i]);
                    }
                }
            }
        });
        let (mut scales, mut minima) = (w.scale, w.minimum);
        if F::UNITS > 1 {
            scales = A::product(scales, A::numbers(w.numbers.add(part * A::COLUMNS)));
            if F::MINIMA {
                minima = A::product(minima, A::numbers(w.numbers.add((parts + part) * A::COLUMNS)));
            }
        }
        for i in 0..R {
            let scales = A::product(scales, A::splat((*x[i]).scale));
            sums[i] = A::add_product(sums[i], A::reals(dots[i]), scales);
            if F::MINIMA {
                sums[i] = A::take_product(sums[i], minima, A::splat((*x[i]).sums[part]));
            }
        }
    }
}

/// A group of quants of each column.
///
/// # Safety
/// As for [`gemm`]; a unit stands at `unit`.
#[inline(always)]
unsafe fn quants<A: Across, F: Format>(unit: *const u8, group: usize) -> A::Bytes {
    let layout = const { Layout::of::<F>(A::COLUMNS) };
    // SAFETY: as for this function.
    unsafe {
        let before = group * F::LOW_BITS;
        let low = A::bytes(unit.add(before / 8 * layout.vector));
        if F::LOW_BITS == 8 {
            return low;
        }
        let low = A::bits(low, before % 8, 0, mask(F::LOW_BITS));
        if F::UPPER_BITS == 0 {
            return low;
        }
        let before = group * F::UPPER_BITS;
        let upper = A::bytes(unit.add((layout.low + before / 8) * layout.vector));
        A::either(low, A::bits(upper, before % 8, F::LOW_BITS, mask(F::UPPER_BITS) << F::LOW_BITS))
    }
}

/// So many bits, the lowest ones.
const fn mask(bits: usize) -> u8 {
    ((1_u32 << bits) - 1) as u8
}
