//! A depthwise convolution with the pointwise one that alone uses it.

use super::rewrite;
use crate::ir::ops::{Conv, Separable};
use crate::ir::{Constant, Ir, Op, Type, Value, ValueId};

pub(super) fn fuse(ir: &mut Ir) {
    rewrite(ir, |ir, uses, node| {
        let maker = uses.only_maker(ir, *node.inputs.first()?)?.clone();
        match (&maker.op, &node.op) {
            (Op::Conv(depthwise), Op::Conv(pointwise)) => {
                let channels = channels(ir, &maker.inputs, depthwise)?;
                if !is_pointwise(pointwise) {
                    return None;
                }
                let bias = maker.inputs.get(2).copied().unwrap_or_else(|| ir.add(zeros(&maker.name, channels)));
                let mut inputs = vec![maker.inputs[0], maker.inputs[1], bias];
                inputs.extend(&node.inputs[1..]);
                let (depthwise, pointwise) = (depthwise.clone(), pointwise.clone());
                Some((Op::Separable(Box::new(Separable { depthwise, pointwise, quantized: None })), inputs))
            }
            (Op::QConv(depthwise), Op::QConv(pointwise)) => {
                channels(ir, &maker.inputs, &depthwise.conv)?;
                if !is_pointwise(&pointwise.conv) || pointwise.residual.is_some() {
                    return None;
                }
                let inputs = vec![maker.inputs[0], maker.inputs[1], node.inputs[1]];
                let quantized = Some([depthwise.quantized.clone(), pointwise.quantized.clone()]);
                let (depthwise, pointwise) = (depthwise.conv.clone(), pointwise.conv.clone());
                Some((Op::Separable(Box::new(Separable { depthwise, pointwise, quantized })), inputs))
            }
            _ => None,
        }
    });
}

/// The channels of a depthwise convolution of images; `None` for any other.
fn channels(ir: &Ir, inputs: &[ValueId], conv: &Conv) -> Option<usize> {
    let (x, w) = (ir.value(*inputs.first()?), ir.value(*inputs.get(1)?));
    let channels = *x.shape.get(1)?;
    let is_depthwise = conv.group == channels && w.shape[0] == channels && channels > 1 && !conv.residual;
    (is_depthwise && x.shape.len() == 4).then_some(channels)
}

fn is_pointwise(conv: &Conv) -> bool {
    conv.kernel == [1, 1] && conv.strides == [1, 1] && conv.pads == [(0, 0); 2] && conv.group == 1
}

fn zeros(node: &str, channels: usize) -> Value {
    let constant = Some(Constant::F32(vec![0.0; channels].into()));
    Value { name: format!("{node}.bias"), ty: Type::F32, shape: vec![channels], constant }
}
