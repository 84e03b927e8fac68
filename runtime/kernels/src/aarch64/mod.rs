//! Kernels for 64-bit ARM: NEON, its dot products, and its int8 matrix products.

mod depthwise_f32;
mod depthwise_q8;
mod depthwise_q8_dot;
mod dotprod;
mod finish;
mod gemm_f32;
mod gemm_q8;
mod i8mm;
mod neon;
mod part;
mod walk;

use crate::dispatch::{Kernels, SCALAR};
use crate::isa::Isa;

const F32: Kernels = Kernels { gemm_f32: gemm_f32::GEMM_F32, depthwise_f32: depthwise_f32::DEPTHWISE_F32, ..SCALAR };

pub(crate) static NEON: Kernels =
    Kernels { isa: Isa::Neon, gemm_q8: neon::GEMM_Q8, depthwise_q8: depthwise_q8::DEPTHWISE_Q8, ..F32 };

pub(crate) static DOTPROD: Kernels =
    Kernels { isa: Isa::Dotprod, gemm_q8: dotprod::GEMM_Q8, depthwise_q8: dotprod::DEPTHWISE_Q8, ..F32 };

pub(crate) static I8MM: Kernels =
    Kernels { isa: Isa::I8mm, gemm_q8: i8mm::GEMM_Q8, depthwise_q8: i8mm::DEPTHWISE_Q8, ..F32 };
