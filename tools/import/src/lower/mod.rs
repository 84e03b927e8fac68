//! Each op of a file to ops of the normalised form: today's meanings, attributes that became inputs as inputs, defaults
//! that depend on shapes written out.

mod axes;
mod blocks;
mod clip;
mod fewer;
mod moves;
mod padding;
mod softmax;
mod types;

use crate::builder::Builder;
use crate::error::ImportError;
use crate::facts::Fault;
use crate::model::{ML_DOMAIN, Model, Node};
pub(crate) use fewer::onnx_number;

use crate::rules;
use crate::sklearn;

type Lower = fn(&Node, i64, &mut Builder) -> Result<(), Fault>;

/// Ops whose nodes are rewritten; every other op of the normalised form is taken as it is.
const REWRITTEN: &[(&str, Lower)] = &[
    ("ArgMax", axes::arg_max),
    ("AveragePool", padding::pool),
    ("BatchNormalization", fewer::batch_normalization),
    ("Cast", fewer::cast),
    ("Clip", clip::clip),
    ("Concat", axes::one_axis),
    ("ConstantOfShape", fewer::constant_of_shape),
    ("Conv", padding::conv),
    ("DequantizeLinear", fewer::dequantize),
    ("Dropout", fewer::dropout),
    ("Expand", moves::expand),
    ("Gather", axes::one_axis),
    ("Identity", fewer::identity),
    ("LayerNormalization", fewer::layer_normalization),
    ("LogSoftmax", softmax::softmax),
    ("Max", fewer::of_many),
    ("MaxPool", padding::pool),
    ("Min", fewer::of_many),
    ("Pad", padding::pad),
    ("QuantizeLinear", fewer::quantize),
    ("ReduceL1", axes::reduce),
    ("ReduceL2", axes::reduce),
    ("ReduceLogSum", axes::reduce),
    ("ReduceLogSumExp", axes::reduce),
    ("ReduceMax", axes::reduce),
    ("ReduceMean", axes::reduce),
    ("ReduceMin", axes::reduce),
    ("ReduceProd", axes::reduce),
    ("ReduceSum", axes::reduce),
    ("ReduceSumSquare", axes::reduce),
    ("Reshape", moves::reshape),
    ("Slice", moves::slice),
    ("Softmax", softmax::softmax),
    ("Split", moves::split),
    ("Squeeze", axes::squeeze),
    ("Sum", fewer::of_many),
    ("Unsqueeze", axes::unsqueeze),
];

/// What to do about ops that people's models have and this form has not.
const REMEDIES: &[(&[&str], &str)] = &[
    (&["If", "Loop", "Scan"], "export it with fixed shapes, so that no control flow is left"),
    (&["LSTM", "GRU", "RNN"], "recurrent layers are not supported; use convolutions or attention over a fixed window"),
    (&["Resize", "Upsample"], "resize before the model, or export with fixed shapes where it changes nothing"),
    (&["ConvTranspose"], "upsample before the model, or use another layer"),
    (&["NonMaxSuppression", "TopK", "NonZero", "Unique"], "end the model before it and do this step in the app"),
    (&["Einsum"], "write it as MatMul and Transpose"),
    (
        &["QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"],
        "quantise into QuantizeLinear and DequantizeLinear pairs (QuantFormat.QDQ), or import the float model",
    ),
    (
        &["InstanceNormalization", "GroupNormalization", "LpNormalization"],
        "export it decomposed, or train with batch or layer normalization",
    ),
];
const OTHER_REMEDY: &str = "docs/import.md lists the ops that can; export without it, or end the model before it";
const FOREIGN_REMEDY: &str =
    "only ONNX's own ops and scikit-learn's can; export without custom ops and with functions inlined";

/// Refuses the first op that has no way into the normalised form, or an attribute of another type than it has in ONNX.
pub(crate) fn check_supported(model: &Model) -> Result<(), ImportError> {
    for node in &model.nodes {
        let own = |op: &str| find(op).is_some() || rules::find(op).is_some_and(|rule| rule.name != "TreeEnsemble");
        let checked = match node.domain.as_str() {
            "" if own(&node.op) => Ok(()),
            "" => Err(remedy(&node.op)),
            ML_DOMAIN => sklearn::supported(&node.op),
            _ => Err(FOREIGN_REMEDY),
        };
        checked.map_err(|remedy| {
            let op = if node.domain.is_empty() { node.op.clone() } else { format!("{}.{}", node.domain, node.op) };
            ImportError::UnsupportedOp { node: node.name.clone(), op, remedy }
        })?;
        if let Some((name, wanted)) = types::wrong(node) {
            let reason = format!("attribute '{name}' must be of type {wanted}; export the model again");
            return Err(ImportError::BadNode { node: node.name.clone(), op: node.op.clone(), reason });
        }
    }
    Ok(())
}

fn remedy(op: &str) -> &'static str {
    let found = REMEDIES.iter().find(|(ops, _)| ops.contains(&op));
    found.map_or(OTHER_REMEDY, |(_, remedy)| remedy)
}

fn find(op: &str) -> Option<Lower> {
    REWRITTEN.iter().find(|(name, _)| *name == op).map(|(_, lower)| *lower)
}

/// Lowers a node of the file.
pub(crate) fn lower(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    if node.domain == ML_DOMAIN {
        return sklearn::lower(node, builder);
    }
    match find(&node.op) {
        Some(lower) => lower(node, opset, builder),
        None => builder.emit(node.clone()),
    }
}

/// The node without some attributes and without the outputs after its first, which must not be used.
fn plain(node: &Node, dropped: &[&str]) -> Node {
    let mut plain = node.clone();
    plain.attributes.retain(|name, _| !dropped.contains(&name.as_str()));
    plain.outputs.truncate(1);
    plain
}
