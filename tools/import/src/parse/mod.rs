//! Bytes of an ONNX file to a [`Model`]: decoded, within limits, every name made once and before it is used.

mod attribute;
mod graph;
mod scan;
mod tensor;

pub(crate) use tensor::held_as;

use prost::Message as _;

use crate::error::ImportError;
use crate::limits;
use crate::model::{ML_DOMAIN, Model};
use crate::onnx::ModelProto;

/// Operator sets of ONNX whose meanings are known. In 7 the ops took today's broadcasting.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=28;
/// Operator sets of `ai.onnx.ml` whose meanings are known.
const ML_OPSETS: std::ops::RangeInclusive<i64> = 1..=5;

/// Reads a file.
pub(crate) fn parse(bytes: &[u8], notes: &mut Vec<String>) -> Result<Model, ImportError> {
    if bytes.len() > limits::MAX_FILE_BYTES {
        return Err(over("file", "MAX_FILE_BYTES", bytes.len(), limits::MAX_FILE_BYTES));
    }
    scan::check(bytes)?;
    let mut model = ModelProto::decode(bytes).map_err(|error| ImportError::NotOnnx { reason: error.to_string() })?;
    let opset = opset(&model)?;
    let producer = [model.producer_name.take(), model.producer_version.take()];
    let producer = producer.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let graph = model.graph.ok_or_else(|| not_onnx("it has no graph"))?;
    graph::read(graph, opset, producer, notes)
}

/// The version of ONNX's own operator set, each domain's checked.
fn opset(model: &ModelProto) -> Result<i64, ImportError> {
    let mut own = None;
    for import in &model.opset_import {
        let opset = import.version.unwrap_or(0);
        let (domain, known) = match import.domain.as_deref().unwrap_or("") {
            "" | "ai.onnx" => ("ONNX", OPSETS),
            ML_DOMAIN => (ML_DOMAIN, ML_OPSETS),
            // Its ops are refused by name where a node uses one.
            _ => continue,
        };
        if !known.contains(&opset) {
            return Err(ImportError::Opset { opset, domain, oldest: *known.start(), newest: *known.end() });
        }
        if domain == "ONNX" {
            own = Some(opset);
        }
    }
    // A model of scikit-learn's ops alone need not name the other set.
    let only_ml = model.opset_import.iter().any(|import| import.domain.as_deref() == Some(ML_DOMAIN));
    own.or(only_ml.then_some(*OPSETS.end())).ok_or_else(|| not_onnx("it does not say which opset it is written for"))
}

fn not_onnx(reason: &str) -> ImportError {
    ImportError::NotOnnx { reason: reason.to_owned() }
}

fn over(what: &str, limit: &'static str, value: usize, max: usize) -> ImportError {
    ImportError::Limit { what: what.to_owned(), limit, value: value as u64, max: max as u64 }
}
