//! Block products with `sdot`.

use core::arch::aarch64::{int8x16_t, int32x4_t, vdupq_n_s32};
use core::arch::asm;

use super::{Along, Dot, ROWS};
use crate::blocks::formats::Format;
use crate::blocks::{BlocksArgs, for_block_type, rows};

pub(super) struct Dotprod;

impl Dot for Dotprod {
    #[inline(always)]
    unsafe fn half(w: int8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: as for this function.
        unsafe { sdot(vdupq_n_s32(0), w, x) }
    }

    #[inline(always)]
    unsafe fn whole(w: [int8x16_t; 2], x: [int8x16_t; 2]) -> int32x4_t {
        // SAFETY: as for this function.
        unsafe { sdot(Self::half(w[0], x[0]), w[1], x[1]) }
    }
}

/// Adds the products of bytes, by fours. Its intrinsic is not stable yet.
///
/// # Safety
/// The CPU has the instruction, and the caller is compiled for it.
#[inline(always)]
unsafe fn sdot(mut sum: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: reads and writes registers only.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {w:v}.16b, {x:v}.16b",
            sum = inout(vreg) sum,
            w = in(vreg) w,
            x = in(vreg) x,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// # Safety
/// As the door checked; the CPU has the instruction set.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    #[target_feature(enable = "dotprod")]
    unsafe fn run<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { rows::gemm::<Along<Dotprod>, F, ROWS>(args) }
    }
    // SAFETY: as for this function.
    unsafe { for_block_type!(args.block_type, run, args) }
}
