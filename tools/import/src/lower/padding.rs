//! Padding: `auto_pad` becomes pads, Pad's attributes become inputs, and what a pool need not say is not said.

use super::plain;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault};
use crate::model::{Attribute, Node};
use crate::rules;
use crate::rules::window::windows;

pub(super) fn conv(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let kernel = builder.fact(node.input(1).unwrap_or_default())?.shape.get(2..).unwrap_or_default().to_vec();
    let kernel = kernel.iter().map(|extent| extent.size()).collect::<Result<Vec<_>, _>>()?;
    let conv = settled(plain(node, &[]), &kernel, builder)?;
    builder.emit(conv)
}

pub(super) fn pool(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let kernel: Option<Vec<usize>> = node.ints("kernel_shape").iter().map(|k| usize::try_from(*k).ok()).collect();
    let kernel = kernel.ok_or("kernel_shape has a negative size")?;
    let mut pool = settled(plain(node, &["storage_order"]), &kernel, builder)?;
    for flag in ["ceil_mode", "count_include_pad"] {
        if pool.int(flag, 0) == 0 {
            pool.attributes.remove(flag);
        }
    }
    builder.emit(pool)
}

/// The node with pads in place of `auto_pad`.
fn settled(mut node: Node, kernel: &[usize], builder: &Builder) -> Result<Node, Fault> {
    let auto = node.string("auto_pad").to_owned();
    node.attributes.remove("auto_pad");
    match auto.as_str() {
        "" | "NOTSET" => return Ok(node),
        "VALID" => {
            node.attributes.remove("pads");
            return Ok(node);
        }
        "SAME_UPPER" | "SAME_LOWER" => {}
        _ => return Err(format!("auto_pad '{}' is not known", auto.escape_debug()).into()),
    }
    node.attributes.remove("pads");
    let shape = &builder.fact(node.input(0).unwrap_or_default())?.shape;
    let spatial = shape.get(2..).unwrap_or_default();
    if spatial.len() != kernel.len() {
        return Err("its kernel and its operand differ in spatial dimensions".into());
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (window, extent) in windows(&node, kernel)?.iter().zip(spatial) {
        let (size, reach) = (extent.size()?, window.reach()?);
        let covered =
            (size.div_ceil(window.stride).saturating_sub(1)).saturating_mul(window.stride).saturating_add(reach);
        let total = covered.saturating_sub(size);
        let less = total / 2;
        let (first, last) = if auto == "SAME_UPPER" { (less, total - less) } else { (total - less, less) };
        before.push(first as i64);
        after.push(last as i64);
    }
    Ok(node.with("pads", Attribute::Ints([before, after].concat())))
}

/// Pads of all dimensions, whatever axes are named; the value only where it is not zero.
pub(super) fn pad(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let rank = builder.fact(node.input(0).unwrap_or_default())?.shape.len();
    let mode = node.string("mode");
    if !["", "constant", "reflect", "edge"].contains(&mode) {
        return Err(format!("mode '{}' cannot be imported; use constant, reflect or edge", mode.escape_debug()).into());
    }
    let given = match (node.attributes.get("pads"), node.input(1)) {
        (Some(Attribute::Ints(pads)), _) => pads.clone(),
        (_, Some(name)) => builder.fact(name)?.ints().ok_or("its pads must be known before the model runs")?,
        _ => return Err("its pads are missing".into()),
    };
    let axes = match node.input(3) {
        Some(name) => {
            let axes = builder.fact(name)?.ints().ok_or("its axes must be known before the model runs")?;
            axes.iter().map(|axis| rules::axis(*axis, rank)).collect::<Result<Vec<_>, _>>()?
        }
        None => (0..rank).collect(),
    };
    if given.len() != 2 * axes.len() {
        return Err(format!("its pads must be two for each of {} dimensions", axes.len()).into());
    }
    let mut pads = vec![0; 2 * rank];
    for (i, axis) in axes.iter().enumerate() {
        (pads[*axis], pads[axis + rank]) = (given[i], given[i + axes.len()]);
    }
    if pads.iter().all(|pad| *pad == 0) {
        return super::fewer::identity(node, opset, builder);
    }
    let value = value(node, builder)?;
    let mut padded = plain(node, &["pads", "value", "paddings"]);
    if mode == "constant" {
        padded.attributes.remove("mode");
    }
    padded.inputs.truncate(1);
    padded.inputs.push(builder.add_constant(&format!("{}.pads", node.name), Constant::list(&pads)));
    padded.inputs.extend(value);
    builder.emit(padded)
}

fn value(node: &Node, builder: &mut Builder) -> Result<Option<String>, Fault> {
    if let Some(name) = node.input(2) {
        let zero = builder.constant(name).is_some_and(|c| c.bytes.iter().all(|byte| *byte == 0));
        let scalar = builder.fact(name)?.shape.iter().all(|extent| *extent == Extent::Size(1));
        return if scalar { Ok((!zero).then(|| name.to_owned())) } else { Err("its value must be a scalar".into()) };
    }
    match node.float("value", 0.0) {
        0.0 => Ok(None),
        value if value.is_finite() => {
            Ok(Some(builder.add_constant(&format!("{}.value", node.name), Constant::f32(&[], &[value]))))
        }
        _ => Err("its value is not finite".into()),
    }
}
