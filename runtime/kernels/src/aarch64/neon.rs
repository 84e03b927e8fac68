//! Sums of byte products on cores that have no dot product: eight products widen to 16 bits, eight more are added there,
//! and pairs of the sums are added at 32 bits.

use core::arch::aarch64::{
    int8x8_t, int32x4_t, vaddq_s32, vdup_n_u8, vdupq_n_s32, veor_u8, vld1_s8, vld1_u8, vmull_s8, vpadalq_s16,
    vpaddq_s32, vreinterpret_s8_u8,
};

use super::finish::Finish;
use super::gemm_q8::{Dot, WIDTH, bias, gemm_q8, gemm_q8_to_f32, tiles};
use super::walk::{At, Runs};
use crate::q8::{GemmQ8Table, ProductArgs};

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_4x16_neon",
    vector: 4,
    panel: WIDTH,
    group: 8,
    offset: 128,
    to_q8: gemm_q8::<Neon>,
    to_f32: gemm_q8_to_f32::<Neon>,
};

struct Neon;

impl Dot for Neon {
    const GROUP: usize = 8;

    #[inline(always)]
    unsafe fn sums<const M: usize, const V: usize>(
        product: &ProductArgs,
        a: [*const u8; M],
        b: *const i8,
        from: *const i32,
    ) -> [[int32x4_t; V]; M] {
        // SAFETY: as for this function; four columns of the panel are one vector of sums.
        unsafe {
            let mut sums = [bias::<V>(from); M];
            for vector in 0..V {
                let four = four_columns::<M, V>(product, a, b.add(32 * vector));
                for (row, four) in sums.iter_mut().zip(four) {
                    row[vector] = vaddq_s32(row[vector], four);
                }
            }
            sums
        }
    }

    #[inline(never)]
    unsafe fn panel<const V: usize, F: Finish>(product: &ProductArgs, finish: &F, pixels: &[At], first: usize) {
        // SAFETY: as for this function.
        unsafe { tiles::<Self, 4, V, F>(product, finish, pixels, first) }
    }
}

/// The sums of `M` rows by four columns of a panel of `V` vectors.
///
/// # Safety
/// As for [`Dot::sums`].
#[inline(always)]
unsafe fn four_columns<const M: usize, const V: usize>(
    product: &ProductArgs,
    a: [*const u8; M],
    mut b: *const i8,
) -> [int32x4_t; M] {
    let taps = &product.taps;
    // SAFETY: the door checked every run of every row, whole groups included; the panel has `V` vectors for each group.
    unsafe {
        let mut sums = [[vdupq_n_s32(0); 4]; M];
        let mut runs = Runs::of(taps);
        while let Some(mut at) = runs.next() {
            for _ in 0..taps.len.div_ceil(8) {
                let w: [int8x8_t; 4] = core::array::from_fn(|i| vld1_s8(b.add(8 * i)));
                b = b.add(32 * V);
                for (row, a) in sums.iter_mut().zip(a) {
                    let x = signed(a.add(at));
                    for (sum, w) in row.iter_mut().zip(w) {
                        *sum = vpadalq_s16(*sum, vmull_s8(x, w));
                    }
                }
                at = at.wrapping_add(8);
            }
        }
        sums.map(|[a, b, c, d]| vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)))
    }
}

/// Eight activations, 128 less each.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn signed(from: *const u8) -> int8x8_t {
    // SAFETY: as for this function.
    unsafe { vreinterpret_s8_u8(veor_u8(vld1_u8(from), vdup_n_u8(128))) }
}
