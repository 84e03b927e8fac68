//! The sums of int8 products whose window slides, with AVX-512 VNNI.

use super::gemm_q8::GROUP;
use super::sums_q8::{spread, vectors};
use crate::q8::ProductArgs;
use std::arch::x86_64::*;

/// The columns of a window that slides: see `slides`.
const SLIDING: usize = 3;

/// Whether a run is three pixels, each the neighbour of the one before, in whole groups: what a tile's pixels see of an
/// element of A is then read once, not once for each column of the window.
pub(super) fn slides(product: &ProductArgs, step: usize) -> bool {
    product.taps.cols == 1 && product.taps.len == SLIDING.wrapping_mul(step) && step.is_multiple_of(GROUP)
}

/// The sums of pixels whose window slides, as `sums` makes them.
///
/// # Safety
/// As for `sums`; `slides` must be so.
#[inline(always)]
pub(super) unsafe fn sliding_sums<const MR: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    mut b: *const i8,
    first: usize,
) -> [[__m512i; 1]; MR] {
    let taps = product.taps;
    // Bytes of the weights of a column of the window.
    let column = step.wrapping_mul(64 / GROUP);
    let (mut row, mut rows) = (a, taps.rows);
    // SAFETY: as the caller says: a pixel and the two after it are its run, the panel has every group.
    unsafe {
        let mut sums = [vectors::<1>(product.bias.add(first)); MR];
        while rows > 0 {
            let (mut at, mut left) = (row, step);
            while left > 0 {
                let weights: [[__m512i; 1]; SLIDING] =
                    std::array::from_fn(|i| vectors(b.wrapping_add(column.wrapping_mul(i)).cast()));
                for pixel in 0..MR + SLIDING - 1 {
                    let four = at.wrapping_add(step.wrapping_mul(4).wrapping_mul(pixel / 4));
                    let x = spread::<GROUP>(four.wrapping_add(step.wrapping_mul(pixel % 4)));
                    for (i, [weights]) in weights.into_iter().enumerate() {
                        if i <= pixel && pixel - i < MR {
                            let [sum] = &mut sums[pixel - i];
                            *sum = _mm512_dpbusd_epi32(*sum, x, weights);
                        }
                    }
                }
                b = b.add(64);
                at = at.wrapping_add(GROUP);
                left = left.wrapping_sub(GROUP);
            }
            b = b.add(column.wrapping_mul(SLIDING - 1));
            row = row.wrapping_add(taps.row);
            rows = rows.wrapping_sub(1);
        }
        sums
    }
}
