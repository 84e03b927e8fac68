//! `BatchNormalization` (inference), `LayerNormalization`, `Softmax` and `LogSoftmax`.

use std::sync::Arc;

use dunlin_kernels::vector::Binary;

use super::{Context, Op, Parsed, axis};
use crate::ir::{Constant, Type, Value};

/// Inputs: X (N, C, ...), scale, B, mean and variance, each (C) and constant. What remains after fusion is x * s + t, and
/// is read as that: two results, of which the second uses the first.
pub(super) fn batch(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(5, 5)?;
    let attributes = &context.attributes;
    attributes.float("momentum", 0.9)?;
    if attributes.flag("training_mode", false)? || context.outputs > 1 {
        return Err("training_mode must be 0".to_owned());
    }
    let epsilon = attributes.float("epsilon", 1e-5)?;
    let x = context.f32_input(0)?;
    let channels = *x.shape.get(1).ok_or("X must have a channel dimension")?;
    let parameter = |position| {
        let values = context.floats(position)?;
        if values.len() == channels {
            Ok(values)
        } else {
            Err(format!("input {position} must have {channels} elements"))
        }
    };
    let (scale, bias, mean, variance) = (parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?);
    let factor: Arc<[f32]> = scale.iter().zip(&*variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
    let shift: Arc<[f32]> = (0..channels).map(|c| bias[c] - mean[c] * factor[c]).collect();
    let constant = |name: &str, values: Arc<[f32]>| {
        let mut shape = vec![1; x.shape.len() - 1];
        shape[0] = channels;
        Value { name: format!("{}.{name}", x.name), ty: Type::F32, shape, constant: Some(Constant::F32(values)) }
    };
    let scaled = Parsed::new(Op::Binary(Binary::Mul), [0], Type::F32, x.shape.clone());
    let shifted = Parsed::new(Op::Binary(Binary::Add), [Parsed::PREVIOUS], Type::F32, x.shape.clone());
    Ok(vec![
        Parsed { extra: vec![constant("scale", factor)], ..scaled },
        Parsed { extra: vec![constant("shift", shift)], ..shifted },
    ])
}

/// Inputs: X, scale and optionally B, both of the shape of X's dimensions from `axis` on.
pub(super) fn layer(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 3)?;
    if context.outputs > 1 {
        return Err("only the first output is supported".to_owned());
    }
    let attributes = &context.attributes;
    let epsilon = attributes.float("epsilon", 1e-5)?;
    if attributes.int("stash_type", 1)? != 1 {
        return Err("stash_type must be 1 (FLOAT)".to_owned());
    }
    let x = context.f32_input(0)?;
    let at = axis(attributes.int("axis", -1)?, x.shape.len())?;
    let size: usize = x.shape[at..].iter().product();
    let mut inputs = vec![0];
    for position in 1..=2 {
        if context.optional(position).is_none() {
            continue;
        }
        if context.floats(position)?.len() != size {
            return Err(format!("scale and B must have the shape {:?}", &x.shape[at..]));
        }
        inputs.push(position);
    }
    Parsed::one(Op::LayerNormalization { axis: at, epsilon }, inputs, Type::F32, x.shape.clone())
}

/// Reads Softmax or LogSoftmax along one axis.
pub(super) fn softmax(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.f32_input(0)?;
    let at = axis(context.attributes.int("axis", -1)?, x.shape.len())?;
    let log = context.op_type == "LogSoftmax";
    Parsed::one(Op::Softmax { axis: at, log }, [0], Type::F32, x.shape.clone())
}
