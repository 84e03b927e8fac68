//! `BatchNormalization` (inference), `LayerNormalization`, `Softmax` and `LogSoftmax`.

use std::sync::Arc;

use dunlin_kernels::vector::{Binary, Reduce};

use super::{Context, Op, Parsed, axis};
use crate::ir::{Type, Value};

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
    let mut across = vec![1; x.shape.len() - 1];
    across[0] = channels;
    let scaled = Parsed::new(Op::Binary(Binary::Mul), [0], Type::F32, x.shape.clone());
    let scaled = scaled.with(&format!("{}.scale", x.name), across.clone(), factor);
    let shifted = Parsed::new(Op::Binary(Binary::Add), [Parsed::PREVIOUS], Type::F32, x.shape.clone());
    Ok(vec![scaled, shifted.with(&format!("{}.shift", x.name), across, shift).named(0)])
}

/// Inputs: X, scale and optionally B, both of the shape of X's dimensions from `axis` on. Outputs: Y, and where they are
/// asked for the mean and the inverse standard deviation.
pub(super) fn layer(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 3)?;
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
    let y = Parsed::new(Op::LayerNormalization { axis: at, epsilon }, inputs, Type::F32, x.shape.clone()).named(0);
    let mut results = vec![y];
    if context.outputs > 1 {
        results.extend(statistics(x, at, epsilon));
    }
    Ok(results)
}

/// The mean over the dimensions from `axis` on, and one over the root of the variance.
fn statistics(x: &Value, axis: usize, epsilon: f32) -> [Parsed; 6] {
    let shape = |d: usize| if d < axis { x.shape[d] } else { 1 };
    let reduced: Vec<usize> = (0..x.shape.len()).map(shape).collect();
    let axes: Vec<usize> = (axis..x.shape.len()).collect();
    let count = x.shape[axis..].iter().product::<usize>();
    let of = |op, inputs: Vec<usize>, shape: &[usize]| Parsed::new(op, inputs, Type::F32, shape.to_vec());
    let before = vec![Parsed::PREVIOUS];
    let mean = of(Op::Reduce { op: Reduce::Mean, axes: axes.clone() }, vec![0], &reduced).named(1);
    let centred = of(Op::Binary(Binary::Sub), vec![0, Parsed::PREVIOUS], &x.shape);
    let squares = of(Op::Reduce { op: Reduce::SumSquare, axes }, before.clone(), &reduced);
    let variance = of(Op::Binary(Binary::Div), before.clone(), &reduced);
    let variance = variance.with(&format!("{}.count", x.name), Vec::new(), [count as f32].into());
    let raised = of(Op::Binary(Binary::Add), before.clone(), &reduced);
    let raised = raised.with(&format!("{}.epsilon", x.name), Vec::new(), [epsilon].into());
    let power = of(Op::Binary(Binary::Pow), before, &reduced);
    let inverse = power.with(&format!("{}.power", x.name), Vec::new(), [-0.5].into()).named(2);
    [mean, centred, squares, variance, raised, inverse]
}

/// Reads Softmax or LogSoftmax along one axis.
pub(super) fn softmax(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.f32_input(0)?;
    let at = axis(context.attributes.int("axis", -1)?, x.shape.len())?;
    let log = context.op_type == "LogSoftmax";
    Parsed::one(Op::Softmax { axis: at, log }, [0], Type::F32, x.shape.clone())
}
