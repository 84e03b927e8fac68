//! `Scaler`, `Normalizer`, and picking columns.

use super::{constant, operand, step};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault, describe};
use crate::model::{Attribute, Node};

/// (X - offset) * scale, each one number or one for each feature.
pub(super) fn scaler(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let x = operand(node, builder)?;
    let list = |name: &str, default: f32| match node.floats(name) {
        [] => vec![default],
        values => values.to_vec(),
    };
    let (offset, scale) = (list("offset", 0.0), list("scale", 1.0));
    let (moves, scales) = (offset.iter().any(|v| *v != 0.0), scale.iter().any(|v| *v != 1.0));
    if !moves && !scales {
        builder.alias(node.output(), &x);
        return Ok(());
    }
    let mut so_far = x;
    if moves {
        let offset = constant(node, "offset", Constant::f32(&[offset.len()], &offset), builder)?;
        let output = if scales { builder.fresh(&format!("{}.moved", node.name)) } else { node.output().to_owned() };
        builder.emit(Node::new(&format!("{}.moved", node.name), "Sub", &[&so_far, &offset], &output))?;
        so_far = output;
    }
    if scales {
        let scale = constant(node, "scale", Constant::f32(&[scale.len()], &scale), builder)?;
        builder.emit(Node::new(&node.name, "Mul", &[&so_far, &scale], node.output()))?;
    }
    Ok(())
}

/// Smallest divisor: a row of zeros stays one.
const SMALLEST: f32 = f32::MIN_POSITIVE;

/// Each row divided by its norm.
pub(super) fn normalizer(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let x = operand(node, builder)?;
    let shape = builder.fact(&x)?.shape.clone();
    if shape.len() != 2 {
        return Err(format!("X {} must have rows of features", describe(&shape)).into());
    }
    let op = match node.string("norm") {
        "" | "MAX" => "ReduceMax",
        "L1" => "ReduceL1",
        "L2" => "ReduceL2",
        other => return Err(format!("norm '{}' is not known", other.escape_debug()).into()),
    };
    let axes = builder.add_constant(&format!("{}.axes", node.name), Constant::list(&[1]));
    let norm = step(node, "norm", op, &[&x, &axes], builder)?;
    let divisor = if op == "ReduceMax" {
        // The largest may be below zero, so zero alone is replaced.
        let zero = constant(node, "zero", Constant::f32(&[], &[0.0]), builder)?;
        let one = constant(node, "one", Constant::f32(&[], &[1.0]), builder)?;
        let empty = step(node, "empty", "Equal", &[&norm, &zero], builder)?;
        step(node, "divisor", "Where", &[&empty, &one, &norm], builder)?
    } else {
        let smallest = constant(node, "smallest", Constant::f32(&[], &[SMALLEST]), builder)?;
        step(node, "divisor", "Max", &[&norm, &smallest], builder)?
    };
    builder.emit(Node::new(&node.name, "Div", &[&x, &divisor], node.output()))
}

/// Columns by number: entries along the last dimension.
pub(super) fn extract(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let (Some(x), Some(indices)) = (node.input(0), node.input(1)) else {
        return Err("its operand or its indices are missing".into());
    };
    let rank = builder.fact(x)?.shape.len();
    let numbers = builder.constant(indices).and_then(Constant::to_i64).ok_or("its indices must be constant")?;
    if rank == 0 || builder.fact(indices)?.shape.iter().filter(|extent| **extent != Extent::Size(1)).count() > 1 {
        return Err("it must pick columns by a list of numbers".into());
    }
    let list = builder.add_constant(&format!("{}.columns", node.name), Constant::list(&numbers));
    let axis = Attribute::Int(rank as i64 - 1);
    builder.emit(Node::new(&node.name, "Gather", &[x, &list], node.output()).with("axis", axis))
}
