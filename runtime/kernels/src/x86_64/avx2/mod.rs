//! AVX2 with FMA.

pub(super) mod depthwise_f32;
pub(super) mod gemm_f32;
