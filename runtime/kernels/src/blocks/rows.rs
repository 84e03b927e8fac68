//! The product in which each output is a sum along its row of weights: units are decoded into registers, and each
//! serves a few rows of activations.

use super::BlocksArgs;
use super::activations::{Scales, UNIT, Unit, quantise};
use super::formats::{Format, Half, Header, UNITS, for_each_unit};

/// What an instruction set brings for sums along k.
pub(super) trait Machine: Half + Sized {
    /// The quants of a unit.
    type Quants: Copy;
    /// Several sums in f32, which make one.
    type Sum: Copy;

    /// What its quants are above the elements, which sums start from what makes up for.
    fn offset<F: Format>() -> i32;

    /// Decoded quants in registers.
    ///
    /// # Safety
    /// The CPU has the instruction set, as for all below.
    unsafe fn quants<F: Format>(quants: [u8; UNIT]) -> Self::Quants;

    /// Nothing.
    ///
    /// # Safety
    /// As above.
    unsafe fn zero() -> Self::Sum;

    /// Adds the product of two units, by the scales of the halves (or of all, the first).
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
        scales: Scales,
    ) -> [[f32; C]; R] {
        // SAFETY: as for this function.
        unsafe { tile::<Self, F, R, C>(w, x, units, scales) }
    }
}

/// The whole product, in tiles of one row by four, or `ROWS` by two where there are as many.
///
/// # Safety
/// As the door checked; the caller is compiled for the instruction set.
#[inline(always)]
pub(super) unsafe fn gemm<M: Machine, F: Format, const ROWS: usize>(args: &BlocksArgs) {
    // SAFETY: as for this function.
    unsafe {
        quantise::<F, true>(args.x, args.scales, M::offset::<F>());
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
        // SAFETY: as for this function.
        unsafe {
            let (mut w, mut x) = ([args.weights; C], [args.scales.units.cast_const(); R]);
            for (i, w) in w.iter_mut().enumerate() {
                let at = column.wrapping_add(i).min(args.n.wrapping_sub(1));
                *w = w.add(at.wrapping_mul(row_bytes));
            }
            for (i, x) in x.iter_mut().enumerate() {
                *x = x.add(row.wrapping_add(i).wrapping_mul(units));
            }
            let sums = M::tile::<F, R, C>(w, x, units, args.scales);
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
    mut x: [*const Unit; R],
    units: usize,
    scales: Scales,
) -> [[f32; C]; R] {
    // SAFETY: as for this function.
    unsafe {
        // Loops and no closures: those would not always be compiled for the instruction set.
        let mut sums = [[M::zero(); C]; R];
        let mut minima = [[[0.0_f32; UNITS]; C]; R];
        let mut first = 0;
        while first < units {
            block::<M, F, R, C>(&mut sums, &mut minima, w, x, scales);
            for w in &mut w {
                *w = w.add(F::BYTES);
            }
            for x in &mut x {
                *x = x.add(F::UNITS);
            }
            first = first.wrapping_add(F::UNITS);
        }
        let mut totals = [[0.0; C]; R];
        for i in 0..R {
            for j in 0..C {
                totals[i][j] = M::total(sums[i][j]);
                if F::MINIMA {
                    totals[i][j] -= sum(minima[i][j]);
                }
            }
        }
        totals
    }
}

/// The sum, by pairs, so that no addition waits for all before it.
#[inline(always)]
fn sum(mut numbers: [f32; UNITS]) -> f32 {
    for half in [4, 2, 1] {
        for i in 0..half {
            numbers[i] += numbers[i + half];
        }
    }
    numbers[0]
}

/// Adds a block.
///
/// # Safety
/// As for [`gemm`]; a block stands at each pointer.
#[inline(always)]
unsafe fn block<M: Machine, F: Format, const R: usize, const C: usize>(
    sums: &mut [[M::Sum; C]; R],
    minima: &mut [[[f32; UNITS]; C]; R],
    w: [*const u8; C],
    x: [*const Unit; R],
    activations: Scales,
) {
    // SAFETY: as for this function.
    unsafe {
        let mut scales = [[[[0.0_f32; UNITS]; 2]; C]; R];
        for j in 0..C {
            let header = F::header::<M>(w[j]);
            for i in 0..R {
                scales[i][j] = products::<F>(&header, x[i], activations, &mut minima[i][j]);
            }
        }
        for_each_unit!(F, unit => {
            for j in 0..C {
                let quants = M::quants::<F>(F::quants(w[j], unit));
                for i in 0..R {
                    let [first, second] = scales[i][j];
                    let scales = [first[unit], second[unit]];
                    sums[i][j] = M::add::<F>(sums[i][j], quants, &*x[i].add(unit), scales);
                }
            }
        });
    }
}

/// The scales of weights by those of activations; what minima take is added to `minima`.
///
/// # Safety
/// A block's units stand at `x`.
#[inline(always)]
unsafe fn products<F: Format>(
    header: &Header,
    x: *const Unit,
    activations: Scales,
    minima: &mut [f32; UNITS],
) -> [[f32; UNITS]; 2] {
    let [mut scales, mut first, mut second] = [[0.0; UNITS]; Scales::NUMBERS];
    // SAFETY: as for this function.
    unsafe {
        if F::UNITS == 1 {
            (scales[0], [first[0], second[0]]) = ((*x).scale, (*x).sums);
        } else {
            [scales, first, second] = activations.of(x);
        }
    }
    let mut products = [[0.0; UNITS]; 2];
    for i in 0..F::UNITS {
        products[0][i] = header.scales[0][i] * scales[i];
        if F::HALVES {
            products[1][i] = header.scales[1][i] * scales[i];
        }
        if F::MINIMA {
            minima[i] += header.minima[0][i] * first[i];
        }
        if F::MINIMA && F::HALVES {
            minima[i] += header.minima[1][i] * second[i];
        }
    }
    products
}
