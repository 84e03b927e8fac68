//! ONNX ops on candle, one file a family; each infers its shape before it runs.

mod attributes;
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
use attributes::Kind::{Float, Int, Ints};
use attributes::Known;

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

/// An op that the engine knows.
pub(crate) struct OpKind {
    name: &'static str,
    build: Build,
    attributes: &'static [Known],
}

impl OpKind {
    const fn new(name: &'static str, build: Build, attributes: &'static [Known]) -> Self {
        Self { name, build, attributes }
    }

    /// Reads a node of this op.
    pub(crate) fn build(&self, node: &Node, constants: &Constants) -> Result<Built, String> {
        attributes::check(node, self.attributes)?;
        (self.build)(node, constants)
    }
}

/// Every op by its ONNX name, with the attributes that it reads.
const OPS: &[OpKind] = &[
    OpKind::new("Add", elementwise::build_binary, &[]),
    OpKind::new("AveragePool", pool::build, attributes::WINDOW),
    OpKind::new(
        "BatchNormalization",
        normalization::build_batch,
        &[("epsilon", Float), ("momentum", Float), ("training_mode", Int)],
    ),
    OpKind::new("Clip", elementwise::build_unary, &[]),
    OpKind::new("Concat", reshape::build_concat, &[("axis", Int)]),
    OpKind::new(
        "Conv",
        conv::build,
        &[("dilations", Ints), ("group", Int), ("kernel_shape", Ints), ("pads", Ints), ("strides", Ints)],
    ),
    OpKind::new("Div", elementwise::build_binary, &[]),
    OpKind::new("Flatten", reshape::build, &[("axis", Int)]),
    OpKind::new("Gemm", linear::build_gemm, &[("alpha", Float), ("beta", Float), ("transA", Int), ("transB", Int)]),
    OpKind::new("GlobalAveragePool", pool::build, &[]),
    OpKind::new("Identity", elementwise::build_unary, &[]),
    OpKind::new(
        "LayerNormalization",
        normalization::build_layer,
        &[("axis", Int), ("epsilon", Float), ("stash_type", Int)],
    ),
    OpKind::new("LeakyRelu", elementwise::build_unary, &[("alpha", Float)]),
    OpKind::new("MatMul", linear::build_matmul, &[]),
    OpKind::new("MaxPool", pool::build, attributes::WINDOW),
    OpKind::new("Mul", elementwise::build_binary, &[]),
    OpKind::new("Relu", elementwise::build_unary, &[]),
    OpKind::new("Reshape", reshape::build, &[("allowzero", Int)]),
    OpKind::new("Sigmoid", elementwise::build_unary, &[]),
    OpKind::new("Softmax", softmax::build, &[("axis", Int)]),
    OpKind::new("Sub", elementwise::build_binary, &[]),
    OpKind::new("Tanh", elementwise::build_unary, &[]),
    OpKind::new("Transpose", reshape::build, &[("perm", Ints)]),
];

/// ONNX names of all ops.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OPS.iter().map(|op| op.name)
}

/// Finds an op by its ONNX name.
pub(crate) fn find(op_type: &str) -> Option<&'static OpKind> {
    OPS.iter().find(|op| op.name == op_type)
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
