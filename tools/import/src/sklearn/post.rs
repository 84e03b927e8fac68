//! `post_transform`: what a model does to its scores last.

use super::{constant, step};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::facts::Fault;
use crate::model::{Attribute, Node};

/// What is done to scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Post {
    None,
    Softmax,
    Logistic,
}

impl Post {
    /// By the attribute's name, or by its number in the newer op.
    pub(super) fn of(node: &Node) -> Result<Self, Fault> {
        match (node.string("post_transform"), node.int("post_transform", 0)) {
            ("" | "NONE", 0) => Ok(Self::None),
            ("SOFTMAX", _) | (_, 1) => Ok(Self::Softmax),
            ("LOGISTIC", _) | (_, 2) => Ok(Self::Logistic),
            (name, number) => {
                let which = if name.is_empty() { number.to_string() } else { name.escape_debug().to_string() };
                Err(format!("post_transform {which} cannot be imported; use NONE, SOFTMAX or LOGISTIC").into())
            }
        }
    }

    /// Emits it on scores of shape (N, targets), as `output`.
    pub(super) fn emit(self, node: &Node, scores: &str, output: &str, builder: &mut Builder) -> Result<(), Fault> {
        match self {
            Self::None => {
                builder.alias(output, scores);
                Ok(())
            }
            Self::Softmax => {
                builder.emit(Node::new(&node.name, "Softmax", &[scores], output).with("axis", Attribute::Int(1)))
            }
            Self::Logistic => builder.emit(Node::new(&node.name, "Sigmoid", &[scores], output)),
        }
    }
}

/// How one score of two classes becomes a probability, or a score, of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    /// 1 - s and s.
    Complement,
    /// -s and s, before the last transform.
    Negated,
}

/// The scores of both classes, from that of the second, of shape (N, 1).
pub(super) fn second_class(
    node: &Node,
    score: &str,
    second: Second,
    post: Post,
    output: &str,
    builder: &mut Builder,
) -> Result<(), Fault> {
    let first = match second {
        Second::Complement => {
            let one = constant(node, "one", Constant::f32(&[], &[1.0]), builder)?;
            step(node, "complement", "Sub", &[&one, score], builder)?
        }
        Second::Negated => step(node, "negated", "Neg", &[score], builder)?,
    };
    let (joined, post) = match (second, post) {
        // A score alone is transformed only where it is a logistic's.
        (Second::Negated, Post::Logistic) => (builder.fresh(&format!("{}.scores", node.name)), post),
        _ => (output.to_owned(), Post::None),
    };
    let name = format!("{}.both", node.name);
    builder.emit(Node::new(&name, "Concat", &[&first, score], &joined).with("axis", Attribute::Int(1)))?;
    if joined == output { Ok(()) } else { post.emit(node, &joined, output, builder) }
}
