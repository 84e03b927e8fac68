//! The softmaxes, which before opset 13 flattened their operand to a matrix at `axis` (1 by default).

use super::plain;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault};
use crate::model::{Attribute, Node};
use crate::rules;

pub(super) fn softmax(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let shape = builder.fact(node.input(0).unwrap_or_default())?.shape.clone();
    let default = if opset < 13 { 1 } else { -1 };
    let given = node.int("axis", default);
    let axis = rules::axis(given, shape.len())?;
    let along_last = axis + 1 == shape.len();
    // One dimension at most has more than one element: normalising over it is normalising over all.
    let longer: Vec<usize> = (axis..shape.len()).filter(|i| shape[*i] != Extent::Size(1)).collect();
    let one = match longer.as_slice() {
        _ if opset >= 13 || along_last => Some(axis),
        [] => Some(axis),
        [one] => Some(*one),
        _ => None,
    };
    if let Some(axis) = one {
        return builder.emit(plain(node, &["axis"]).with("axis", Attribute::Int(axis as i64)));
    }
    let (flat, normal) =
        (builder.fresh(&format!("{}.flat", node.name)), builder.fresh(&format!("{}.matrix", node.name)));
    let at = Attribute::Int(axis as i64);
    builder
        .emit(Node::new(&format!("{}.flatten", node.name), "Flatten", &[&node.inputs[0]], &flat).with("axis", at))?;
    let over = Attribute::Int(1);
    builder.emit(Node::new(&node.name, &node.op, &[&flat], &normal).with("axis", over))?;
    let target: Vec<i64> = shape.iter().map(back).collect();
    let target = builder.add_constant(&format!("{}.shape", node.name), Constant::list(&target));
    builder.emit(Node::new(&format!("{}.reshape", node.name), "Reshape", &[&normal, &target], node.output()))
}

/// An entry of the shape to go back to.
fn back(extent: &Extent) -> i64 {
    match extent {
        Extent::Size(size) => *size as i64,
        Extent::Rows(_) => -1,
    }
}
