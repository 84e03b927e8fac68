//! Types of attributes: one of another type is refused, and not taken for its default.

use crate::model::{Attribute, Node};

const INTS: &[&str] = &["axes", "dilations", "ends", "kernel_shape", "pads", "perm", "split", "starts", "strides"];
const INT: &[&str] = &[
    "allowzero",
    "axis",
    "block_size",
    "ceil_mode",
    "count_include_pad",
    "end",
    "group",
    "keepdims",
    "n_targets",
    "noop_with_empty_axes",
    "num_outputs",
    "output_dtype",
    "select_last_index",
    "spatial",
    "start",
    "storage_order",
    "targets",
    "to",
    "training_mode",
    "transA",
    "transB",
];
const FLOAT: &[&str] = &["alpha", "beta", "epsilon"];
/// Clip's bounds, which may be infinite.
const BOUND: &[&str] = &["max", "min"];
const STRING: &[&str] = &["approximate", "auto_pad", "mode", "norm"];

/// The first attribute of a type that it cannot have, and the type that it has in ONNX.
pub(super) fn wrong(node: &Node) -> Option<(&str, &'static str)> {
    node.attributes.iter().find_map(|(name, attribute)| {
        let is = |names: &[&str]| names.contains(&name.as_str());
        let (right, wanted) = match attribute {
            _ if is(INTS) => (matches!(attribute, Attribute::Ints(_)), "INTS"),
            _ if is(INT) => (matches!(attribute, Attribute::Int(_)), "INT"),
            _ if is(FLOAT) => (matches!(attribute, Attribute::Float(value) if value.is_finite()), "finite FLOAT"),
            _ if is(BOUND) => (matches!(attribute, Attribute::Float(value) if !value.is_nan()), "FLOAT"),
            _ if is(STRING) => (matches!(attribute, Attribute::String(_)), "STRING"),
            _ => return None,
        };
        (!right).then_some((name.as_str(), wanted))
    })
}
