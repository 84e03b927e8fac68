//! What every engine asks of a graph's declarations before it looks at a node.

use dunlin_bundle::graph::{Dim, ValueInfo};
use dunlin_bundle::limits::MAX_RANK;
use dunlin_bundle::tensor::DType;

use crate::error::EngineError;
use crate::shape;

/// Operator sets whose meanings the ops have: `Softmax` took its present one in 13, and none has changed since.
const OPSETS: std::ops::RangeInclusive<u32> = 13..=24;

pub(crate) fn check_opset(opset: u32) -> Result<(), EngineError> {
    if OPSETS.contains(&opset) {
        return Ok(());
    }
    Err(EngineError::UnsupportedOpset { opset, oldest: *OPSETS.start(), newest: *OPSETS.end() })
}

/// Refuses inputs and outputs whose shape or type no run could have.
pub(crate) fn check_declared(value: &ValueInfo) -> Result<(), EngineError> {
    let bad = |reason: String| Err(EngineError::BadTensor { tensor: value.name.clone(), reason });
    let Some((batch, row)) = value.shape.split_first() else {
        return bad("has no dimensions; the first must be the batch".to_owned());
    };
    if value.dtype != DType::F32 {
        return bad(format!("is declared as {:?}; inputs and outputs must be F32", value.dtype));
    }
    if row.iter().any(|dim| matches!(dim, Dim::Symbol(_))) {
        return bad("only the first dimension, the batch, may be a symbol".to_owned());
    }
    if value.shape.len() > MAX_RANK || *batch == Dim::Size(0) {
        let shape = shape::describe(&value.shape);
        return bad(format!("shape {shape} must have at most {MAX_RANK} dimensions, and a batch of at least one"));
    }
    Ok(())
}
