//! Ops on truth values and whole numbers, choices between two tensors, and `Cast`.

use super::{Context, Op, Parsed, broadcast, check_shape};
use crate::ir::Type;

/// A comparison; the result is Bool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// On Bool; `Not` has one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logic {
    And,
    Or,
    Not,
}

/// Arithmetic of whole numbers, wrapping; a division by zero gives zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerOp {
    Add,
    Sub,
    Mul,
    Div,
}

/// Reads a comparison of two tensors of one type.
pub(super) fn compare(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    let op = match context.op_type {
        "Equal" => Comparison::Equal,
        "Greater" => Comparison::Greater,
        "GreaterOrEqual" => Comparison::GreaterOrEqual,
        "Less" => Comparison::Less,
        _ => Comparison::LessOrEqual,
    };
    let shape = two_of_one_type(context)?;
    Parsed::one(Op::Comparison(op), [0, 1], Type::Bool, shape)
}

/// Reads And or Or.
pub(super) fn logic(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    let op = if context.op_type == "And" { Logic::And } else { Logic::Or };
    let shape = two_of_one_type(context)?;
    must_be_bool(context, 0)?;
    Parsed::one(Op::Logic(op), [0, 1], Type::Bool, shape)
}

/// Reads Not.
pub(super) fn not(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    must_be_bool(context, 0)?;
    Parsed::one(Op::Logic(Logic::Not), [0], Type::Bool, context.input(0)?.shape.clone())
}

/// Reads Where: the second input where the first is true, else the third.
pub(super) fn select(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(3, 3)?;
    must_be_bool(context, 0)?;
    let (condition, x, y) = (context.input(0)?, context.input(1)?, context.input(2)?);
    if x.ty != y.ty {
        return Err(format!("'{}' and '{}' must be of one type", x.name, y.name));
    }
    let shape = broadcast(&condition.shape, &broadcast(&x.shape, &y.shape)?)?;
    check_shape(&shape)?;
    Parsed::one(Op::Where, [0, 1, 2], x.ty, shape)
}

/// Reads Cast between the types that the engine has.
pub(super) fn cast(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    // Numbers of ONNX's TensorProto.DataType.
    let ty = match context.attributes.int("to", 0)? {
        1 | 10 | 11 | 16 => Type::F32,
        2 => Type::U8,
        3 => Type::I8,
        6 => Type::I32,
        7 => Type::I64,
        9 => Type::Bool,
        other => return Err(format!("casts to type {other}; use FLOAT, INT64, INT32, UINT8, INT8 or BOOL")),
    };
    // Only casts to eight-bit floats saturate.
    context.attributes.flag("saturate", true)?;
    context.attributes.string("round_mode", "up")?;
    let x = context.input(0)?;
    let op = if x.ty == ty { Op::View } else { Op::Cast };
    Parsed::one(op, [0], ty, x.shape.clone())
}

/// Arithmetic of two tensors of whole numbers.
pub(super) fn integer(context: &Context<'_>, op: IntegerOp, shape: Vec<usize>) -> Result<Vec<Parsed>, String> {
    let ty = context.input(0)?.ty;
    if !matches!(ty, Type::I64 | Type::I32) {
        return Err(format!("arithmetic of {ty:?} is not supported; cast before"));
    }
    Parsed::one(Op::Integer(op), [0, 1], ty, shape)
}

fn two_of_one_type(context: &Context<'_>) -> Result<Vec<usize>, String> {
    context.takes(2, 2)?;
    let (a, b) = (context.input(0)?, context.input(1)?);
    if a.ty != b.ty {
        return Err(format!("'{}' and '{}' must be of one type", a.name, b.name));
    }
    let shape = broadcast(&a.shape, &b.shape)?;
    check_shape(&shape)?;
    Ok(shape)
}

fn must_be_bool(context: &Context<'_>, position: usize) -> Result<(), String> {
    let value = context.input(position)?;
    if value.ty == Type::Bool { Ok(()) } else { Err(format!("'{}' must be BOOL, is {:?}", value.name, value.ty)) }
}
