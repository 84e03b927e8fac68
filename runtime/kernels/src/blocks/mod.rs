//! Products with weights in ggml's blocks. Activations are held in 8 bits while they are multiplied, each run of 32 with a
//! scale of its own.

mod activations;
mod formats;
mod k_formats;
mod matrix;
mod rows;
mod scalar;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod across;
#[cfg(target_arch = "x86_64")]
mod pack;
#[cfg(target_arch = "x86_64")]
mod panel;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use crate::dispatch::Kernels;
use crate::geometry::Clamp;
use crate::isa::Isa;
use activations::{Scales, UNIT, Unit};
use std::ops::Deref;

pub use matrix::BlockMatrix;

/// A block-quantised type of ggml.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, non_camel_case_types, reason = "ggml's own names are the documentation")]
pub enum BlockType {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

/// Calls `$run::<$machine.., Format>($args)` with the format of a block type.
macro_rules! for_block_type {
    ($block_type:expr, $run:ident $(::<$machine:ty>)?, $args:expr) => {
        match $block_type {
            $crate::blocks::BlockType::Q4_0 => $run::<$($machine,)? $crate::blocks::formats::Q4_0>($args),
            $crate::blocks::BlockType::Q4_1 => $run::<$($machine,)? $crate::blocks::formats::Q4_1>($args),
            $crate::blocks::BlockType::Q5_0 => $run::<$($machine,)? $crate::blocks::formats::Q5_0>($args),
            $crate::blocks::BlockType::Q5_1 => $run::<$($machine,)? $crate::blocks::formats::Q5_1>($args),
            $crate::blocks::BlockType::Q8_0 => $run::<$($machine,)? $crate::blocks::formats::Q8_0>($args),
            $crate::blocks::BlockType::Q2K => $run::<$($machine,)? $crate::blocks::k_formats::Q2K>($args),
            $crate::blocks::BlockType::Q3K => $run::<$($machine,)? $crate::blocks::k_formats::Q3K>($args),
            $crate::blocks::BlockType::Q4K => $run::<$($machine,)? $crate::blocks::k_formats::Q4K>($args),
            $crate::blocks::BlockType::Q5K => $run::<$($machine,)? $crate::blocks::k_formats::Q5K>($args),
            $crate::blocks::BlockType::Q6K => $run::<$($machine,)? $crate::blocks::k_formats::Q6K>($args),
        }
    };
}
use for_block_type;

impl BlockType {
    /// Every type.
    pub const ALL: [Self; 10] = [
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// Elements of one block, a run along k.
    #[must_use]
    pub fn block_elements(self) -> usize {
        fn elements<F: formats::Format>((): ()) -> usize {
            F::ELEMENTS
        }
        for_block_type!(self, elements, ())
    }

    /// Bytes of one block.
    #[must_use]
    pub fn block_bytes(self) -> usize {
        fn bytes<F: formats::Format>((): ()) -> usize {
            F::BYTES
        }
        for_block_type!(self, bytes, ())
    }
}

/// One call, on pointers.
struct BlocksArgs {
    m: usize,
    k: usize,
    n: usize,
    x: *const f32,
    /// As the instruction set reads them.
    weights: *const u8,
    block_type: BlockType,
    /// Null where there is none.
    bias: *const f32,
    clamp: Clamp,
    /// Room for the units of all rows, and for their scales.
    scales: Scales,
    y: *mut f32,
}

impl BlocksArgs {
    /// Writes an element of the result.
    ///
    /// # Safety
    /// There is such a row and column.
    #[inline(always)]
    unsafe fn finish(&self, row: usize, column: usize, sum: f32) {
        // SAFETY: the door checked `y` and the bias.
        unsafe {
            let bias = if self.bias.is_null() { 0.0 } else { *self.bias.add(column) };
            *self.y.add(row.wrapping_mul(self.n).wrapping_add(column)) = self.clamp.apply(sum + bias);
        }
    }
}

/// `Y = clamp(X * W^T + bias)` for activations X (m, k) and weights W (n, k) in blocks along k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlocksGemm {
    /// Rows of activations.
    pub m: usize,
    /// Elements of a row, whole blocks.
    pub k: usize,
    /// Rows of weights: outputs of a row.
    pub n: usize,
}

impl BlocksGemm {
    /// Name of the kernel that runs, by the grammar of docs/kernels.md.
    #[must_use]
    pub fn kernel(kernels: &Kernels) -> &'static str {
        match kernels.isa {
            Isa::Scalar => "gemm_blocks_1x1_scalar",
            Isa::Avx2 => "gemm_blocks_4x8_avx2",
            Isa::Avx512Vnni => "gemm_blocks_8x16_avx512vnni",
            Isa::Neon => "gemm_blocks_4x2_neon",
            Isa::Dotprod => "gemm_blocks_4x2_dotprod",
            Isa::I8mm => "gemm_blocks_4x2_i8mm",
        }
    }

    /// Bytes of scratch that a call takes, at any alignment; `None` when they overflow.
    #[must_use]
    pub fn scratch_bytes(m: usize, k: usize) -> Option<usize> {
        let rows = m.checked_mul(k / UNIT)?.checked_mul(size_of::<Unit>() + Scales::NUMBERS * size_of::<f32>())?;
        rows.checked_add(align_of::<Unit>() - 1)
    }

    /// Runs. A row of `x` in which an element is not finite gives a row of `y` that is not a number.
    ///
    /// # Panics
    /// When the weights are of other sizes or for another instruction set, or a length is not that of the sizes (the scratch
    /// may be longer): faults of a plan.
    #[allow(clippy::too_many_arguments, reason = "the operands of the product, each once")]
    pub fn run<B: Deref<Target = [u8]>>(
        &self,
        kernels: &Kernels,
        x: &[f32],
        weights: &BlockMatrix<B>,
        bias: Option<&[f32]>,
        clamp: Clamp,
        scratch: &mut [u8],
        y: &mut [f32],
    ) {
        let Self { m, k, n } = *self;
        assert_eq!((weights.isa, weights.k, weights.n), (kernels.isa, k, n), "weights");
        assert_eq!(m.checked_mul(k), Some(x.len()), "activations");
        assert!(bias.is_none_or(|bias| bias.len() == n), "bias");
        assert_eq!(m.checked_mul(n), Some(y.len()), "results");
        assert!(Self::scratch_bytes(m, k).is_some_and(|bytes| bytes <= scratch.len()), "scratch");
        let units = scratch.as_mut_ptr().wrapping_add(scratch.as_ptr().align_offset(align_of::<Unit>())).cast::<Unit>();
        let count = m * (k / UNIT);
        let scales = Scales { first: units.wrapping_add(count).cast(), units, count };
        let args = BlocksArgs {
            m,
            k,
            n,
            x: x.as_ptr(),
            weights: weights.start(),
            block_type: weights.block_type,
            bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            clamp,
            scales,
            y: y.as_mut_ptr(),
        };
        // SAFETY: the CPU has the instruction set, or there would be no `kernels`; every length was checked above.
        unsafe {
            match kernels.isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => x86_64::avx2(&args),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni => x86_64::avx512(&args),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => aarch64::neon(&args),
                #[cfg(target_arch = "aarch64")]
                Isa::Dotprod => aarch64::dotprod(&args),
                #[cfg(target_arch = "aarch64")]
                Isa::I8mm => aarch64::i8mm(&args),
                _ => scalar::gemm(&args),
            }
        }
    }
}
