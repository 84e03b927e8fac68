//! Kernels for x86-64: AVX2 with FMA, and AVX-512 with its neural network instructions.

mod avx512;
mod depthwise_q8;
mod pattern;
mod tiles;

use crate::dispatch::{Kernels, SCALAR};
use crate::isa::Isa;

pub(crate) static AVX2: Kernels = Kernels { isa: Isa::Avx2, ..SCALAR };

pub(crate) static AVX512_VNNI: Kernels = Kernels {
    isa: Isa::Avx512Vnni,
    gemm_q8: avx512::gemm_q8::GEMM_Q8,
    depthwise_q8: avx512::depthwise_q8::DEPTHWISE_Q8,
    ..SCALAR
};
