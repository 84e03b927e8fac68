//! The f32 depthwise convolution in AVX-512: sixteen channels at a time; AVX2 makes eight where no more are left.

use std::arch::x86_64::__m512;

use crate::depthwise::{DepthwiseF32Args, DepthwiseF32Table};
use crate::x86_64::avx2;
use crate::x86_64::depthwise_f32::channels;

pub(in crate::x86_64) const DEPTHWISE_F32: DepthwiseF32Table =
    DepthwiseF32Table { name: "depthwise_f32_4x16_avx512", vector: 16, run };

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have AVX-512.
unsafe fn run(args: &DepthwiseF32Args) {
    let end = args.taps.len;
    let wide = if end % 16 > 8 { end } else { end - end % 16 };
    // SAFETY: as this function's.
    unsafe {
        sixteen(args, wide);
        if wide < end {
            avx2::depthwise_f32::channels_from(args, wide);
        }
    }
}

/// # Safety
/// As for [`run`].
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn sixteen(args: &DepthwiseF32Args, end: usize) {
    // SAFETY: as this function's.
    unsafe { channels::<__m512>(args, 0, end) }
}
