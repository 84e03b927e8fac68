//! Attributes: one that the op does not read, or of another type, is refused rather than taken for its default.

use dunlin_bundle::graph::{Attribute, Node};

/// Name and type of an attribute that an op reads.
pub(super) type Known = (&'static str, Kind);

/// ONNX's type of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Int,
    Float,
    Ints,
}

/// What MaxPool and AveragePool read. Without padding, `count_include_pad` makes no difference.
pub(super) const WINDOW: &[Known] = &[
    ("ceil_mode", Kind::Int),
    ("count_include_pad", Kind::Int),
    ("dilations", Kind::Ints),
    ("kernel_shape", Kind::Ints),
    ("pads", Kind::Ints),
    ("strides", Kind::Ints),
];

/// Checks a node's attributes against those that its op reads.
pub(super) fn check(node: &Node, known: &[Known]) -> Result<(), String> {
    for (name, attribute) in &node.attributes {
        let Some((_, kind)) = known.iter().find(|(known, _)| known == name) else {
            return Err(format!("attribute '{name}' is not supported; write the node without it"));
        };
        let good = match (kind, attribute) {
            // A whole number in the file is a float too.
            (Kind::Int | Kind::Float, Attribute::Int(_)) | (Kind::Ints, Attribute::Ints(_)) => true,
            (Kind::Float, Attribute::Float(value)) => value.is_finite(),
            _ => false,
        };
        if !good {
            return Err(format!("attribute '{name}' must be of type {kind:?} and finite"));
        }
    }
    Ok(())
}
