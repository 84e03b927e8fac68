//! The product in which each output is a sum along its row of weights: units are decoded into registers, and each
//! serves a few rows of activations.

use super::BlocksArgs;
use super::activations::{UNIT, Unit, quantise};
use super::formats::Format;

/// What an instruction set brings for sums along k.
pub(super) trait Machine: Sized {
    /// Whether the offset stays in quants, and sums start from what makes up for it.
    const OFFSET_IN_QUANTS: bool;
    /// The quants of a unit.
    type Quants: Copy;
    /// Several sums in f32, which make one.
    type Sum: Copy;

    /// A finite f16 in f32.
    ///
    /// # Safety
    /// The CPU has the instruction set, as for all below.
    unsafe fn half(bits: u16) -> f32;

    /// Decoded quants in registers.
    ///
    /// # Safety
    /// As above.
    unsafe fn quants<F: Format>(quants: [u8; UNIT]) -> Self::Quants;

    /// Nothing.
    ///
    /// # Safety
    /// As above.
    unsafe fn zero() -> Self::Sum;

    /// Adds the product of two units, by the scales of the weights' halves.
    ///
    /// # Safety
    /// As above.
    unsafe fn add<F: Format>(sum: Self::Sum, w: Self::Quants, x: &Unit, scales: [f32; 2]) -> Self::Sum;

    /// The one sum.
    ///
    /// # Safety
    /// As above.
    unsafe fn total(sum: Self::Sum) -> f32;

    /// The sums of `R` rows by `C` columns, over so many units from each pointer on.
    ///
    /// # Safety
    /// As above; the units are there.
    #[inline(always)]
    unsafe fn tile<F: Format, const R: usize, const C: usize>(
        w: [*const u8; C],
        x: [*const Unit; R],
        units: usize,
    ) -> [[f32; C]; R] {
        // SAFETY: as for this function.
        unsafe { tile::<Self, F, R, C>(w, x, units) }
    }
}

/// The offset that sums have to make up for.
fn offset_in_quants<M: Machine, F: Format>() -> i32 {
    if M::OFFSET_IN_QUANTS { i32::from(F::OFFSET) } else { 0 }
}

/// Quantises all rows.
///
/// # Safety
/// As the door checked.
#[inline(always)]
pub(super) unsafe fn quantise_rows<F: Format>(args: &BlocksArgs, offset: i32) {
    // SAFETY: as for this function.
    unsafe { quantise::<F>(args.x, args.units, args.m.wrapping_mul(args.k / UNIT), offset) }
}

/// The whole product, in tiles of one row by four, or `ROWS` by two where there are as many.
///
/// # Safety
/// As the door checked; the caller is compiled for the instruction set.
#[inline(always)]
pub(super) unsafe fn gemm<M: Machine, F: Format, const ROWS: usize>(args: &BlocksArgs) {
    // SAFETY: as for this function.
    unsafe {
        quantise_rows::<F>(args, offset_in_quants::<M, F>());
        let mut row = 0;
        while ROWS > 1 && args.m.wrapping_sub(row) >= ROWS {
            columns::<M, F, ROWS, 2>(args, row);
            row = row.wrapping_add(ROWS);
        }
        while row < args.m {
            columns::<M, F, 1, 4>(args, row);
            row = row.wrapping_add(1);
        }
    }
}

/// All columns of `R` rows, `C` at a time; columns past the last one are the last one again, and not written.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn columns<M: Machine, F: Format, const R: usize, const C: usize>(args: &BlocksArgs, row: usize) {
    let units = args.k / UNIT;
    let row_bytes = units / F::UNITS * F::BYTES;
    let mut column = 0;
    while column < args.n {
        let at = |i: usize| column.wrapping_add(i).min(args.n.wrapping_sub(1));
        // SAFETY: as for this function.
        unsafe {
            let w = core::array::from_fn(|i| args.weights.add(at(i).wrapping_mul(row_bytes)));
            let x = core::array::from_fn(|i| args.units.cast_const().add(row.wrapping_add(i).wrapping_mul(units)));
            let sums = M::tile::<F, R, C>(w, x, units);
            for (i, sums) in sums.into_iter().enumerate() {
                for (j, sum) in sums.into_iter().take(args.n.wrapping_sub(column)).enumerate() {
                    args.finish(row.wrapping_add(i), column.wrapping_add(j), sum);
                }
            }
        }
        column = column.wrapping_add(C);
    }
}

/// # Safety
/// As for [`gemm`]; so many units stand at each pointer.
#[inline(always)]
pub(super) unsafe fn tile<M: Machine, F: Format, const R: usize, const C: usize>(
    mut w: [*const u8; C],
    x: [*const Unit; R],
    units: usize,
) -> [[f32; C]; R] {
    // SAFETY: as for this function.
    unsafe {
        let mut sums = [[M::zero(); C]; R];
        let mut minima = [[0.0_f32; C]; R];
        let mut first = 0;
        while first < units {
            let headers = w.map(|block| F::header(block, |bits| M::half(bits)));
            for unit in 0..F::UNITS {
                let x = x.map(|x| &*x.add(first.wrapping_add(unit)));
                for (j, header) in headers.iter().enumerate() {
                    let quants = M::quants::<F>(F::quants(w[j], unit));
                    let scales = F::scales(header, unit);
                    for (i, x) in x.iter().enumerate() {
                        sums[i][j] = M::add::<F>(sums[i][j], quants, x, scales);
                        if F::MINIMA {
                            minima[i][j] += take_minima::<F>(F::minima(header, unit), x);
                        }
                    }
                }
            }
            w = w.map(|block| block.add(F::BYTES));
            first = first.wrapping_add(F::UNITS);
        }
        core::array::from_fn(|i| core::array::from_fn(|j| M::total(sums[i][j]) - minima[i][j]))
    }
}

/// What the minima take from the product of a unit.
#[inline(always)]
pub(super) fn take_minima<F: Format>(minima: [f32; 2], x: &Unit) -> f32 {
    let first = minima[0] * x.sums[0];
    if F::HALVES { first + minima[1] * x.sums[1] } else { first }
}
