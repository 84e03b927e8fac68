//! Declared shapes against found ones. Only the first dimension, the batch, may be a symbol.

use dunlin_bundle::graph::{Dim, ValueInfo};

use crate::error::EngineError;

/// Whether a shape is the declared one for a batch of this size.
pub(crate) fn fits(declared: &[Dim], found: &[usize], batch: usize) -> bool {
    declared.len() == found.len() && sizes(declared, batch).eq(found.iter().copied())
}

/// The declared sizes for a batch of this size.
pub(crate) fn sizes(declared: &[Dim], batch: usize) -> impl Iterator<Item = usize> {
    declared.iter().map(move |dim| if let Dim::Size(size) = dim { *size } else { batch })
}

/// Refuses an output that is not as declared.
pub(crate) fn check_output(declared: &ValueInfo, found: &[usize], batch: usize) -> Result<(), EngineError> {
    if fits(&declared.shape, found, batch) { Ok(()) } else { Err(wrong_output(declared, found)) }
}

pub(crate) fn wrong_output(declared: &ValueInfo, found: &[usize]) -> EngineError {
    let (output, found) = (declared.name.clone(), found.to_vec());
    EngineError::WrongOutput { output, expected: describe(&declared.shape), found }
}

/// A declared shape as messages show it: `[N, 3, 8]`.
pub(crate) fn describe(shape: &[Dim]) -> String {
    let text = |dim: &Dim| match dim {
        Dim::Size(size) => size.to_string(),
        Dim::Symbol(symbol) => symbol.clone(),
    };
    format!("[{}]", shape.iter().map(text).collect::<Vec<_>>().join(", "))
}
