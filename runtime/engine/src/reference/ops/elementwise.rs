//! Ops that work element by element: two operands with broadcasting, or one.

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::super::constants::Constant;
use super::{Built, Constants, Op, all_inputs, check_count, without_trailing_gaps};

#[derive(Clone, Copy)]
enum Binary {
    Add,
    Sub,
    Mul,
    Div,
}

/// Reads Add, Sub, Mul or Div.
pub(super) fn build_binary(node: &Node, _constants: &Constants) -> Result<Built, String> {
    let op = match node.op_type.as_str() {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        _ => Binary::Div,
    };
    all_inputs(node, op, 2..=2)
}

impl Op for Binary {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        broadcast(inputs[0], inputs[1])
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        match self {
            Self::Add => inputs[0].broadcast_add(inputs[1]),
            Self::Sub => inputs[0].broadcast_sub(inputs[1]),
            Self::Mul => inputs[0].broadcast_mul(inputs[1]),
            Self::Div => inputs[0].broadcast_div(inputs[1]),
        }
    }
}

/// ONNX's (numpy's) multidirectional broadcasting.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |j| shape[j]);
    let one = |i| match (dim(a, i), dim(b, i)) {
        (x, y) if x == y || y == 1 => Ok(x),
        (1, y) => Ok(y),
        _ => Err(format!("shapes {a:?} and {b:?} cannot be broadcast")),
    };
    (0..rank).map(one).collect()
}

enum Unary {
    Relu,
    Sigmoid,
    Tanh,
    Identity,
    LeakyRelu { alpha: f64 },
    Clip { min: f32, max: f32 },
}

/// Reads Relu, Sigmoid, Tanh, Identity, LeakyRelu or Clip (whose bounds are constants).
pub(super) fn build_unary(node: &Node, constants: &Constants) -> Result<Built, String> {
    let op = match node.op_type.as_str() {
        "Relu" => Unary::Relu,
        "Sigmoid" => Unary::Sigmoid,
        "Tanh" => Unary::Tanh,
        "Identity" => Unary::Identity,
        "LeakyRelu" => Unary::LeakyRelu { alpha: node.float("alpha", 0.01) },
        _ => return build_clip(node, constants),
    };
    all_inputs(node, op, 1..=1)
}

fn build_clip(node: &Node, constants: &Constants) -> Result<Built, String> {
    check_count(without_trailing_gaps(node), 1..=3)?;
    let bound = |position: usize, default: f32| match node.inputs.get(position).map(String::as_str) {
        None | Some("") => Ok(default),
        Some(name) => match constants.get(name) {
            Some(Constant::Dense(t)) if t.elem_count() == 1 => {
                t.flatten_all().and_then(|t| t.to_vec1::<f32>()).map(|v| v[0]).map_err(|e| e.to_string())
            }
            _ => Err(format!("bound '{name}' must be an initializer with one f32 element")),
        },
    };
    let (min, max) = (bound(1, f32::MIN)?, bound(2, f32::MAX)?);
    Ok(Built { op: Box::new(Unary::Clip { min, max }), inputs: vec![node.inputs[0].clone()] })
}

impl Op for Unary {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        Ok(inputs[0].to_vec())
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let x = inputs[0];
        match self {
            // candle's own `relu` makes 0 of NaN, which would hide it from the guard.
            Self::Relu => x.maximum(0_f32),
            Self::Sigmoid => candle_nn::ops::sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Identity => Ok(x.clone()),
            Self::LeakyRelu { alpha } => candle_nn::ops::leaky_relu(x, *alpha),
            Self::Clip { min, max } => x.clamp(*min, *max),
        }
    }
}
