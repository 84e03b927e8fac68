//! `BatchNormalization` (inference) and `LayerNormalization` (last axis).

use candle_core::{D, Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::{Built, Constants, Op, all_inputs, axis};

struct Batch {
    epsilon: f64,
}

/// Inputs: X (N, C, ...), scale, B, mean and variance, each (C).
pub(super) fn build_batch(node: &Node, _constants: &Constants) -> Result<Built, String> {
    if node.int("training_mode", 0) != 0 {
        return Err("training_mode must be 0".to_owned());
    }
    all_inputs(node, Batch { epsilon: node.float("epsilon", 1e-5) }, 5..=5)
}

impl Op for Batch {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let x = inputs[0];
        let channels = x.get(1).copied().ok_or("X must have a channel dimension")?;
        if inputs[1..].iter().any(|p| **p != [channels]) {
            return Err(format!("scale, B, mean and variance must have shape [{channels}]"));
        }
        Ok(x.to_vec())
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let mut shape = vec![1; inputs[0].rank()];
        shape[1] = inputs[1].elem_count();
        let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|i| inputs[i].reshape(shape.as_slice()));
        let factor = (scale? / (variance? + self.epsilon)?.sqrt()?)?;
        inputs[0].broadcast_sub(&mean?)?.broadcast_mul(&factor)?.broadcast_add(&bias?)
    }
}

struct Layer {
    axis: i64,
    epsilon: f64,
}

/// Inputs: X, scale and optionally B, both of the size of X's last dimension.
pub(super) fn build_layer(node: &Node, _constants: &Constants) -> Result<Built, String> {
    all_inputs(node, Layer { axis: node.int("axis", -1), epsilon: node.float("epsilon", 1e-5) }, 2..=3)
}

impl Op for Layer {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let rank = inputs[0].len();
        if axis(self.axis, rank)? + 1 != rank {
            return Err("only the last axis is supported".to_owned());
        }
        let width = inputs[0][rank - 1];
        if inputs[1..].iter().any(|p| **p != [width]) {
            return Err(format!("scale and B must have shape [{width}]"));
        }
        Ok(inputs[0].to_vec())
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let centered = inputs[0].broadcast_sub(&inputs[0].mean_keepdim(D::Minus1)?)?;
        let deviation = (centered.sqr()?.mean_keepdim(D::Minus1)? + self.epsilon)?.sqrt()?;
        let y = centered.broadcast_div(&deviation)?.broadcast_mul(inputs[1])?;
        inputs.get(2).map_or(Ok(y.clone()), |bias| y.broadcast_add(bias))
    }
}
