//! Padding: `auto_pad` becomes pads, Pad's attributes become inputs, and what a pool need not say is not said.

use super::plain;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault};
use crate::model::{Attribute, Node};
use crate::rules;
use crate::rules::window::windows;

/// Widest pad, far above any use, so that sums of pads and sizes do not overflow.
const MAX_PAD: u64 = 1 << 30;

pub(super) fn conv(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let kernel = builder.fact(node.input(1).unwrap_or_default())?.shape.get(2..).unwrap_or_default().to_vec();
    let kernel = kernel.iter().map(|extent| extent.size()).collect::<Result<Vec<_>, _>>()?;
    let conv = settled(plain(node, &[]), &kernel, builder)?;
    builder.emit(conv)
}

pub(super) fn pool(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let kernel: Option<Vec<usize>> = node.ints("kernel_shape").iter().map(|k| usize::try_from(*k).ok()).collect();
    let kernel = kernel.ok_or("kernel_shape has a negative size")?;
    let mut pool = plain(node, &["storage_order"]);
    // Where each greatest element stands, if anybody asks.
    if let Some(places) = node.outputs.get(1).filter(|places| builder.is_used(places)) {
        pool.outputs.push(places.clone());
        let order = node.int("storage_order", 0);
        pool.attributes.extend((order != 0).then(|| ("storage_order".to_owned(), Attribute::Int(order))));
    }
    let mut pool = settled(pool, &kernel, builder)?;
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

/// Pads of all dimensions, whatever axes are named. What pads cut off is sliced off, and a mode that repeats elements
/// takes one node for each dimension.
pub(super) fn pad(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let mode = match node.string("mode") {
        "" => "constant",
        known @ ("constant" | "reflect" | "edge" | "wrap") => known,
        other => return Err(format!("mode '{}' is not known", other.escape_debug()).into()),
    };
    let pads = all_pads(node, builder)?;
    let (cut, added): (Vec<_>, Vec<_>) =
        pads.iter().map(|pad| (pad.map(|p| (-p).max(0)), pad.map(|p| p.max(0)))).unzip();
    let padded: Vec<usize> = (0..pads.len()).filter(|d| added[*d] != [0, 0]).collect();
    let rounds: Vec<Vec<usize>> = match mode {
        "constant" if padded.is_empty() => Vec::new(),
        "constant" => vec![padded],
        _ => padded.into_iter().map(|d| vec![d]).collect(),
    };
    let mut so_far = node.input(0).ok_or("its data are missing")?.to_owned();
    if cut.iter().any(|pad| *pad != [0, 0]) {
        let output =
            if rounds.is_empty() { node.output().to_owned() } else { builder.fresh(&format!("{}.cut", node.name)) };
        cut_off(&so_far, &cut, &output, node, builder)?;
        so_far = output;
    } else if rounds.is_empty() {
        return super::fewer::identity(node, opset, builder);
    }
    let value = if mode == "constant" { value(node, builder)? } else { None };
    for (i, dimensions) in rounds.iter().enumerate() {
        let last = i + 1 == rounds.len();
        let output = if last { node.output().to_owned() } else { builder.fresh(&format!("{}.{i}", node.name)) };
        let here = |side: usize| (0..pads.len()).map(move |d| (d, side));
        let list: Vec<i64> =
            here(0).chain(here(1)).map(|(d, side)| if dimensions.contains(&d) { added[d][side] } else { 0 }).collect();
        let pads = builder.add_constant(&format!("{}.pads", node.name), Constant::list(&list));
        let name = if last { node.name.clone() } else { output.clone() };
        let mut pad = Node::new(&name, "Pad", &[&so_far, &pads], &output);
        pad.inputs.extend(value.clone());
        if mode != "constant" {
            pad = pad.with("mode", Attribute::String(mode.to_owned()));
        }
        builder.emit(pad)?;
        so_far = output;
    }
    Ok(())
}

/// Before and after, for each dimension.
fn all_pads(node: &Node, builder: &Builder) -> Result<Vec<[i64; 2]>, Fault> {
    let rank = builder.fact(node.input(0).unwrap_or_default())?.shape.len();
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
    if given.len() != 2 * axes.len() || given.iter().any(|pad| pad.unsigned_abs() > MAX_PAD) {
        return Err(format!("its pads must be two for each of {} dimensions, none absurd", axes.len()).into());
    }
    let mut pads = vec![[0; 2]; rank];
    for (i, axis) in axes.iter().enumerate() {
        pads[*axis] = [given[i], given[i + axes.len()]];
    }
    Ok(pads)
}

/// A slice without the elements that pads below zero cut off.
fn cut_off(x: &str, cut: &[[i64; 2]], output: &str, node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let shape = builder.fact(x)?.shape.clone();
    let mut lists = [const { Vec::new() }; 4];
    for (axis, [before, after]) in cut.iter().enumerate().filter(|(_, pad)| **pad != [0, 0]) {
        let size = shape[axis].size()? as i64;
        let values = [*before, size - after, axis as i64, 1];
        values.into_iter().zip(&mut lists).for_each(|(value, list)| list.push(value));
    }
    let mut slice = Node::new(&format!("{}.slice", node.name), "Slice", &[x], output);
    for (what, list) in ["starts", "ends", "axes", "steps"].iter().zip(lists) {
        slice.inputs.push(builder.add_constant(&format!("{}.{what}", node.name), Constant::list(&list)));
    }
    builder.emit(slice)
}

/// The value around the data, where it is not zero.
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
