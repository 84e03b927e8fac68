//! Kernels for x86-64: AVX2 with FMA, and AVX-512 with its neural network instructions.

use crate::dispatch::{Kernels, SCALAR};
use crate::isa::Isa;

pub(crate) static AVX2: Kernels = Kernels { isa: Isa::Avx2, ..SCALAR };

pub(crate) static AVX512_VNNI: Kernels = Kernels { isa: Isa::Avx512Vnni, ..SCALAR };
