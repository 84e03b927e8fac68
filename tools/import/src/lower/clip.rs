//! Clip's bounds, attributes before opset 11; one that bounds nothing is left out.

use super::plain;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::Fault;
use crate::model::{Attribute, Node};

pub(super) fn clip(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let low = bound(node, 1, "min", f32::MIN, builder)?;
    let high = bound(node, 2, "max", f32::MAX, builder)?;
    let mut clip = plain(node, &["min", "max"]);
    clip.inputs.truncate(1);
    match (low, high) {
        (None, None) => return super::fewer::identity(node, opset, builder),
        (low, None) => clip.inputs.extend(low),
        (low, Some(high)) => clip.inputs.extend([low.unwrap_or_default(), high]),
    }
    builder.emit(clip)
}

/// A bound, unless it is the largest number there is.
fn bound(
    node: &Node,
    position: usize,
    attribute: &str,
    none: f32,
    builder: &mut Builder,
) -> Result<Option<String>, Fault> {
    if let Some(name) = node.input(position) {
        let value = builder.constant(name).and_then(Constant::scalar_f32);
        return Ok((value != Some(none)).then(|| name.to_owned()));
    }
    let Some(Attribute::Float(value)) = node.attributes.get(attribute) else { return Ok(None) };
    let value = value.clamp(f32::MIN, f32::MAX);
    let constant = Constant::f32(&[], &[value]);
    Ok((value != none).then(|| builder.add_constant(&format!("{}.{attribute}", node.name), constant)))
}
