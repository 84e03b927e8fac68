//! AVX-512 with its neural network instructions.

pub(super) mod depthwise_f32;
pub(super) mod depthwise_q8;
pub(super) mod gemm_f32;
pub(super) mod gemm_q8;
mod masks;
mod output_f32;
mod output_q8;
mod requantize;
mod residual_q8;
mod single_q8;
mod sliding_q8;
mod sums_q8;
