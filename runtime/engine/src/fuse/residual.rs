//! A convolution with another image that is added to its result, in f32 and in int8.

use dunlin_kernels::Clamp;
use dunlin_kernels::vector::Binary;

use super::{Uses, rewrite};
use crate::ir::ops::{QAdd, QResidual};
use crate::ir::{Ir, Op, ValueId};

pub(super) fn fuse(ir: &mut Ir) {
    rewrite(ir, |ir, uses, node| {
        let [a, b] = node.inputs[..] else { return None };
        let same = |id: ValueId| ir.value(id).shape == ir.value(node.output).shape && ir.value(id).constant.is_none();
        if a == b || !same(a) || !same(b) {
            return None;
        }
        // Of two convolutions the later one: the other's result is there by then.
        let later = if uses.makers[a.0] > uses.makers[b.0] {
            [(a, b, true), (b, a, false)]
        } else {
            [(b, a, false), (a, b, true)]
        };
        match &node.op {
            Op::Binary(Binary::Add) => {
                later.into_iter().find_map(|(product, other, _)| float(ir, uses, product, other))
            }
            Op::QAdd(add) => {
                later.into_iter().find_map(|(product, other, first)| int8(ir, uses, product, other, add, first))
            }
            _ => None,
        }
    });
}

fn float(ir: &Ir, uses: &Uses, product: ValueId, other: ValueId) -> Option<(Op, Vec<ValueId>)> {
    let maker = uses.only_maker(ir, product)?;
    let mut op = maker.op.clone();
    match &mut op {
        Op::Conv(conv) if conv.clamp == Clamp::NONE && !conv.residual && conv.group == 1 => conv.residual = true,
        _ => return None,
    }
    Some((op, maker.inputs.iter().copied().chain([other]).collect()))
}

fn int8(ir: &Ir, uses: &Uses, product: ValueId, other: ValueId, add: &QAdd, first: bool) -> Option<(Op, Vec<ValueId>)> {
    let maker = uses.only_maker(ir, product)?;
    let Op::QConv(conv) = &maker.op else { return None };
    if conv.residual.is_some() || conv.conv.group != 1 {
        return None;
    }
    let (own, added) = if first { (add.a, add.b) } else { (add.b, add.a) };
    let mut fused = conv.clone();
    fused.conv.residual = true;
    fused.residual = Some(QResidual {
        product: conv.quantized.requantize,
        scales: (own.0, added.0),
        zero: added.1,
        requantize: add.requantize,
    });
    Some((Op::QConv(fused), maker.inputs.iter().copied().chain([other]).collect()))
}
