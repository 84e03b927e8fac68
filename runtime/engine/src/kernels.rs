//! Names of the kernels that ran, for the journal and for tolerances.

use std::fmt;

use dunlin_kernels::Isa;

/// Kernels that agree to within one tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KernelFamily {
    /// Single precision throughout.
    F32,
    /// Activations and weights in 8 bits, with scales that training or calibration found.
    Int8,
    /// ggml blocks: weights (and activations, inside a matmul) in 8 bits or fewer.
    Ggml,
}

impl KernelFamily {
    /// Its name in a golden set's tolerances.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Ggml => "ggml",
        }
    }
}

/// Which kernels a compiled model runs on: backend, machine, instruction sets, and precision, as in
/// `candle/x86_64+avx2/ggml`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelSet {
    name: String,
    family: KernelFamily,
}

impl KernelSet {
    /// Names a set on this very machine. `note` says what a reader should know beyond the family, such as that weights
    /// were dequantised at load.
    #[must_use]
    pub fn here(backend: &str, family: KernelFamily, note: Option<&str>) -> Self {
        let mut name = format!("{backend}/{}", std::env::consts::ARCH);
        for feature in cpu_features() {
            name.push('+');
            name.push_str(feature);
        }
        name.push('/');
        name.push_str(family.name());
        if let Some(note) = note {
            name.push('/');
            name.push_str(note);
        }
        Self { name, family }
    }

    /// Names the kernels of one instruction set, as in `plan/x86_64+avx2/f32`.
    #[must_use]
    pub fn of(backend: &str, isa: Isa, family: KernelFamily) -> Self {
        let name = format!("{backend}/{}+{isa}/{}", std::env::consts::ARCH, family.name());
        Self { name, family }
    }

    /// The family whose tolerances apply.
    #[must_use]
    pub fn family(&self) -> KernelFamily {
        self.family
    }

    /// The whole name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for KernelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The instruction sets of this CPU that change which kernels run.
#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
    let found = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
    ];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// The instruction sets of this CPU that change which kernels run.
#[cfg(target_arch = "aarch64")]
fn cpu_features() -> Vec<&'static str> {
    let found = [
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
        ("i8mm", std::arch::is_aarch64_feature_detected!("i8mm")),
    ];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// The instruction sets of this CPU that change which kernels run.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}
