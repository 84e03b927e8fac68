//! Block products with NEON alone, for cores before the dot-product instructions.

use core::arch::aarch64::{int8x16_t, int32x4_t, vget_low_s8, vmlal_high_s8, vmull_s8, vpadalq_s16, vpaddlq_s16};

use super::{Along, Dot, ROWS};
use crate::blocks::formats::Format;
use crate::blocks::{BlocksArgs, for_block_type, rows};

struct Neon;

// The products of two bytes are at most 128 * 127, so two of them fit an i16.
impl Dot for Neon {
    #[inline(always)]
    unsafe fn half(w: int8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: as for this function.
        unsafe { vpaddlq_s16(vmlal_high_s8(vmull_s8(vget_low_s8(w), vget_low_s8(x)), w, x)) }
    }

    #[inline(always)]
    unsafe fn whole(w: [int8x16_t; 2], x: [int8x16_t; 2]) -> int32x4_t {
        // SAFETY: as for this function.
        unsafe {
            let second = vmlal_high_s8(vmull_s8(vget_low_s8(w[1]), vget_low_s8(x[1])), w[1], x[1]);
            vpadalq_s16(Self::half(w[0], x[0]), second)
        }
    }
}

/// # Safety
/// As the door checked.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    unsafe fn run<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { rows::gemm::<Along<Neon>, F, ROWS>(args) }
    }
    // SAFETY: as for this function.
    unsafe { for_block_type!(args.block_type, run, args) }
}
