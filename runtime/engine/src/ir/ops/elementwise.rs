//! Ops that work element by element on floats: one operand, or two with broadcasting.

use dunlin_kernels::vector::{Binary, Unary};

use super::comparison::{self, IntegerOp};
use super::{Context, Op, Parsed, check_shape};
use crate::ir::Type;

/// Reads an op of one operand.
pub(super) fn unary(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let attributes = &context.attributes;
    let op = match context.op_type {
        "Abs" => Unary::Abs,
        "Elu" => Unary::Elu { alpha: attributes.float("alpha", 1.0)? },
        "Erf" => Unary::Erf,
        "Exp" => Unary::Exp,
        "Gelu" => match attributes.string("approximate", "none")? {
            "none" => Unary::Gelu,
            "tanh" => Unary::GeluTanh,
            other => return Err(format!("approximate must be none or tanh, is '{other}'")),
        },
        "HardSigmoid" => {
            Unary::HardSigmoid { alpha: attributes.float("alpha", 0.2)?, beta: attributes.float("beta", 0.5)? }
        }
        "HardSwish" => Unary::HardSwish,
        "LeakyRelu" => Unary::LeakyRelu { alpha: attributes.float("alpha", 0.01)? },
        "Log" => Unary::Log,
        "Neg" => Unary::Neg,
        "Reciprocal" => Unary::Reciprocal,
        "Relu" => Unary::Relu,
        "Sigmoid" => Unary::Sigmoid,
        "Softplus" => Unary::Softplus,
        "Sqrt" => Unary::Sqrt,
        _ => Unary::Tanh,
    };
    let x = context.f32_input(0)?;
    Parsed::one(Op::Unary(op), [0], Type::F32, x.shape.clone())
}

/// Reads Clip, whose bounds are constants.
pub(super) fn clip(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 3)?;
    let x = context.f32_input(0)?;
    let (min, max) = (context.float(1)?.unwrap_or(f32::NEG_INFINITY), context.float(2)?.unwrap_or(f32::INFINITY));
    if min.is_nan() || max.is_nan() {
        return Err("a bound is NaN".to_owned());
    }
    // Where the bounds cross, ONNX gives the upper one.
    Parsed::one(Op::Unary(Unary::Clip { min: min.min(max), max }), [0], Type::F32, x.shape.clone())
}

/// Reads an op of two operands, on floats or whole numbers.
pub(super) fn binary(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let (a, b) = (context.input(0)?, context.input(1)?);
    let shape = broadcast(&a.shape, &b.shape)?;
    check_shape(&shape)?;
    if a.ty != Type::F32 && a.ty == b.ty {
        let op = match context.op_type {
            "Add" => IntegerOp::Add,
            "Sub" => IntegerOp::Sub,
            "Mul" => IntegerOp::Mul,
            "Div" => IntegerOp::Div,
            other => return Err(format!("{other} of whole numbers is not supported; cast to float before")),
        };
        return comparison::integer(context, op, shape);
    }
    context.f32_input(0)?;
    context.f32_input(1)?;
    let op = match context.op_type {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        "Div" => Binary::Div,
        _ => Binary::Pow,
    };
    Parsed::one(Op::Binary(op), [0, 1], Type::F32, shape)
}

/// Reads Min or Max of one or two operands; import writes those of more as a chain.
pub(super) fn many(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 2)?;
    let a = context.f32_input(0)?;
    if context.optional(1).is_none() {
        return Parsed::one(Op::View, [0], Type::F32, a.shape.clone());
    }
    let op = if context.op_type == "Min" { Binary::Min } else { Binary::Max };
    let shape = broadcast(&a.shape, &context.f32_input(1)?.shape)?;
    check_shape(&shape)?;
    Parsed::one(Op::Binary(op), [0, 1], Type::F32, shape)
}

/// Reads PRelu: x where it is above zero, else x by a slope that broadcasts to it.
pub(super) fn prelu(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 2)?;
    let (x, slope) = (context.f32_input(0)?, context.f32_input(1)?);
    if broadcast(&x.shape, &slope.shape)? != x.shape {
        return Err(format!("slope {:?} cannot be broadcast to {:?}", slope.shape, x.shape));
    }
    Parsed::one(Op::Binary(Binary::PRelu), [0, 1], Type::F32, x.shape.clone())
}

/// ONNX's (numpy's) multidirectional broadcasting.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |j| shape[j]);
    let one = |i| match (dim(a, i), dim(b, i)) {
        (x, y) if x == y || y == 1 => Ok(x),
        (1, y) => Ok(y),
        _ => Err(format!("shapes {a:?} and {b:?} cannot be broadcast")),
    };
    (0..rank).map(one).collect()
}
