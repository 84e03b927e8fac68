//! The table of kernels of each instruction set.

use crate::depthwise::DepthwiseF32Table;
use crate::gemm::GemmF32Table;
use crate::isa::Isa;
use crate::q8::{DepthwiseQ8Table, GemmQ8Table};
use crate::scalar;

/// The kernels of one instruction set. Weights packed for one set must be used with it.
#[derive(Debug)]
pub struct Kernels {
    pub(crate) isa: Isa,
    pub(crate) gemm_f32: GemmF32Table,
    pub(crate) depthwise_f32: DepthwiseF32Table,
    pub(crate) gemm_q8: GemmQ8Table,
    pub(crate) depthwise_q8: DepthwiseQ8Table,
}

impl Kernels {
    /// The kernels of an instruction set; `None` where this CPU does not have it.
    #[must_use]
    pub fn of(isa: Isa) -> Option<&'static Self> {
        if !isa.is_available() {
            return None;
        }
        match isa {
            Isa::Scalar => Some(&SCALAR_TABLE),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Some(&crate::x86_64::AVX2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => Some(&crate::x86_64::AVX512_VNNI),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Some(&crate::aarch64::NEON),
            #[cfg(target_arch = "aarch64")]
            Isa::Dotprod => Some(&crate::aarch64::DOTPROD),
            #[cfg(target_arch = "aarch64")]
            Isa::I8mm => Some(&crate::aarch64::I8MM),
            #[allow(unreachable_patterns, reason = "which arms there are depends on the target")]
            _ => None,
        }
    }

    /// The instruction set.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }
}

pub(crate) static SCALAR_TABLE: Kernels = SCALAR;

/// What the others start from.
pub(crate) const SCALAR: Kernels = Kernels {
    isa: Isa::Scalar,
    gemm_f32: scalar::GEMM_F32,
    depthwise_f32: scalar::DEPTHWISE_F32,
    gemm_q8: scalar::GEMM_Q8,
    depthwise_q8: scalar::DEPTHWISE_Q8,
};
