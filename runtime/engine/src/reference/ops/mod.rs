//! ONNX ops on candle, one file a family; each infers its shape before it runs.

mod conv;
mod elementwise;
mod linear;
mod normalization;
mod pool;
mod reshape;
mod softmax;

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::constants::Constants;

/// One operation with its attributes read and its constant operands held.
pub(crate) trait Op: Send + Sync {
    /// The output's shape for these input shapes, or what is wrong with them.
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String>;

    /// Runs on inputs whose shapes [`Op::shape`] accepted, but for the batch.
    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor>;
}

/// An op and the names of the values that it takes at run time.
pub(crate) struct Built {
    pub(crate) op: Box<dyn Op>,
    pub(crate) inputs: Vec<String>,
}

type Build = fn(&Node, &Constants) -> Result<Built, String>;

/// Finds the builder of an op by its ONNX name.
pub(crate) fn find(op_type: &str) -> Option<Build> {
    let build: Build = match op_type {
        "Conv" => conv::build,
        "Gemm" => linear::build_gemm,
        "MatMul" => linear::build_matmul,
        "Add" | "Sub" | "Mul" | "Div" => elementwise::build_binary,
        "Relu" | "Sigmoid" | "Tanh" | "Identity" | "LeakyRelu" | "Clip" => elementwise::build_unary,
        "BatchNormalization" => normalization::build_batch,
        "LayerNormalization" => normalization::build_layer,
        "MaxPool" | "AveragePool" | "GlobalAveragePool" => pool::build,
        "Flatten" | "Reshape" | "Transpose" => reshape::build,
        "Concat" => reshape::build_concat,
        "Softmax" => softmax::build,
        _ => return None,
    };
    Some(build)
}

/// Every input of the node is taken at run time.
fn all_inputs(node: &Node, op: impl Op + 'static, count: std::ops::RangeInclusive<usize>) -> Result<Built, String> {
    if !count.contains(&node.inputs.len()) {
        return Err(format!("takes {} to {} inputs, has {}", count.start(), count.end(), node.inputs.len()));
    }
    Ok(Built { op: Box::new(op), inputs: node.inputs.clone() })
}

/// A non-negative INT attribute.
fn size(node: &Node, name: &str, default: i64) -> Result<usize, String> {
    usize::try_from(node.int(name, default)).map_err(|_| format!("attribute {name} must not be negative"))
}

/// An axis, counted from the end when negative.
fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let positive = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let found = positive.and_then(|a| usize::try_from(a).ok()).filter(|a| *a < rank);
    found.ok_or_else(|| format!("axis {axis} is out of range for rank {rank}"))
}
