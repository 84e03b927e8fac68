//! The ops of the normalised form (and Shape, which no node of it is left of): how many inputs each takes, which
//! attributes it keeps, and what it makes of its inputs' shapes. Each rule keeps the claim of [`facts`](crate::facts)
//! about the batch, or says which node breaks it.

mod elementwise;
mod join;
mod linear;
mod normalization;
mod quantization;
mod reduce;
pub(crate) mod reshape;
mod shapes;
mod trees;
pub(crate) mod window;

use std::ops::RangeInclusive;

use dunlin_bundle::tensor::DType;

use crate::constant::Constant;
use crate::facts::{Extent, Fact, Fault, describe};
use crate::model::Node;

/// A node and what is known of its inputs.
pub(crate) struct Ask<'a> {
    pub(crate) node: &'a Node,
    /// By position; `None` for one left out.
    pub(crate) inputs: Vec<Option<&'a Fact>>,
    /// By position; `None` for one that is no constant.
    pub(crate) constants: Vec<Option<&'a Constant>>,
    /// Rows that the file was exported for, where it fixes them and the batch is taken as a symbol all the same.
    pub(crate) exported_rows: Option<usize>,
}

type Rule = fn(&Ask<'_>) -> Result<Vec<Fact>, Fault>;

/// An op of the normalised form.
pub(crate) struct Op {
    pub(crate) name: &'static str,
    pub(crate) inputs: RangeInclusive<usize>,
    /// Attributes that the normalised form has.
    pub(crate) attributes: &'static [&'static str],
    pub(crate) rule: Rule,
}

const fn op(name: &'static str, inputs: (usize, usize), attributes: &'static [&'static str], rule: Rule) -> Op {
    Op { name, inputs: inputs.0..=inputs.1, attributes, rule }
}

const WINDOW: &[&str] = &["dilations", "group", "kernel_shape", "pads", "strides"];
const POOL: &[&str] = &["ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"];
const MAX_POOL: &[&str] = &["ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"];
const REDUCE: &[&str] = &["keepdims"];

/// Every op of the normalised form.
pub(crate) const OPS: &[Op] = &[
    op("Abs", (1, 1), &[], elementwise::unary),
    op("Add", (2, 2), &[], elementwise::arithmetic),
    op("And", (2, 2), &[], elementwise::comparison),
    op("ArgMax", (1, 1), &["axis", "keepdims", "select_last_index"], reduce::arg),
    op("AveragePool", (1, 1), POOL, window::pool),
    op("BatchNormalization", (5, 5), &["epsilon"], normalization::batch),
    op("Cast", (1, 1), &["to"], elementwise::cast),
    op("Clip", (1, 3), &[], elementwise::unary),
    op("Concat", (1, usize::MAX), &["axis"], join::concat),
    op("Conv", (2, 3), WINDOW, window::conv),
    op("DequantizeLinear", (2, 3), &["axis"], quantization::dequantize),
    op("Div", (2, 2), &[], elementwise::arithmetic),
    op("Elu", (1, 1), &["alpha"], elementwise::unary),
    op("Equal", (2, 2), &[], elementwise::comparison),
    op("Erf", (1, 1), &[], elementwise::unary),
    op("Exp", (1, 1), &[], elementwise::unary),
    op("Expand", (2, 2), &[], reshape::expand),
    op("Flatten", (1, 1), &["axis"], reshape::flatten),
    op("Gather", (2, 2), &["axis"], join::gather),
    op("Gelu", (1, 1), &["approximate"], elementwise::unary),
    op("Gemm", (2, 3), &["alpha", "beta", "transA", "transB"], linear::gemm),
    op("GlobalAveragePool", (1, 1), &[], window::global),
    op("GlobalMaxPool", (1, 1), &[], window::global),
    op("Greater", (2, 2), &[], elementwise::comparison),
    op("GreaterOrEqual", (2, 2), &[], elementwise::comparison),
    op("HardSigmoid", (1, 1), &["alpha", "beta"], elementwise::unary),
    op("HardSwish", (1, 1), &[], elementwise::unary),
    op("LayerNormalization", (2, 3), &["axis", "epsilon"], normalization::layer),
    op("LeakyRelu", (1, 1), &["alpha"], elementwise::unary),
    op("Less", (2, 2), &[], elementwise::comparison),
    op("LessOrEqual", (2, 2), &[], elementwise::comparison),
    op("Log", (1, 1), &[], elementwise::unary),
    op("LogSoftmax", (1, 1), &["axis"], normalization::softmax),
    op("MatMul", (2, 2), &[], linear::matmul),
    op("Max", (2, 2), &[], elementwise::arithmetic),
    op("MaxPool", (1, 1), MAX_POOL, window::max_pool),
    op("Min", (2, 2), &[], elementwise::arithmetic),
    op("Mul", (2, 2), &[], elementwise::arithmetic),
    op("Neg", (1, 1), &[], elementwise::unary),
    op("Not", (1, 1), &[], elementwise::unary),
    op("Or", (2, 2), &[], elementwise::comparison),
    op("PRelu", (2, 2), &[], elementwise::prelu),
    op("Pad", (2, 3), &["mode"], join::pad),
    op("Pow", (2, 2), &[], elementwise::arithmetic),
    op("QuantizeLinear", (2, 3), &["axis"], quantization::quantize),
    op("Reciprocal", (1, 1), &[], elementwise::unary),
    op("ReduceL1", (1, 2), REDUCE, reduce::reduce),
    op("ReduceL2", (1, 2), REDUCE, reduce::reduce),
    op("ReduceLogSum", (1, 2), REDUCE, reduce::reduce),
    op("ReduceLogSumExp", (1, 2), REDUCE, reduce::reduce),
    op("ReduceMax", (1, 2), REDUCE, reduce::reduce),
    op("ReduceMean", (1, 2), REDUCE, reduce::reduce),
    op("ReduceMin", (1, 2), REDUCE, reduce::reduce),
    op("ReduceProd", (1, 2), REDUCE, reduce::reduce),
    op("ReduceSum", (1, 2), REDUCE, reduce::reduce),
    op("ReduceSumSquare", (1, 2), REDUCE, reduce::reduce),
    op("Relu", (1, 1), &[], elementwise::unary),
    op("Reshape", (2, 2), &["allowzero"], reshape::reshape),
    op("Shape", (1, 1), &["end", "start"], shapes::shape),
    op("Sigmoid", (1, 1), &[], elementwise::unary),
    op("Slice", (5, 5), &[], join::slice),
    op("Softmax", (1, 1), &["axis"], normalization::softmax),
    op("Softplus", (1, 1), &[], elementwise::unary),
    op("Split", (2, 2), &["axis"], join::split),
    op("Sqrt", (1, 1), &[], elementwise::unary),
    op("Squeeze", (2, 2), &[], reshape::squeeze),
    op("Sub", (2, 2), &[], elementwise::arithmetic),
    op("Tanh", (1, 1), &[], elementwise::unary),
    op("Transpose", (1, 1), &["perm"], reshape::transpose),
    op("TreeEnsemble", (12, 12), &["aggregate_function", "n_targets"], trees::ensemble),
    op("Unsqueeze", (2, 2), &[], reshape::unsqueeze),
    op("Where", (3, 3), &[], elementwise::choose),
];

/// Finds an op by its ONNX name.
pub(crate) fn find(name: &str) -> Option<&'static Op> {
    OPS.binary_search_by(|op| op.name.cmp(name)).ok().map(|i| &OPS[i])
}

impl Ask<'_> {
    /// What is known of an input that must be there.
    pub(crate) fn fact(&self, position: usize) -> Result<&Fact, Fault> {
        let found = self.inputs.get(position).copied().flatten();
        found.ok_or_else(|| Fault::Wrong(format!("input {position} is missing")))
    }

    pub(crate) fn maybe(&self, position: usize) -> Option<&Fact> {
        self.inputs.get(position).copied().flatten()
    }

    /// The whole numbers of an input that must be known before the model runs.
    pub(crate) fn ints(&self, position: usize, what: &str) -> Result<Vec<i64>, Fault> {
        let fact = self.fact(position)?;
        match &fact.known {
            Some(_) => fact.ints().ok_or_else(|| Fault::Mixes(format!("{what} depends on the size of the batch"))),
            None => Err(Fault::Wrong(format!(
                "{what} must be known before the model runs; export it with fixed shapes and constant folding"
            ))),
        }
    }

    /// A constant input whose values the rule needs, or whose sizes must not depend on the rows.
    pub(crate) fn constant_sizes(&self, position: usize, what: &str) -> Result<Vec<usize>, Fault> {
        let fact = self.fact(position)?;
        if fact.rows().is_some() {
            return Err(Fault::Mixes(format!("{what} comes from the batch")));
        }
        fact.shape.iter().map(|extent| extent.size()).collect()
    }
}

/// One output.
fn one(dtype: DType, shape: Vec<Extent>) -> Result<Vec<Fact>, Fault> {
    Ok(vec![Fact::new(dtype, shape)])
}

/// An axis, counted from the end when negative.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Fault> {
    let positive = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let found = positive.and_then(|a| usize::try_from(a).ok()).filter(|a| *a < rank);
    found.ok_or_else(|| Fault::Wrong(format!("axis {axis} is out of range for {rank} dimensions")))
}

/// Axes, each counted from the end when negative, each there once.
pub(crate) fn axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, Fault> {
    let mut found = axes.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable();
    if found.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Fault::Wrong(format!("axes {axes:?} name a dimension twice")));
    }
    Ok(found)
}

/// The shape of two operands of which each may be stretched along its dimensions of one.
pub(crate) fn broadcast(a: &[Extent], b: &[Extent]) -> Result<Vec<Extent>, Fault> {
    let rank = a.len().max(b.len());
    let at = |shape: &[Extent], i: usize| match (i + shape.len()).checked_sub(rank) {
        Some(i) => shape[i],
        None => Extent::Size(1),
    };
    let meet = |i: usize| match (at(a, i), at(b, i)) {
        (x, y) if x == y => Ok(x),
        (Extent::Size(1), other) | (other, Extent::Size(1)) => Ok(other),
        (Extent::Size(_), Extent::Size(_)) => {
            Err(Fault::Wrong(format!("{} and {} cannot be combined", describe(a), describe(b))))
        }
        _ => Err(Fault::Mixes(format!("it combines {} with {}", describe(a), describe(b)))),
    };
    let shape = (0..rank).map(meet).collect::<Result<Vec<_>, _>>()?;
    let batches = shape.iter().filter(|extent| matches!(extent, Extent::Rows(_))).count();
    if batches > 1 {
        return Err(Fault::Mixes(format!("it combines each row with each: {} with {}", describe(a), describe(b))));
    }
    Ok(shape)
}

/// Product of sizes for one row; `None` when it overflows.
pub(crate) fn product(extents: &[Extent]) -> Result<usize, Fault> {
    let product = extents.iter().try_fold(1_usize, |n, extent| n.checked_mul(extent.each()));
    product.ok_or_else(|| Fault::Wrong("its shape overflows".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::OPS;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(OPS.is_sorted_by(|a, b| a.name < b.name));
    }
}
