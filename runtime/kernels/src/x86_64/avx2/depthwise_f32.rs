//! The f32 depthwise convolution in AVX2: eight channels at a time.

use std::arch::x86_64::__m256;

use crate::depthwise::{DepthwiseF32Args, DepthwiseF32Table};
use crate::x86_64::depthwise_f32::channels;

pub(in crate::x86_64) const DEPTHWISE_F32: DepthwiseF32Table =
    DepthwiseF32Table { name: "depthwise_f32_4x8_avx2", vector: 8, run };

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have AVX2 and FMA.
unsafe fn run(args: &DepthwiseF32Args) {
    // SAFETY: as this function's.
    unsafe { channels_from(args, 0) }
}

/// Makes all channels from the first given on.
///
/// # Safety
/// As for [`run`].
#[target_feature(enable = "avx2,fma")]
pub(in crate::x86_64) unsafe fn channels_from(args: &DepthwiseF32Args, first: usize) {
    // SAFETY: as this function's.
    unsafe { channels::<__m256>(args, first, args.taps.len) }
}
