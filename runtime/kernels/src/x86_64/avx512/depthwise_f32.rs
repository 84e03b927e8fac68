//! The f32 depthwise convolution in AVX-512: sixteen channels at a time, and eight where no more are left.

use std::arch::x86_64::{__m256, __m512};

use crate::depthwise::{DepthwiseF32Args, DepthwiseF32Table};
use crate::x86_64::depthwise_f32::channels;

const VECTOR: usize = 16;

pub(in crate::x86_64) const DEPTHWISE_F32: DepthwiseF32Table =
    DepthwiseF32Table { name: "depthwise_f32_16_avx512", vector: VECTOR, run };

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have AVX-512.
unsafe fn run(args: &DepthwiseF32Args) {
    for first in (0..args.taps.len).step_by(VECTOR) {
        // SAFETY: as this function's.
        unsafe {
            if args.taps.len.wrapping_sub(first) > VECTOR / 2 { sixteen(args, first) } else { eight(args, first) }
        }
    }
}

/// # Safety
/// As for [`run`].
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn sixteen(args: &DepthwiseF32Args, first: usize) {
    // SAFETY: as this function's.
    unsafe { channels::<__m512>(args, first) }
}

/// # Safety
/// As for [`run`].
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn eight(args: &DepthwiseF32Args, first: usize) {
    // SAFETY: as this function's.
    unsafe { channels::<__m256>(args, first) }
}
