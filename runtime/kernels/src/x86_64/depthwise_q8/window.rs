//! How the taps of a window are grouped and summed.

use super::access::Access;
use super::{TAPS, Vectors};
use crate::q8::DepthwiseQ8Args;

/// How a window's taps are grouped.
pub(super) trait Shape {
    /// Lines that are made at once.
    const LINES: usize;

    /// The sums of a block; only those of the lines count.
    unsafe fn sums<V: Vectors, A: Access<V>>(
        args: &DepthwiseQ8Args,
        access: A,
        x: *const u8,
        weights: *const i8,
        bias: *const i32,
    ) -> [[V::Sums; 4]; 2];
}

/// Three rows, of one line or of two that overlap.
pub(super) struct Tall<const LINES: usize>;

impl<const LINES: usize> Shape for Tall<LINES> {
    const LINES: usize = LINES;

    #[inline(always)]
    unsafe fn sums<V: Vectors, A: Access<V>>(
        args: &DepthwiseQ8Args,
        access: A,
        mut x: *const u8,
        mut weights: *const i8,
        bias: *const i32,
    ) -> [[V::Sums; 4]; 2] {
        // SAFETY: as the caller says.
        unsafe {
            let mut sums = [V::bias(bias); 2];
            for _ in 0..args.taps.cols {
                let quads = column::<V, A, LINES>(args, access, x);
                for (line, sums) in sums.iter_mut().enumerate().take(LINES) {
                    *sums = V::dot(*sums, quads, V::weights(weights.add(line * V::WEIGHTS)));
                }
                weights = weights.add(2 * V::WEIGHTS);
                x = x.add(args.taps.col);
            }
            sums
        }
    }
}

/// Any window, four taps at a time in order.
pub(super) struct Any;

impl Shape for Any {
    const LINES: usize = 1;

    #[inline(always)]
    unsafe fn sums<V: Vectors, A: Access<V>>(
        args: &DepthwiseQ8Args,
        access: A,
        x: *const u8,
        mut weights: *const i8,
        bias: *const i32,
    ) -> [[V::Sums; 4]; 2] {
        let taps = args.taps;
        // SAFETY: as the caller says: only taps of the window are read.
        unsafe {
            let mut sums = V::bias(bias);
            let (mut row, mut col) = (0_usize, 0_usize);
            while row < taps.rows {
                let mut quads = [V::zero(); TAPS];
                for bytes in &mut quads {
                    if row < taps.rows {
                        *bytes = access.load(x.add(row.wrapping_mul(taps.row)).add(col.wrapping_mul(taps.col)));
                        col = col.wrapping_add(1);
                        if col == taps.cols {
                            (row, col) = (row.wrapping_add(1), 0);
                        }
                    }
                }
                sums = V::dot(sums, V::interleave(quads), V::weights(weights));
                weights = weights.add(V::WEIGHTS);
            }
            [sums; 2]
        }
    }
}

/// A column of three rows, or of four where two lines are made.
#[inline(always)]
pub(super) unsafe fn column<V: Vectors, A: Access<V>, const LINES: usize>(
    args: &DepthwiseQ8Args,
    access: A,
    x: *const u8,
) -> V::Quads {
    // SAFETY: as the caller says; the fourth row is the third of the second line.
    unsafe {
        let x1 = x.add(args.taps.row);
        let x2 = x1.add(args.taps.row);
        let last = if LINES == 2 { access.load(x2.add(args.taps.row)) } else { V::zero() };
        V::interleave([access.load(x), access.load(x1), access.load(x2), last])
    }
}
