//! `Softmax` along one axis (ONNX opset 13 and later).

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::{Built, Constants, Op, all_inputs, axis};

struct Softmax {
    axis: i64,
}

/// Reads a Softmax node.
pub(super) fn build(node: &Node, _constants: &Constants) -> Result<Built, String> {
    all_inputs(node, Softmax { axis: node.int("axis", -1) }, 1..=1)
}

impl Op for Softmax {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        axis(self.axis, inputs[0].len()).map(|_| inputs[0].to_vec())
    }

    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor> {
        let at = axis(self.axis, inputs[0].rank()).map_err(candle_core::Error::Msg)?;
        candle_nn::ops::softmax(inputs[0], at)
    }
}
