//! A product or convolution with a constant that is added to each of its columns or channels.

use std::sync::Arc;

use dunlin_bundle::Weights;
use dunlin_kernels::Clamp;
use dunlin_kernels::vector::Binary;

use super::rewrite;
use crate::ir::{Constant, Ir, Node, Op, Type, Value, ValueId};

pub(super) fn fuse(ir: &mut Ir, weights: &Weights) {
    rewrite(ir, |ir, uses, node| {
        if !matches!(node.op, Op::Binary(Binary::Add)) {
            return None;
        }
        let [a, b] = node.inputs[..] else { return None };
        let (product, added) = if ir.value(b).constant.is_some() { (a, b) } else { (b, a) };
        let maker = uses.only_maker(ir, product)?.clone();
        if ir.value(product).shape != ir.value(node.output).shape {
            return None;
        }
        let bias = with_bias(ir, &maker, added, weights)?;
        let id = ir.add(bias);
        let inputs = maker.inputs[..2].iter().copied().chain([id]).collect();
        Some((maker.op, inputs))
    });
}

/// Whether a product is one by a matrix of weights: only with those a bias is packed.
fn is_packed(ir: &Ir, product: &Node) -> bool {
    let (a, weights) = (ir.value(product.inputs[0]), ir.value(product.inputs[1]));
    weights.constant.is_some() && weights.shape.len() == 2 && a.shape.len() >= 2
}

/// The bias that a node has when another constant is added to what it makes.
fn with_bias(ir: &Ir, maker: &Node, added: ValueId, weights: &Weights) -> Option<Value> {
    let constant = ir.value(added);
    let rank = ir.value(maker.output).shape.len();
    // Counted from the end: how many dimensions stand after the channel.
    let (channels, after) = match &maker.op {
        Op::Conv(conv) if conv.clamp == Clamp::NONE && !conv.residual => (ir.value(maker.inputs[1]).shape[0], rank - 2),
        Op::MatMul(op) if op.clamp == Clamp::NONE && op.beta == 1.0 && is_packed(ir, maker) => {
            (*ir.value(maker.output).shape.last()?, 0)
        }
        _ => return None,
    };
    let at = constant.shape.len().checked_sub(after + 1);
    let stands_right =
        constant.count() == 1 || (constant.count() == channels && at.is_some_and(|d| constant.shape[d] == channels));
    if !stands_right || constant.ty != Type::F32 {
        return None;
    }
    let added = constant.floats(weights)?;
    let own = match maker.inputs.get(2) {
        Some(id) => Some(ir.value(*id).floats(weights)?),
        None => None,
    };
    let value = |values: &Arc<[f32]>, c: usize| if values.len() == 1 { values[0] } else { values[c] };
    let sum = (0..channels).map(|c| value(&added, c) + own.as_ref().map_or(0.0, |own| value(own, c)));
    let constant = Some(Constant::F32(sum.collect()));
    Some(Value { name: format!("{}.bias", maker.name), ty: Type::F32, shape: vec![channels], constant })
}
