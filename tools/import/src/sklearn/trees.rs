//! Ensembles of trees to one node, `TreeEnsemble`, and what follows it.

mod flat;
mod read;

use super::linear::scores_output;
use super::post::{Post, Second, second_class};
use super::{constant, operand};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault, describe};
use crate::model::{Attribute, Node};
use flat::Flat;
use read::Trees;

/// What becomes of the trees' weights, by ONNX's numbers.
const AVERAGE: i64 = 0;
const SUM: i64 = 1;

pub(super) fn regressor(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let targets = usize::try_from(node.int("n_targets", 1)).unwrap_or(0);
    let mut trees = Trees::read(node, "target")?;
    let aggregate = match node.string("aggregate_function") {
        "" | "SUM" => SUM,
        "AVERAGE" => {
            trees.average();
            SUM
        }
        "MIN" => 2,
        "MAX" => 3,
        other => return Err(format!("aggregate_function '{}' is not known", other.escape_debug()).into()),
    };
    let post = Post::of(node)?;
    let output = node.output().to_owned();
    let bases = base_values(node, targets)?;
    let flat = trees.flatten(aggregate == SUM)?;
    emit(node, &flat, &Sum { targets, aggregate, bases, post }, &output, builder)
}

/// Of two classes with weights for number 0 alone, that is the score of the second, as ONNX Runtime reads it.
pub(super) fn classifier(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let output = scores_output(node)?.to_owned();
    let classes = node.strings("classlabels_strings").len().max(node.ints("classlabels_int64s").len());
    let trees = Trees::read(node, "class")?;
    let post = Post::of(node)?;
    let only = trees.only_target().filter(|_| classes == 2);
    let bases = base_values(node, if only == Some(0) { 1 } else { classes })?;
    if only.is_some_and(|target| target != 0) && !bases.is_empty() {
        return Err("it has base values, and weights for the second class alone; export it without base values".into());
    }
    if only != Some(0) {
        let sum = Sum { targets: classes, aggregate: SUM, bases, post };
        return emit(node, &trees.flatten(true)?, &sum, &output, builder);
    }
    let negated = post == Post::Logistic || trees.has_negative_weight();
    let second = if negated { Second::Negated } else { Second::Complement };
    let score = builder.fresh(&format!("{}.score", node.name));
    let sum = Sum { targets: 1, aggregate: SUM, bases, post: Post::None };
    emit(node, &trees.flatten(true)?, &sum, &score, builder)?;
    second_class(node, &score, second, post, &output, builder)
}

/// The newest form is the normalised one, but for where its arrays are.
pub(super) fn ensemble(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let targets = usize::try_from(node.int("n_targets", 1)).unwrap_or(0);
    let flat = Flat::read(node)?;
    let aggregate = node.int("aggregate_function", SUM);
    if !(AVERAGE..=3).contains(&aggregate) {
        return Err(format!("aggregate_function {aggregate} is not known").into());
    }
    let post = Post::of(node)?;
    let output = node.output().to_owned();
    emit(node, &flat, &Sum { targets, aggregate, bases: Vec::new(), post }, &output, builder)
}

/// What becomes of the leaves that a row reaches.
struct Sum {
    targets: usize,
    aggregate: i64,
    /// Added to each target; empty for none.
    bases: Vec<f32>,
    post: Post,
}

fn emit(node: &Node, flat: &Flat, sum: &Sum, output: &str, builder: &mut Builder) -> Result<(), Fault> {
    let Sum { targets, aggregate, bases, post } = sum;
    let x = operand(node, builder)?;
    let shape = builder.fact(&x)?.shape.clone();
    let [_, Extent::Size(features)] = shape.as_slice() else {
        return Err(format!("X {} must have rows of features", describe(&shape)).into());
    };
    flat.check(*features, *targets)?;
    let mut name = |last: bool, what: &str| {
        if last { output.to_owned() } else { builder.fresh(&format!("{}.{what}", node.name)) }
    };
    let sums = name(bases.is_empty() && *post == Post::None, "sums");
    let based = name(*post == Post::None, "scores");
    let mut trees = Node::new(&node.name, "TreeEnsemble", &[&x], &sums)
        .with("n_targets", Attribute::Int(*targets as i64))
        .with("aggregate_function", Attribute::Int(*aggregate));
    for (what, array) in flat.arrays() {
        trees.inputs.push(constant(node, what, array, builder)?);
    }
    builder.emit(trees)?;
    let scores = if bases.is_empty() {
        sums
    } else {
        let base = constant(node, "base_values", Constant::f32(&[bases.len()], bases), builder)?;
        builder.emit(Node::new(&format!("{}.based", node.name), "Add", &[&sums, &base], &based))?;
        based
    };
    if *post == Post::None { Ok(()) } else { post.emit(node, &scores, output, builder) }
}

/// What is added to each target.
fn base_values(node: &Node, targets: usize) -> Result<Vec<f32>, Fault> {
    let bases = base_values_of(node)?;
    if !bases.is_empty() && bases.len() != targets {
        return Err(format!("{} base values are given for {targets} results", bases.len()).into());
    }
    Ok(if bases.iter().all(|base| *base == 0.0) { Vec::new() } else { bases })
}

/// As floats, or as a tensor of doubles.
fn base_values_of(node: &Node) -> Result<Vec<f32>, Fault> {
    match node.attributes.get("base_values_as_tensor") {
        Some(Attribute::Tensor(tensor)) => Ok(tensor.to_f32().ok_or("its base values are no floats")?),
        _ => Ok(node.floats("base_values").to_vec()),
    }
}
