//! The f32 product in tiles of up to 5 rows by 16 columns: 20 of the 32 registers hold sums, 5 hold A, the rest B.

use core::arch::aarch64::{
    float32x4_t, vaddq_f32, vdupq_n_f32, vfmaq_laneq_f32, vfmaq_n_f32, vld1q_f32, vmaxq_f32, vminq_f32,
};

use super::part::{load_f32, store_f32};
use super::walk::{At, Runs, walk};
use crate::gemm::{GemmF32Args, GemmF32Table};

/// Rows of a full tile.
const ROWS: usize = 5;

/// Columns of a full panel: four vectors.
const WIDTH: usize = 16;

pub(crate) const GEMM_F32: GemmF32Table =
    GemmF32Table { name: "gemm_f32_5x16_neon", vector: 4, panel: WIDTH, run: gemm_f32 };

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn gemm_f32(args: &GemmF32Args) {
    walk(args.grid, [args.from, args.to, args.residual_at], args.n, WIDTH, |pixels, first| {
        // SAFETY: as for this function; a panel has as many vectors as its columns need.
        unsafe {
            match args.n.wrapping_sub(first).div_ceil(4) {
                1 => panel::<1>(args, pixels, first),
                2 => panel::<2>(args, pixels, first),
                3 => panel::<3>(args, pixels, first),
                _ => panel::<4>(args, pixels, first),
            }
        }
    });
}

/// # Safety
/// As for the kernel; the panel is `V` vectors wide.
#[inline(never)]
unsafe fn panel<const V: usize>(args: &GemmF32Args, pixels: &[At], first: usize) {
    // SAFETY: as for this function; each tile gets as many pixels as it has rows.
    unsafe {
        let mut rest = pixels;
        while let Some((rows, after)) = rest.split_at_checked(ROWS) {
            tile::<ROWS, V>(args, rows, first);
            rest = after;
        }
        match rest.len() {
            1 => tile::<1, V>(args, rest, first),
            2 if V.is_multiple_of(2) => tile::<2, V>(args, rest, first),
            3 if V.is_multiple_of(2) => tile::<3, V>(args, rest, first),
            4 if V.is_multiple_of(2) => tile::<4, V>(args, rest, first),
            // Panels of an odd width are rare, and code takes room.
            _ => (0..rest.len()).for_each(|row| tile::<1, V>(args, &rest[row..], first)),
        }
    }
}

/// # Safety
/// As for the panel; `pixels` are `M`.
#[inline(always)]
unsafe fn tile<const M: usize, const V: usize>(args: &GemmF32Args, pixels: &[At], first: usize) {
    // SAFETY: as for this function.
    unsafe {
        let pixels = pixels.first_chunk::<M>().unwrap_unchecked();
        let sums = sums::<M, V>(args, pixels.map(|at| args.a.add(at.a)), first);
        let columns = args.n.wrapping_sub(first);
        if args.residual.is_null() && columns >= 4 * V {
            let (min, max) = (vdupq_n_f32(args.clamp.min), vdupq_n_f32(args.clamp.max));
            for (at, row) in pixels.iter().zip(sums) {
                let row = row.map(|sum| vminq_f32(vmaxq_f32(sum, min), max));
                store_f32(args.c.add(at.c.wrapping_add(first)), row, 4 * V);
            }
        } else {
            any_rows(args, &sums, pixels, first);
        }
    }
}

/// Rows with a residual, or that end within a vector: apart, because each tile would hold a copy for each of its rows.
///
/// # Safety
/// As for the tile; as many rows of sums as pixels.
#[inline(never)]
unsafe fn any_rows<const V: usize>(args: &GemmF32Args, sums: &[[float32x4_t; V]], pixels: &[At], first: usize) {
    // SAFETY: as for this function.
    unsafe {
        let (min, max) = (vdupq_n_f32(args.clamp.min), vdupq_n_f32(args.clamp.max));
        let columns = args.n.wrapping_sub(first);
        for (at, row) in pixels.iter().zip(sums) {
            let mut row = *row;
            if !args.residual.is_null() {
                let residual = load_f32::<V>(args.residual.add(at.r.wrapping_add(first)), columns);
                for (sum, r) in row.iter_mut().zip(residual) {
                    *sum = vaddq_f32(*sum, r);
                }
            }
            // Maximum and minimum give NaN where either is NaN, and no bound is.
            let row = row.map(|sum| vminq_f32(vmaxq_f32(sum, min), max));
            store_f32(args.c.add(at.c.wrapping_add(first)), row, columns);
        }
    }
}

/// The tile's sums, bias added.
///
/// # Safety
/// As for the tile.
#[inline(always)]
unsafe fn sums<const M: usize, const V: usize>(
    args: &GemmF32Args,
    a: [*const f32; M],
    first: usize,
) -> [[float32x4_t; V]; M] {
    // SAFETY: the door checked every run of every pixel; the panel has `V` vectors for each element of the runs.
    unsafe {
        let k = args.taps.rows.wrapping_mul(args.taps.cols).wrapping_mul(args.taps.len);
        let mut b = args.b.add(first.wrapping_mul(k));
        let bias: [float32x4_t; V] = vectors(args.bias.add(first));
        let mut sums = [bias; M];
        let mut runs = Runs::of(&args.taps);
        while let Some(mut at) = runs.next() {
            for _ in 0..args.taps.len / 4 {
                let x = a.map(|a| vld1q_f32(a.add(at)));
                step::<0, M, V>(&mut sums, x, &mut b);
                step::<1, M, V>(&mut sums, x, &mut b);
                step::<2, M, V>(&mut sums, x, &mut b);
                step::<3, M, V>(&mut sums, x, &mut b);
                at = at.wrapping_add(4);
            }
            for _ in 0..args.taps.len % 4 {
                let w: [float32x4_t; V] = vectors(b);
                b = b.add(4 * V);
                for (row, a) in sums.iter_mut().zip(a) {
                    let x = *a.add(at);
                    for (sum, w) in row.iter_mut().zip(w) {
                        *sum = vfmaq_n_f32(*sum, w, x);
                    }
                }
                at = at.wrapping_add(1);
            }
        }
        sums
    }
}

/// Adds what one element of k, lane `L` of each row, brings.
///
/// # Safety
/// `b` has `V` vectors.
#[inline(always)]
unsafe fn step<const L: i32, const M: usize, const V: usize>(
    sums: &mut [[float32x4_t; V]; M],
    x: [float32x4_t; M],
    b: &mut *const f32,
) {
    // SAFETY: as for this function.
    unsafe {
        let w: [float32x4_t; V] = vectors(*b);
        *b = b.add(4 * V);
        for (row, x) in sums.iter_mut().zip(x) {
            for (sum, w) in row.iter_mut().zip(w) {
                *sum = vfmaq_laneq_f32::<L>(*sum, w, x);
            }
        }
    }
}

/// # Safety
/// There are `V` vectors.
#[inline(always)]
unsafe fn vectors<const V: usize>(from: *const f32) -> [float32x4_t; V] {
    // SAFETY: as for this function.
    core::array::from_fn(|i| unsafe { vld1q_f32(from.add(4 * i)) })
}
