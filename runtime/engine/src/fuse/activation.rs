//! A product or convolution with the bounds that follow it: `Relu` and `Clip`.

use dunlin_kernels::Clamp;
use dunlin_kernels::vector::Unary;

use super::rewrite;
use crate::ir::{Ir, Op};

pub(super) fn fuse(ir: &mut Ir) {
    rewrite(ir, |ir, uses, node| {
        let Op::Unary(unary) = &node.op else { return None };
        let bounds = clamp(unary)?;
        let maker = uses.only_maker(ir, node.inputs[0])?;
        let mut op = maker.op.clone();
        let clamp = match &mut op {
            Op::Conv(conv) => &mut conv.clamp,
            Op::MatMul(matmul) => &mut matmul.clamp,
            Op::DynamicMatMul(matmul) => &mut matmul.clamp,
            Op::QMatMul(matmul) if matmul.to_f32.is_some() => &mut matmul.clamp,
            _ => return None,
        };
        if *clamp != Clamp::NONE {
            return None;
        }
        *clamp = bounds;
        Some((op, maker.inputs.clone()))
    });
}

/// The bounds of an activation that is nothing else.
pub(super) fn clamp(unary: &Unary) -> Option<Clamp> {
    match *unary {
        Unary::Relu => Some(Clamp::RELU),
        Unary::Clip { min, max } => Some(Clamp { min, max }),
        _ => None,
    }
}
