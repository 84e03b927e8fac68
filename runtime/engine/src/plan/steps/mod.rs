//! What a run can do, one family a file: each turns its operations into steps and runs them.

mod blocks;
mod choices;
mod convolution;
mod elementwise;
mod geometry;
mod matmul;
mod max_places;
mod movement;
mod pool;
mod quantized;
mod rows;

use super::builder::Builder;
use crate::error::EngineError;
use crate::ir::{Node, Op};
pub(crate) use movement::CopyStep;

/// Adds the steps of a node.
pub(crate) fn lower(builder: &mut Builder<'_>, node: &Node) -> Result<(), EngineError> {
    match &node.op {
        Op::Conv(conv) => convolution::lower(builder, node, conv),
        Op::Separable(separable) => convolution::lower_separable(builder, node, separable),
        Op::MatMul(matmul) => matmul::lower(builder, node, matmul),
        Op::DynamicMatMul(matmul) => matmul::lower_dynamic(builder, node, matmul),
        Op::Unary(op) => elementwise::lower_unary(builder, node, *op),
        Op::Binary(op) => elementwise::lower_binary(builder, node, *op),
        Op::Integer(_) | Op::Comparison(_) | Op::Logic(_) | Op::Where | Op::Cast => choices::lower(builder, node),
        Op::Pool(pool) => pool::lower(builder, node, pool),
        Op::MaxPlaces { pool, column_major } => max_places::lower(builder, node, pool, *column_major),
        Op::QPool(pool) => pool::lower_quantized(builder, node, pool),
        Op::Softmax { .. } | Op::LayerNormalization { .. } | Op::Reduce { .. } | Op::ArgMax { .. } | Op::Tree(_) => {
            rows::lower(builder, node)
        }
        Op::View => movement::lower_view(builder, node),
        Op::Transpose { permutation } => movement::lower_transpose(builder, node, permutation),
        Op::Slice { starts, steps } => movement::lower_slice(builder, node, starts, steps),
        Op::Expand => movement::lower_expand(builder, node),
        Op::Concat { axis } => movement::lower_concat(builder, node, *axis),
        Op::Pad { before, value } => movement::lower_pad(builder, node, before, *value),
        Op::Gather { axis } => movement::lower_gather(builder, node, *axis),
        Op::Quantize(scale) => quantized::lower_quantize(builder, node, scale),
        Op::Dequantize(scale) => quantized::lower_dequantize(builder, node, scale),
        Op::QConv(conv) => quantized::lower_conv(builder, node, conv),
        Op::QMatMul(matmul) => quantized::lower_matmul(builder, node, matmul),
        Op::QAdd(add) => quantized::lower_add(builder, node, add),
    }
}
