//! `TreeEnsemble`: its arrays are initializers, in the order of docs/bundle-format.md.

use std::sync::Arc;

use dunlin_kernels::vector::{TreeEnsemble, Trees};

use super::{Context, Op, Parsed};
use crate::ir::Type;

/// Inputs: X (N, F) f32, and eleven constants that describe the trees.
pub(super) fn parse(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(12, 12)?;
    let x = context.f32_input(0)?;
    let [rows, features] = x.shape.as_slice() else { return Err(format!("X {:?} must be a matrix", x.shape)) };
    let integers = |position| Ok::<_, String>(context.integers(position)?.unwrap_or_default());
    let bytes = |position| {
        let value = context.input(position)?;
        value.bytes().ok_or_else(|| format!("'{}' must be a U8 initializer", value.name))
    };
    let targets = context.attributes.size("n_targets", 1)?;
    let trees = Trees {
        features: *features,
        splits: &context.floats(1)?,
        feature_ids: &integers(2)?,
        modes: bytes(3)?,
        missing_tracks_true: bytes(4)?,
        true_ids: &integers(5)?,
        false_ids: &integers(6)?,
        true_leafs: bytes(7)?,
        false_leafs: bytes(8)?,
        roots: &integers(9)?,
        leaf_targets: &integers(10)?,
        leaf_weights: &context.floats(11)?,
        targets,
        aggregate: u8::try_from(context.attributes.int("aggregate_function", 1)?).unwrap_or(u8::MAX),
    };
    let trees = TreeEnsemble::new(&trees).map_err(|error| error.to_string())?;
    Parsed::one(Op::Tree(Arc::new(trees)), [0], Type::F32, vec![*rows, targets])
}
