//! The operations: each ONNX node is parsed, checked and given its result's type and shape here, family by family.

mod comparison;
mod convolution;
mod elementwise;
mod matmul;
mod movement;
mod normalization;
mod pool;
mod quantization;
mod reduction;
mod trees;
mod views;

use std::sync::Arc;

use dunlin_bundle::Weights;
use dunlin_bundle::limits::MAX_RANK;
use dunlin_bundle::tensor::element_count;
use dunlin_kernels::vector::{Binary, Reduce, Unary};

use super::attributes::Attributes;
use super::{Constant, Type, Value};
pub(crate) use comparison::{Comparison, IntegerOp, Logic};
pub(crate) use convolution::{Conv, QConv, QResidual, Quantized, Separable};
pub(crate) use elementwise::broadcast;
pub(crate) use matmul::{DynamicMatMul, MatMul, QMatMul};
pub(crate) use pool::{Pool, PoolKind};
pub(crate) use quantization::{QAdd, QPool, Scale};

/// What a node does, its attributes read. Inputs are those of the run, in the order given with each.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// x (N, C, H, W) or (N, C, L), w, optionally b.
    Conv(Conv),
    /// a, b, optionally c.
    MatMul(MatMul),
    Unary(Unary),
    Binary(Binary),
    /// On I64 and I32.
    Integer(IntegerOp),
    Comparison(Comparison),
    Logic(Logic),
    /// condition, x, y.
    Where,
    Cast,
    Pool(Pool),
    /// Where the greatest element of each window of a pool stands among all of x, the last two dimensions the other way
    /// round if `column_major`.
    MaxPlaces {
        pool: Pool,
        column_major: bool,
    },
    Softmax {
        axis: usize,
        log: bool,
    },
    /// x, scale, optionally bias; over the dimensions from `axis` on.
    LayerNormalization {
        axis: usize,
        epsilon: f32,
    },
    Reduce {
        op: Reduce,
        axes: Vec<usize>,
    },
    ArgMax {
        axis: usize,
        last: bool,
    },
    /// Another shape over the same elements in the same order.
    View,
    Transpose {
        permutation: Vec<usize>,
    },
    /// The element at `start + step * i` along each dimension.
    Slice {
        starts: Vec<usize>,
        steps: Vec<isize>,
    },
    Expand,
    Concat {
        axis: usize,
    },
    /// Zeros (or `value`) before and after each dimension.
    Pad {
        before: Vec<usize>,
        value: PadValue,
    },
    /// data, indices.
    Gather {
        axis: usize,
    },
    /// To U8 or I8, by a scale of the whole tensor or of each index along an axis.
    Quantize(Scale),
    Dequantize(Scale),
    Tree(std::sync::Arc<dunlin_kernels::vector::TreeEnsemble>),
    /// What fusion makes; see `fuse/`.
    Separable(Box<Separable>),
    QConv(Box<QConv>),
    QMatMul(Box<QMatMul>),
    QAdd(QAdd),
    QPool(QPool),
    DynamicMatMul(DynamicMatMul),
}

/// What stands in a padded tensor around the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PadValue {
    F32(f32),
    I64(i64),
    /// A byte as it is stored.
    Byte(u8),
}

/// What a family's parser is given.
pub(crate) struct Context<'a> {
    pub(crate) op_type: &'a str,
    pub(crate) attributes: Attributes<'a>,
    /// Inputs by position; `None` where an optional one is left out.
    pub(crate) inputs: &'a [Option<&'a Value>],
    /// How many outputs the node has, those left out at the end not counted.
    pub(crate) outputs: usize,
    pub(crate) weights: &'a Weights,
}

/// One result of a node.
pub(crate) struct Parsed {
    pub(crate) op: Op,
    /// Positions of the inputs that the run takes.
    pub(crate) inputs: Vec<usize>,
    pub(crate) ty: Type,
    pub(crate) shape: Vec<usize>,
    /// Values that take part and that the graph does not name: they come after the inputs.
    pub(crate) extra: Vec<Value>,
    /// Which of the node's outputs it is; `None` for what only later results use.
    pub(crate) output: Option<usize>,
}

type ParseFn = fn(&Context<'_>) -> Result<Vec<Parsed>, String>;

/// Every op that the plan runs, by ONNX name.
const OPS: &[(&str, ParseFn)] = &[
    ("Abs", elementwise::unary),
    ("Add", elementwise::binary),
    ("And", comparison::logic),
    ("ArgMax", reduction::arg_max),
    ("AveragePool", pool::parse),
    ("BatchNormalization", normalization::batch),
    ("Cast", comparison::cast),
    ("Clip", elementwise::clip),
    ("Concat", movement::concat),
    ("Conv", convolution::parse),
    ("DequantizeLinear", quantization::dequantize),
    ("Div", elementwise::binary),
    ("DynamicQuantizeMatMul", matmul::dynamic),
    ("Elu", elementwise::unary),
    ("Equal", comparison::compare),
    ("Erf", elementwise::unary),
    ("Exp", elementwise::unary),
    ("Expand", movement::expand),
    ("Flatten", views::flatten),
    ("Gather", movement::gather),
    ("Gelu", elementwise::unary),
    ("Gemm", matmul::gemm),
    ("GlobalAveragePool", pool::global),
    ("GlobalMaxPool", pool::global),
    ("Greater", comparison::compare),
    ("GreaterOrEqual", comparison::compare),
    ("HardSigmoid", elementwise::unary),
    ("HardSwish", elementwise::unary),
    ("Identity", views::identity),
    ("LayerNormalization", normalization::layer),
    ("LeakyRelu", elementwise::unary),
    ("Less", comparison::compare),
    ("LessOrEqual", comparison::compare),
    ("Log", elementwise::unary),
    ("LogSoftmax", normalization::softmax),
    ("MatMul", matmul::matmul),
    ("Max", elementwise::many),
    ("MaxPool", pool::parse),
    ("Min", elementwise::many),
    ("Mul", elementwise::binary),
    ("Neg", elementwise::unary),
    ("Not", comparison::not),
    ("Or", comparison::logic),
    ("PRelu", elementwise::prelu),
    ("Pad", movement::pad),
    ("Pow", elementwise::binary),
    ("QuantizeLinear", quantization::quantize),
    ("Reciprocal", elementwise::unary),
    ("ReduceL1", reduction::parse),
    ("ReduceL2", reduction::parse),
    ("ReduceLogSum", reduction::parse),
    ("ReduceLogSumExp", reduction::parse),
    ("ReduceMax", reduction::parse),
    ("ReduceMean", reduction::parse),
    ("ReduceMin", reduction::parse),
    ("ReduceProd", reduction::parse),
    ("ReduceSum", reduction::parse),
    ("ReduceSumSquare", reduction::parse),
    ("Relu", elementwise::unary),
    ("Reshape", views::reshape),
    ("Sigmoid", elementwise::unary),
    ("Slice", movement::slice),
    ("Softmax", normalization::softmax),
    ("Softplus", elementwise::unary),
    ("Split", movement::split),
    ("Sqrt", elementwise::unary),
    ("Squeeze", views::squeeze),
    ("Sub", elementwise::binary),
    ("Tanh", elementwise::unary),
    ("Transpose", movement::transpose),
    ("TreeEnsemble", trees::parse),
    ("Unsqueeze", views::unsqueeze),
    ("Where", comparison::select),
];

/// ONNX names of all ops, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OPS.iter().map(|(name, _)| *name)
}

/// The parser of an op.
pub(crate) fn find(op_type: &str) -> Option<ParseFn> {
    OPS.iter().find(|(name, _)| *name == op_type).map(|(_, parse)| *parse)
}

impl Parsed {
    /// In `inputs`: the result before this one; with 1 the one before that.
    pub(crate) const PREVIOUS: usize = usize::MAX - 1;

    /// A result that takes the inputs at these positions.
    pub(crate) fn new(op: Op, inputs: impl Into<Vec<usize>>, ty: Type, shape: Vec<usize>) -> Self {
        Self { op, inputs: inputs.into(), ty, shape, extra: Vec::new(), output: None }
    }

    /// The same as one of the node's outputs.
    pub(crate) fn named(self, output: usize) -> Self {
        Self { output: Some(output), ..self }
    }

    /// The same with a constant after its inputs.
    pub(crate) fn with(mut self, name: &str, shape: Vec<usize>, values: Arc<[f32]>) -> Self {
        let constant = Some(Constant::F32(values));
        self.extra.push(Value { name: name.to_owned(), ty: Type::F32, shape, constant });
        self
    }

    /// The one result of a node.
    pub(crate) fn one(op: Op, inputs: impl Into<Vec<usize>>, ty: Type, shape: Vec<usize>) -> Result<Vec<Self>, String> {
        Ok(vec![Self::new(op, inputs, ty, shape).named(0)])
    }
}

impl<'a> Context<'a> {
    /// An input that must be there.
    pub(crate) fn input(&self, position: usize) -> Result<&'a Value, String> {
        self.optional(position).ok_or_else(|| format!("input {position} is missing"))
    }

    /// An input that may be left out.
    pub(crate) fn optional(&self, position: usize) -> Option<&'a Value> {
        self.inputs.get(position).copied().flatten()
    }

    /// Refuses more inputs than the op has, and fewer than it needs.
    pub(crate) fn takes(&self, least: usize, most: usize) -> Result<(), String> {
        let given = self.inputs.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        if given > most || self.inputs.iter().take(least).filter(|i| i.is_some()).count() < least {
            let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
            return Err(format!("takes {wanted} inputs, has {given}"));
        }
        Ok(())
    }

    /// An input of floats.
    pub(crate) fn f32_input(&self, position: usize) -> Result<&'a Value, String> {
        let value = self.input(position)?;
        if value.ty == Type::F32 { Ok(value) } else { Err(format!("'{}' must be F32, is {:?}", value.name, value.ty)) }
    }

    /// The whole numbers of a constant input, such as axes; `None` where it is left out.
    pub(crate) fn integers(&self, position: usize) -> Result<Option<Vec<i64>>, String> {
        let Some(value) = self.optional(position) else { return Ok(None) };
        let integers = value.integers();
        integers
            .map(Some)
            .ok_or_else(|| format!("'{}' must be whole numbers that are known before the run", value.name))
    }

    /// The one float of a constant input; `None` where it is left out.
    pub(crate) fn float(&self, position: usize) -> Result<Option<f32>, String> {
        let Some(value) = self.optional(position) else { return Ok(None) };
        let float = value.float(self.weights);
        float.map(Some).ok_or_else(|| format!("'{}' must be one float that is known before the run", value.name))
    }

    /// The floats of a constant input that must be there.
    pub(crate) fn floats(&self, position: usize) -> Result<std::sync::Arc<[f32]>, String> {
        let value = self.input(position)?;
        value.floats(self.weights).ok_or_else(|| format!("'{}' must be floats known before the run", value.name))
    }
}

/// An axis, counted from the end when negative.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let positive = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let found = positive.and_then(|a| usize::try_from(a).ok()).filter(|a| *a < rank);
    found.ok_or_else(|| format!("axis {axis} is out of range for rank {rank}"))
}

/// Axes, each once, in ascending order.
pub(crate) fn axes(given: &[i64], rank: usize) -> Result<Vec<usize>, String> {
    let mut axes = given.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(format!("axes {given:?} hold one twice"));
    }
    Ok(axes)
}

/// Refuses a shape that no run could hold.
pub(crate) fn check_shape(shape: &[usize]) -> Result<(), String> {
    if shape.len() > MAX_RANK || element_count(shape).is_none() {
        return Err(format!("makes shape {shape:?}, more than {MAX_RANK} dimensions or too many elements"));
    }
    Ok(())
}
