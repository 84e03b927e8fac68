//! Matrix products with weights in ggml blocks, packed once or read where the bundle is mapped.

use std::sync::Arc;

use dunlin_bundle::{GgmlType, SharedBytes};
use dunlin_kernels::{BlockMatrix, BlockType, BlocksGemm, Clamp, Kernels};

use super::matmul::{bias, macs, rows};
use crate::error::EngineError;
use crate::ir::Node;
use crate::ir::ops::MatMul;
use crate::plan::builder::{Builder, Step};
use crate::plan::memory::{Memory, Slot};

fn block_type(ggml: GgmlType) -> BlockType {
    match ggml {
        GgmlType::Q4_0 => BlockType::Q4_0,
        GgmlType::Q4_1 => BlockType::Q4_1,
        GgmlType::Q5_0 => BlockType::Q5_0,
        GgmlType::Q5_1 => BlockType::Q5_1,
        GgmlType::Q8_0 => BlockType::Q8_0,
        GgmlType::Q2K => BlockType::Q2K,
        GgmlType::Q3K => BlockType::Q3K,
        GgmlType::Q4K => BlockType::Q4K,
        GgmlType::Q5K => BlockType::Q5K,
        GgmlType::Q6K => BlockType::Q6K,
    }
}

/// Weights (n, k) in blocks, as the instruction set reads them.
pub(super) fn lower(
    b: &mut Builder<'_>,
    node: &Node,
    op: &MatMul,
    name: &str,
    ggml: GgmlType,
) -> Result<(), EngineError> {
    if !op.transpose_b || op.alpha != 1.0 {
        let reason =
            format!("'{name}' is held in ggml blocks; it can only be B of a Gemm with transB = 1 and alpha = 1");
        return Err(b.bad(reason));
    }
    let (from, m, k) = rows(b, node.inputs[0], op.transpose_a)?;
    let n = b.value(node.inputs[1]).shape[0];
    let bias = bias(b, node, op, n)?;
    let scratch = BlocksGemm::scratch_bytes(m, k).ok_or_else(|| b.bad("is too large"))?;
    let scratch = b.scratch(scratch);
    let to = b.place(node.output);
    let gemm = BlocksGemm { m, k, n };
    let weights = b.packed(&format!("gemm blocks {name}"), BlockMatrix::packed_bytes, || {
        let blocks = b.weights.share(name).ok_or_else(|| b.bad(format!("'{name}' is in no weights entry")))?;
        let weights = BlockMatrix::new(b.kernels, block_type(ggml), k, n, blocks);
        weights.ok_or_else(|| b.bad(format!("'{name}' is not of its shape, or too large")))
    })?;
    let step = BlocksStep { from, scratch, to, gemm, weights, bias, clamp: op.clamp };
    b.push(step, BlocksGemm::kernel(b.kernels), macs(&[m, k, n]), &[from, scratch, to]);
    Ok(())
}

struct BlocksStep {
    from: Slot,
    scratch: Slot,
    to: Slot,
    gemm: BlocksGemm,
    weights: Arc<BlockMatrix<SharedBytes>>,
    bias: Option<Vec<f32>>,
    clamp: Clamp,
}

impl Step for BlocksStep {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>) {
        let ([x], scratch, y) = memory.split_with::<f32, u8, f32, 1>([self.from], self.scratch, self.to);
        let BlocksGemm { m, k, n } = self.gemm;
        let (x, y, bias) = (&x[..m * k], &mut y[..m * n], self.bias.as_deref());
        self.gemm.run(kernels, x, &self.weights, bias, self.clamp, scratch, y);
    }
}
