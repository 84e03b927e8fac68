//! Reshape, Expand, Slice and Split: attributes that became inputs, and targets that write the batch's size.

use super::plain;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Entry, Extent, Fault};
use crate::model::{Attribute, Node};
use crate::rules;
use crate::rules::reshape::reshaped;

/// The target becomes one that any batch fits.
pub(super) fn reshape(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let ask = builder.ask(node);
    let (shape, target) = reshaped(&ask)?;
    if shape == ask.fact(0)?.shape {
        return super::fewer::identity(node, opset, builder);
    }
    let mut node = plain(node, &["allowzero"]);
    if shape.contains(&Extent::Size(0)) {
        node = node.with("allowzero", Attribute::Int(1));
    }
    with_list(&node, 1, "shape", &target, builder)
}

/// Where the value has the batch already, the target need not write it.
pub(super) fn expand(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let ask = builder.ask(node);
    let x = ask.fact(0)?;
    let Some(target) = x.rows().and(ask.fact(1)?.known.as_ref()) else {
        return builder.emit(node.clone());
    };
    let rank = target.len().max(x.shape.len());
    let offset = rank - x.shape.len();
    let mut numbers = Vec::with_capacity(target.len());
    for (i, entry) in target.iter().enumerate() {
        let here = (i + rank - target.len()).checked_sub(offset).map(|at| x.shape[at]);
        numbers.push(match (*entry, here) {
            (Entry::Rows(each), Some(Extent::Rows(own))) if each == own as i64 => 1,
            (Entry::Int(size), Some(Extent::Rows(own)))
                if ask.exported_rows.map(|rows| (rows * own) as i64) == Some(size) =>
            {
                1
            }
            (Entry::Int(size), _) => size,
            (Entry::Rows(_), _) => return Err(Fault::Mixes("it stretches a value over the batch".to_owned())),
        });
    }
    if target.len() <= x.shape.len() && numbers.iter().all(|size| *size == 1) {
        return super::fewer::identity(node, opset, builder);
    }
    with_list(node, 1, "shape", &numbers, builder)
}

/// Emits the node with a list of numbers as one of its inputs.
fn with_list(node: &Node, position: usize, what: &str, list: &[i64], builder: &mut Builder) -> Result<(), Fault> {
    let mut node = node.clone();
    node.inputs[position] = builder.add_constant(&format!("{}.{what}", node.name), Constant::list(list));
    builder.emit(node)
}

/// Axes and steps are written out, and an axis that is taken whole is not named.
pub(super) fn slice(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let x = builder.fact(node.input(0).unwrap_or_default())?;
    let (shape, known) = (x.shape.clone(), x.known.clone());
    let list = |attribute: &str, position: usize| -> Result<Option<Vec<i64>>, Fault> {
        match (node.attributes.get(attribute), node.input(position)) {
            (Some(Attribute::Ints(list)), _) => Ok(Some(list.clone())),
            (_, None) => Ok(None),
            (_, Some(name)) => match builder.fact(name)? {
                fact if fact.known.is_none() => {
                    Err(format!("its {attribute} must be known before the model runs").into())
                }
                fact => fact
                    .ints()
                    .map(Some)
                    .ok_or_else(|| Fault::Mixes(format!("its {attribute} depend on the size of the batch"))),
            },
        }
    };
    let starts = list("starts", 1)?.ok_or("its starts are missing")?;
    let ends = list("ends", 2)?.ok_or("its ends are missing")?;
    let axes = list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()].iter().any(|length| *length != starts.len()) {
        return Err("its starts, ends, axes and steps are not one for each axis".into());
    }
    let mut kept = [const { Vec::new() }; 4];
    for i in 0..starts.len() {
        let axis = rules::axis(axes[i], shape.len())?;
        let size = match shape[axis] {
            Extent::Size(size) => size,
            // Any number of rows is taken whole only by an end that stands for "to the last".
            Extent::Rows(each) => builder.exported_rows.map_or(i32::MAX as usize, |rows| rows.saturating_mul(each)),
        };
        let from_start = starts[i] == 0 || starts[i] <= -(size as i64);
        if from_start && ends[i] >= size as i64 && steps[i] == 1 {
            continue;
        }
        let start = first(starts[i], steps[i], size);
        [start, ends[i], axis as i64, steps[i]].into_iter().zip(&mut kept).for_each(|(v, list)| list.push(v));
    }
    if kept[0].is_empty() && known.is_none() {
        return super::fewer::identity(node, opset, builder);
    }
    let mut slice = plain(node, &["starts", "ends", "axes"]);
    slice.inputs.truncate(1);
    for (what, list) in ["starts", "ends", "axes", "steps"].iter().zip(kept) {
        slice.inputs.push(builder.add_constant(&format!("{}.{what}", node.name), Constant::list(&list)));
    }
    builder.emit(slice)
}

/// Where a slice starts, from the front: one past the end for steps forward, and the last element for steps back, at
/// most.
fn first(start: i64, step: i64, size: usize) -> i64 {
    let size = size as i64;
    let from_front = if start < 0 { start.saturating_add(size) } else { start };
    from_front.clamp(0, if step > 0 { size } else { (size - 1).max(0) })
}

/// The sizes of the parts are written out.
pub(super) fn split(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let shape = &builder.fact(node.input(0).unwrap_or_default())?.shape;
    let axis = rules::axis(node.int("axis", 0), shape.len())?;
    let sizes = match (node.attributes.get("split"), node.input(1)) {
        (Some(Attribute::Ints(sizes)), _) => sizes.clone(),
        (_, Some(name)) => builder.fact(name)?.ints().ok_or("the sizes of its parts must be known before it runs")?,
        (_, None) => equal_parts(shape[axis], node.outputs.len())?,
    };
    if node.outputs.len() == 1 {
        return super::fewer::identity(node, opset, builder);
    }
    let mut split = node.clone();
    split.attributes.retain(|name, _| name == "axis");
    split.attributes.insert("axis".to_owned(), Attribute::Int(axis as i64));
    for output in split.outputs.iter_mut().filter(|output| output.is_empty()) {
        *output = builder.fresh(&format!("{}.unused", node.name));
    }
    split.inputs.truncate(1);
    split.inputs.push(builder.add_constant(&format!("{}.split", node.name), Constant::list(&sizes)));
    builder.emit(split)
}

/// Parts of one size, the last one perhaps smaller.
fn equal_parts(extent: Extent, parts: usize) -> Result<Vec<i64>, Fault> {
    let Extent::Size(size) = extent else { return Err(Fault::Mixes("it splits the batch".to_owned())) };
    let part = size.div_ceil(parts.max(1));
    let last = part.checked_mul(parts.saturating_sub(1)).and_then(|before| size.checked_sub(before));
    let last = last.filter(|last| *last > 0).ok_or_else(|| format!("{size} elements cannot be split into {parts}"))?;
    Ok((0..parts).map(|i| if i + 1 == parts { last as i64 } else { part as i64 }).collect())
}
