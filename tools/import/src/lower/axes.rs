//! Axes that once were attributes, may count from the end, or may be left out.

use dunlin_bundle::tensor::DType;

use super::{onnx_number, plain};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault};
use crate::model::{Attribute, Node};
use crate::rules;

/// The axes of a node, from its attribute or its second input.
fn given(node: &Node, builder: &Builder) -> Result<Option<Vec<i64>>, Fault> {
    match (node.attributes.get("axes"), node.input(1)) {
        (Some(Attribute::Ints(axes)), _) => Ok(Some(axes.clone())),
        (_, None) => Ok(None),
        (_, Some(name)) => {
            let axes = builder.fact(name)?.ints();
            axes.map(Some).ok_or_else(|| "its axes must be known before the model runs".into())
        }
    }
}

/// The node with these axes as its second input.
fn with_axes(node: &Node, axes: &[usize], builder: &mut Builder) -> Node {
    let list: Vec<i64> = axes.iter().map(|axis| *axis as i64).collect();
    let name = builder.add_constant(&format!("{}.axes", node.name), Constant::list(&list));
    let mut node = plain(node, &["axes", "noop_with_empty_axes"]);
    node.inputs.truncate(1);
    node.inputs.push(name);
    node
}

/// Without axes, over all dimensions, or over none where `noop_with_empty_axes` says so.
pub(super) fn reduce(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let rank = builder.fact(node.input(0).unwrap_or_default())?.shape.len();
    let axes = given(node, builder)?.filter(|axes| !axes.is_empty());
    let axes = match axes {
        Some(axes) => rules::axes(&axes, rank)?,
        None if node.int("noop_with_empty_axes", 0) != 0 => Vec::new(),
        None => (0..rank).collect(),
    };
    // Over no dimension, each element is reduced by itself.
    match node.op.as_str() {
        "ReduceMax" | "ReduceMean" | "ReduceMin" | "ReduceProd" | "ReduceSum" if axes.is_empty() => {
            builder.alias(node.output(), &node.inputs[0]);
            Ok(())
        }
        _ if axes.is_empty() => Err("it reduces over no dimension; leave it out".into()),
        _ => {
            let node = with_axes(node, &axes, builder);
            match builder.fact(&node.inputs[0])?.dtype {
                DType::Bool => truths(node, builder),
                _ => builder.emit(node),
            }
        }
    }
}

/// A reduction of truth values as one of zeros and ones: the largest tells whether any is true, the smallest whether all
/// are. That of none at all is infinite, which is no more than zero, or more.
fn truths(mut node: Node, builder: &mut Builder) -> Result<(), Fault> {
    if !matches!(node.op.as_str(), "ReduceMax" | "ReduceMin") {
        return Err("it reduces truth values; cast them to float before".into());
    }
    let (numbers, reduced) =
        (builder.fresh(&format!("{}.numbers", node.name)), builder.fresh(&format!("{}.reduced", node.name)));
    let to = Attribute::Int(onnx_number(DType::F32));
    builder.emit(Node::new(&numbers, "Cast", &[&node.inputs[0]], &numbers).with("to", to))?;
    let zero = builder.add_constant(&format!("{}.zero", node.name), Constant::f32(&[], &[0.0]));
    let truth = Node::new(&format!("{}.truth", node.name), "Greater", &[&reduced, &zero], node.output());
    node.inputs[0] = numbers;
    node.outputs = vec![reduced];
    builder.emit(node)?;
    builder.emit(truth)
}

/// Without axes, every dimension of one element.
pub(super) fn squeeze(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let shape = builder.fact(node.input(0).unwrap_or_default())?.shape.clone();
    let axes = match given(node, builder)? {
        Some(axes) => rules::axes(&axes, shape.len())?,
        // It would remove a batch of one too, and every axis after it would mean another dimension.
        None if shape.contains(&Extent::Rows(1)) && builder.exported_rows == Some(1) => {
            return Err(Fault::Mixes("it removes every dimension of one element, the batch among them".to_owned()));
        }
        None => {
            let ones = shape.iter().enumerate().filter(|(_, extent)| **extent == Extent::Size(1));
            ones.map(|(axis, _)| axis).collect()
        }
    };
    let node = with_axes(node, &axes, builder);
    builder.emit(node)
}

pub(super) fn unsqueeze(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let rank = builder.fact(node.input(0).unwrap_or_default())?.shape.len();
    let axes = given(node, builder)?.ok_or("its axes are missing")?;
    let axes = rules::axes(&axes, rank.saturating_add(axes.len()))?;
    let node = with_axes(node, &axes, builder);
    builder.emit(node)
}

/// Concat and Gather: the axis counted from the front.
pub(super) fn one_axis(node: &Node, opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let rank = builder.fact(node.input(0).unwrap_or_default())?.shape.len();
    let axis = rules::axis(node.int("axis", 0), rank)?;
    if node.op == "Concat" && node.inputs.len() == 1 {
        return super::fewer::identity(node, opset, builder);
    }
    builder.emit(node.clone().with("axis", Attribute::Int(axis as i64)))
}

pub(super) fn arg_max(node: &Node, _opset: i64, builder: &mut Builder) -> Result<(), Fault> {
    let rank = builder.fact(node.input(0).unwrap_or_default())?.shape.len();
    let axis = rules::axis(node.int("axis", 0), rank)?;
    builder.emit(node.clone().with("axis", Attribute::Int(axis as i64)))
}
