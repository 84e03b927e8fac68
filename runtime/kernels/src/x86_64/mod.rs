//! Kernels for x86-64: AVX2 with FMA, and AVX-512 with its neural network instructions.

mod avx2;
mod avx512;
mod depthwise_f32;
mod depthwise_q8;
mod gemm_f32;
mod lanes;
mod pattern;
mod residual;
mod tiles;

use crate::dispatch::Kernels;
use crate::isa::Isa;

pub(crate) static AVX2: Kernels = Kernels {
    isa: Isa::Avx2,
    gemm_f32: avx2::gemm_f32::GEMM_F32,
    depthwise_f32: avx2::depthwise_f32::DEPTHWISE_F32,
    gemm_q8: avx2::gemm_q8::GEMM_Q8,
    depthwise_q8: avx2::depthwise_q8::DEPTHWISE_Q8,
};

pub(crate) static AVX512_VNNI: Kernels = Kernels {
    isa: Isa::Avx512Vnni,
    gemm_f32: avx512::gemm_f32::GEMM_F32,
    depthwise_f32: avx512::depthwise_f32::DEPTHWISE_F32,
    gemm_q8: avx512::gemm_q8::GEMM_Q8,
    depthwise_q8: avx512::depthwise_q8::DEPTHWISE_Q8,
};
