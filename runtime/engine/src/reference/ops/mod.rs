//! ONNX ops on candle, one file a family; each infers its shape before it runs.

mod conv;
mod elementwise;
mod linear;
mod normalization;
mod pool;
mod reshape;
mod softmax;

use std::ops::RangeInclusive;

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::Node;

use super::constants::Constants;

/// One operation with its attributes read and its constant operands held.
pub(crate) trait Op: Send + Sync {
    /// The output's shape for these input shapes, or what is wrong with them.
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String>;

    /// Elements of memory that a run takes beside its operands and its output.
    fn scratch(&self, _inputs: &[&[usize]], _output: &[usize]) -> u64 {
        0
    }

    /// Runs on inputs whose shapes [`Op::shape`] accepted, but for the batch.
    fn run(&self, inputs: &[&Tensor]) -> CandleResult<Tensor>;
}

/// An op and the names of the values that it takes at run time.
pub(crate) struct Built {
    pub(crate) op: Box<dyn Op>,
    pub(crate) inputs: Vec<String>,
}

type Build = fn(&Node, &Constants) -> Result<Built, String>;

/// Every op by its ONNX name.
const OPS: &[(&str, Build)] = &[
    ("Add", elementwise::build_binary),
    ("AveragePool", pool::build),
    ("BatchNormalization", normalization::build_batch),
    ("Clip", elementwise::build_unary),
    ("Concat", reshape::build_concat),
    ("Conv", conv::build),
    ("Div", elementwise::build_binary),
    ("Flatten", reshape::build),
    ("Gemm", linear::build_gemm),
    ("GlobalAveragePool", pool::build),
    ("Identity", elementwise::build_unary),
    ("LayerNormalization", normalization::build_layer),
    ("LeakyRelu", elementwise::build_unary),
    ("MatMul", linear::build_matmul),
    ("MaxPool", pool::build),
    ("Mul", elementwise::build_binary),
    ("Relu", elementwise::build_unary),
    ("Reshape", reshape::build),
    ("Sigmoid", elementwise::build_unary),
    ("Softmax", softmax::build),
    ("Sub", elementwise::build_binary),
    ("Tanh", elementwise::build_unary),
    ("Transpose", reshape::build),
];

/// ONNX names of all ops.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OPS.iter().map(|(name, _)| *name)
}

/// Finds the builder of an op by its ONNX name.
pub(crate) fn find(op_type: &str) -> Option<Build> {
    OPS.iter().find(|(name, _)| *name == op_type).map(|(_, build)| *build)
}

/// Every input of the node is taken at run time.
fn all_inputs(node: &Node, op: impl Op + 'static, count: RangeInclusive<usize>) -> Result<Built, String> {
    let inputs = without_trailing_gaps(node);
    check_count(inputs, count)?;
    Ok(Built { op: Box::new(op), inputs: inputs.to_vec() })
}

/// The inputs without the optional ones left out at the end.
fn without_trailing_gaps(node: &Node) -> &[String] {
    let count = node.inputs.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    &node.inputs[..count]
}

fn check_count(inputs: &[String], count: RangeInclusive<usize>) -> Result<(), String> {
    if count.contains(&inputs.len()) {
        return Ok(());
    }
    let (least, most) = count.into_inner();
    let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
    Err(format!("takes {wanted} inputs, has {}", inputs.len()))
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
