//! Ensembles of trees, in the form that the importer lowers them to.

use super::{Ask, one};
use crate::facts::{Extent, Fact, Fault, describe};
use dunlin_bundle::tensor::DType;

/// X (N, F) to (N, `n_targets`).
pub(super) fn ensemble(ask: &Ask<'_>) -> Result<Vec<Fact>, Fault> {
    let x = ask.fact(0)?;
    let [rows, features] = x.shape.as_slice() else {
        return Err(Fault::Wrong(format!("X {} must have rows of features", describe(&x.shape))));
    };
    features.size()?;
    let targets = usize::try_from(ask.node.int("n_targets", 1)).unwrap_or(0);
    one(DType::F32, vec![*rows, Extent::Size(targets)])
}
