//! `LinearClassifier` and `LinearRegressor`: a matrix product and what follows it.

use super::post::{Post, Second, second_class};
use super::{constant, operand};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::{Extent, Fault, describe};
use crate::model::{Attribute, Node};

/// Scores or probabilities are the second output; the label is dropped before.
pub(super) fn classifier(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let output = scores_output(node)?;
    let classes = node.strings("classlabels_strings").len().max(node.ints("classlabels_ints").len());
    let post = Post::of(node)?;
    let rows = node.floats("intercepts").len();
    let rows = if rows == 0 { classes } else { rows };
    if rows == 1 && classes == 2 {
        let score = builder.fresh(&format!("{}.score", node.name));
        product(node, rows, &score, builder)?;
        let score = match post {
            Post::Logistic => {
                let name = builder.fresh(&format!("{}.logistic", node.name));
                builder.emit(Node::new(&name, "Sigmoid", &[&score], &name))?;
                name
            }
            _ => score,
        };
        return second_class(node, &score, Second::Complement, Post::None, output, builder);
    }
    let scores = if post == Post::None { output.to_owned() } else { builder.fresh(&format!("{}.scores", node.name)) };
    product(node, rows, &scores, builder)?;
    if post == Post::None { Ok(()) } else { post.emit(node, &scores, output, builder) }
}

pub(super) fn regressor(node: &Node, builder: &mut Builder) -> Result<(), Fault> {
    let targets = usize::try_from(node.int("targets", 1)).unwrap_or(0);
    let post = Post::of(node)?;
    let output = node.output().to_owned();
    let scores = if post == Post::None { output.clone() } else { builder.fresh(&format!("{}.scores", node.name)) };
    product(node, targets, &scores, builder)?;
    if post == Post::None { Ok(()) } else { post.emit(node, &scores, &output, builder) }
}

/// The output with the scores of the classes.
pub(super) fn scores_output(node: &Node) -> Result<&str, Fault> {
    let label = node.outputs.first().map_or("", String::as_str);
    match node.outputs.get(1) {
        Some(scores) if !scores.is_empty() => Ok(scores),
        _ => Err(format!("only its label '{}' is used; export the model with its probabilities", label.escape_debug())
            .into()),
    }
}

/// X (N, F) by coefficients (rows, F), and intercepts.
fn product(node: &Node, rows: usize, output: &str, builder: &mut Builder) -> Result<(), Fault> {
    let x = operand(node, builder)?;
    let shape = builder.fact(&x)?.shape.clone();
    let [_, Extent::Size(features)] = shape.as_slice() else {
        return Err(format!("X {} must have rows of features", describe(&shape)).into());
    };
    let (coefficients, intercepts) = (node.floats("coefficients"), node.floats("intercepts"));
    if rows == 0 || rows.checked_mul(*features) != Some(coefficients.len()) {
        let count = coefficients.len();
        return Err(format!("it has {count} coefficients for {rows} results of {features} features").into());
    }
    let weight = constant(node, "coefficients", Constant::f32(&[rows, *features], coefficients), builder)?;
    let mut gemm = Node::new(&node.name, "Gemm", &[&x, &weight], output).with("transB", Attribute::Int(1));
    if !intercepts.is_empty() {
        gemm.inputs.push(constant(node, "intercepts", Constant::f32(&[intercepts.len()], intercepts), builder)?);
    }
    builder.emit(gemm)
}
