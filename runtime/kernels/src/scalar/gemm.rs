//! Matrix products, eight columns at a time so that a compiler can vectorise them.

use super::{pixels, runs};
use crate::gemm::{GemmF32Args, GemmF32Table};
use crate::q8::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};

/// Columns of a panel.
const WIDTH: usize = 8;

pub(crate) const GEMM_F32: GemmF32Table =
    GemmF32Table { name: "gemm_f32_1x8_scalar", vector: WIDTH, panel: WIDTH, run: gemm_f32 };

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_1x8_scalar",
    vector: WIDTH,
    panel: WIDTH,
    group: 1,
    slim: 0,
    offset: 0,
    floats: false,
    to_q8: gemm_q8,
    to_f32: gemm_q8_to_f32,
};

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn gemm_f32(args: &GemmF32Args) {
    let k = args.taps.rows * args.taps.cols * args.taps.len;
    for first in (0..args.n).step_by(WIDTH) {
        for [a, c, r] in pixels(args.grid, [args.from, args.to, args.residual_at]) {
            // SAFETY: the door checked every pixel of A, C and the residual; panels and bias are padded to whole panels.
            unsafe {
                let mut sums = *args.bias.add(first).cast::<[f32; WIDTH]>();
                let mut b = args.b.add(first * k).cast::<[f32; WIDTH]>();
                for run in runs(args.taps) {
                    for i in 0..args.taps.len {
                        let x = *args.a.add(a + run + i);
                        sums.iter_mut().zip(&*b).for_each(|(sum, w)| *sum += x * w);
                        b = b.add(1);
                    }
                }
                for (column, sum) in sums.into_iter().enumerate().take(args.n - first) {
                    let residual = if args.residual.is_null() { 0.0 } else { *args.residual.add(r + first + column) };
                    *args.c.add(c + first + column) = args.clamp.apply(sum + residual);
                }
            }
        }
    }
}

/// The sums of one pixel for the panel that starts at column `first`, bias added.
///
/// # Safety
/// As for the kernels.
unsafe fn sums(args: &ProductArgs, first: usize, a: usize) -> [i32; WIDTH] {
    let k = args.taps.rows * args.taps.cols * args.taps.len;
    // SAFETY: the door checked every pixel of A; panels and bias are padded to whole panels.
    unsafe {
        let mut sums = *args.bias.add(first).cast::<[i32; WIDTH]>();
        let mut b = args.b.add(first * k).cast::<[i8; WIDTH]>();
        for run in runs(args.taps) {
            for i in 0..args.taps.len {
                let x = i32::from(*args.a.add(a + run + i));
                sums.iter_mut().zip(&*b).for_each(|(sum, w)| *sum = sum.wrapping_add(x * i32::from(*w)));
                b = b.add(1);
            }
        }
        sums
    }
}

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn gemm_q8(args: &GemmQ8Args) {
    let product = &args.product;
    let residual_at = args.residual.map(|r| r.at).unwrap_or_default();
    for first in (0..product.n).step_by(WIDTH) {
        for [a, c, r] in pixels(product.grid, [product.from, args.to, residual_at]) {
            // SAFETY: the door checked every pixel of A, C and the residual; bias and scale are padded to whole panels.
            unsafe {
                let sums = sums(product, first, a);
                for (column, sum) in sums.into_iter().enumerate().take(product.n - first) {
                    let mut real = sum as f32 * *product.scale.add(first + column);
                    if let Some(residual) = &args.residual {
                        let own = f32::from(residual.product.apply(real)) - f32::from(residual.product.zero);
                        let other = f32::from(*residual.r.add(r + first + column)) - residual.zero as f32;
                        real = own * residual.product_scale + other * residual.scale;
                    }
                    *args.c.add(c + first + column) = args.requantize.apply(real);
                }
            }
        }
    }
}

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn gemm_q8_to_f32(args: &GemmQ8ToF32Args) {
    let product = &args.product;
    for first in (0..product.n).step_by(WIDTH) {
        for (pixel, [a, c]) in pixels(product.grid, [product.from, args.to]).enumerate() {
            // SAFETY: the door checked every pixel of A and C and counted the row scales; bias and scale are padded.
            unsafe {
                let sums = sums(product, first, a);
                let row = if args.row_scale.is_null() { 1.0 } else { *args.row_scale.add(pixel) };
                for (column, sum) in sums.into_iter().enumerate().take(product.n - first) {
                    let real = sum as f32 * *product.scale.add(first + column) * row;
                    *args.c.add(c + first + column) = args.clamp.apply(real + *args.bias.add(first + column));
                }
            }
        }
    }
}
