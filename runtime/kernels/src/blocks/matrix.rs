//! Weights in ggml's blocks as the kernels of one instruction set read them: where they lie, or packed at load.

use std::ops::Deref;

use super::BlockType;
use crate::aligned::Aligned;
use crate::dispatch::Kernels;
use crate::isa::Isa;

/// Weights (n, k) in blocks along k, for one instruction set. On x86-64 they are packed into panels of about as many
/// bytes (padded to 8 or 16 columns), and what held them is dropped; elsewhere they are read where they lie.
#[derive(Clone, Debug)]
pub struct BlockMatrix<B> {
    pub(super) isa: Isa,
    pub(super) block_type: BlockType,
    pub(super) k: usize,
    pub(super) n: usize,
    held: Held<B>,
}

#[derive(Clone, Debug)]
enum Held<B> {
    Lying(B),
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has panels"))]
    Packed(Aligned),
}

impl<B: Deref<Target = [u8]>> BlockMatrix<B> {
    /// `None` when k is no whole number of blocks, when `blocks` are not n rows of k elements, or when there is no
    /// memory that could hold them packed.
    #[must_use]
    pub fn new(kernels: &Kernels, block_type: BlockType, k: usize, n: usize, blocks: B) -> Option<Self> {
        if !k.is_multiple_of(block_type.block_elements()) {
            return None;
        }
        let row_bytes = (k / block_type.block_elements()).checked_mul(block_type.block_bytes())?;
        if row_bytes.checked_mul(n) != Some(blocks.len()) {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        let rows = super::pack::Rows { bytes: &blocks, k, n };
        let held = match kernels.isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Held::Packed(super::x86_64::pack_avx2(block_type, &rows)?),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => Held::Packed(super::x86_64::pack_avx512(block_type, &rows)?),
            _ => Held::Lying(blocks),
        };
        Some(Self { isa: kernels.isa, block_type, k, n, held })
    }

    /// Bytes that were packed; 0 where the blocks are read where they lie.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        match &self.held {
            Held::Lying(_) => 0,
            Held::Packed(panels) => panels.len(),
        }
    }

    /// The first byte that kernels read.
    pub(super) fn start(&self) -> *const u8 {
        match &self.held {
            Held::Lying(blocks) => blocks.as_ptr(),
            Held::Packed(panels) => panels.all::<u8>().as_ptr(),
        }
    }
}
