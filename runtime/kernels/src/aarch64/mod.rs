//! Kernels for 64-bit ARM: NEON, its dot products, and its int8 matrix products.

use crate::dispatch::{Kernels, SCALAR};
use crate::isa::Isa;

pub(crate) static NEON: Kernels = Kernels { isa: Isa::Neon, ..SCALAR };

pub(crate) static DOTPROD: Kernels = Kernels { isa: Isa::Dotprod, ..SCALAR };

pub(crate) static I8MM: Kernels = Kernels { isa: Isa::I8mm, ..SCALAR };
