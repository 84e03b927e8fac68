//! AVX2 with FMA.

pub(super) mod depthwise_f32;
pub(super) mod depthwise_q8;
pub(super) mod gemm_f32;
pub(super) mod gemm_q8;
mod requantize;
