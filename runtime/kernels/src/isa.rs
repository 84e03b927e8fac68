//! Instruction sets: which there are, which this CPU has, and their names.

use std::fmt;
use std::str::FromStr;

/// An instruction set that kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// No instruction beyond what every CPU of the target has; the oracle of the others.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, DQ, VL) and its vector neural network instructions.
    Avx512Vnni,
    /// Any 64-bit ARM core.
    Neon,
    /// 64-bit ARM with the dot-product instructions (ARMv8.2 on).
    Dotprod,
    /// 64-bit ARM with the int8 matrix instructions (ARMv8.6 on), and dot products.
    I8mm,
}

/// An instruction set that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IsaError {
    /// There is none of this name.
    #[error("instruction set '{name}' is not known; use one of scalar, avx2, avx512vnni, neon, dotprod, i8mm")]
    Unknown {
        /// The name given.
        name: String,
    },
    /// This CPU, or the target that this program was built for, does not have it.
    #[error("this CPU does not have the instruction set {isa}; it has {available}")]
    Unavailable {
        /// The one asked for.
        isa: Isa,
        /// Those that it has.
        available: String,
    },
}

impl Isa {
    /// Every instruction set, the lesser ones first.
    pub const ALL: [Self; 6] = [Self::Scalar, Self::Avx2, Self::Avx512Vnni, Self::Neon, Self::Dotprod, Self::I8mm];

    /// The best that this CPU has.
    #[must_use]
    pub fn best() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// Those that this CPU has, the lesser ones first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// Its name, as `DUNLIN_ISA` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512Vnni => "avx512vnni",
            Self::Neon => "neon",
            Self::Dotprod => "dotprod",
            Self::I8mm => "i8mm",
        }
    }

    /// Whether this CPU has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                has_avx2()
                    && std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            #[cfg(target_arch = "aarch64")]
            Self::Dotprod => std::arch::is_aarch64_feature_detected!("dotprod"),
            #[cfg(target_arch = "aarch64")]
            Self::I8mm => {
                std::arch::is_aarch64_feature_detected!("dotprod") && std::arch::is_aarch64_feature_detected!("i8mm")
            }
            #[allow(unreachable_patterns, reason = "which arms there are depends on the target")]
            _ => false,
        }
    }

    /// This instruction set, where the CPU has it.
    ///
    /// # Errors
    /// [`IsaError::Unavailable`] naming those that it has: a lesser one is never taken in silence.
    pub fn checked(self) -> Result<Self, IsaError> {
        if self.is_available() {
            return Ok(self);
        }
        let available = Self::available().map(Self::name).collect::<Vec<_>>().join(", ");
        Err(IsaError::Unavailable { isa: self, available })
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
        && std::arch::is_x86_feature_detected!("f16c")
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(name: &str) -> Result<Self, IsaError> {
        let found = Self::ALL.into_iter().find(|isa| isa.name() == name);
        found.ok_or_else(|| IsaError::Unknown { name: name.to_owned() })
    }
}
