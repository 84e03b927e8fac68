//! From the tensors of an inference request to records: one row of each tensor makes one record.

use std::collections::BTreeMap;

use dunlin_bundle::schema::{Feature, FeatureType, Schema};
use dunlin_features::Record;
use dunlin_wire::inference::InferTensor;
use serde_json::{Map, Value};

use super::AnswerError;
use crate::limits::MAX_BATCH;

/// The records of a request. A feature that is not among the inputs is absent in every row, one that is `null` in a row
/// is absent there; whether it may be is the schema's affair.
pub(super) fn records(schema: &Schema, inputs: &[InferTensor]) -> Result<Vec<Record<'static>>, AnswerError> {
    let batch = batch(inputs)?;
    let mut columns = BTreeMap::new();
    for tensor in inputs {
        let position = schema.position(&tensor.name);
        let feature = position.and_then(|at| schema.feature.get(at)).ok_or_else(|| wrong(tensor, "is no feature"))?;
        if columns.insert(tensor.name.as_str(), (column(feature, tensor, batch)?).into_iter()).is_some() {
            return Err(wrong(tensor, "comes twice"));
        }
    }
    let row = |index| {
        let cells = columns.iter_mut().filter_map(|(name, column)| Some(((*name).to_owned(), column.next()?)));
        let object: Map<String, Value> = cells.collect();
        Record::from_json(schema, &object)
            .map_err(|error| AnswerError::Refused { row: index, reason: error.to_string() })
    };
    (0..batch).map(row).collect()
}

/// The first dimension of every input.
fn batch(inputs: &[InferTensor]) -> Result<usize, AnswerError> {
    let Some(first) = inputs.first() else {
        return Err(AnswerError::Malformed { problem: "there are no inputs".to_owned() });
    };
    let batch = first.shape.first().copied().unwrap_or(0);
    if !(1..=MAX_BATCH).contains(&batch) {
        return Err(wrong(first, &format!("has no batch of 1 to {MAX_BATCH} rows as its first dimension")));
    }
    match inputs.iter().find(|tensor| tensor.shape.first() != Some(&batch)) {
        Some(other) => Err(wrong(other, &format!("has another batch than '{}'", first.name))),
        None => Ok(batch),
    }
}

/// One value a row, nested as the feature's JSON form is.
fn column(feature: &Feature, tensor: &InferTensor, batch: usize) -> Result<Vec<Value>, AnswerError> {
    let convert = conversion(feature.kind, &tensor.datatype)
        .ok_or_else(|| wrong(tensor, &format!("cannot be of datatype '{}'", cut(&tensor.datatype))))?;
    let sizes = feature.tensor_sizes();
    let inner = &tensor.shape[1..];
    // A scalar comes as [batch] or, as many clients send it, as [batch, 1].
    if inner != sizes.as_slice() && !(sizes.is_empty() && inner == [1]) {
        return Err(wrong(tensor, &format!("has shape {:?}, [{batch}] and then {sizes:?} is expected", tensor.shape)));
    }
    let each = dunlin_bundle::tensor::element_count(&sizes).unwrap_or(usize::MAX);
    let expected = each.saturating_mul(batch);
    let mut flat = Vec::new();
    flatten(&tensor.data, expected, &mut flat);
    if flat.len() != expected {
        return Err(wrong(tensor, "has more or fewer elements than its shape says"));
    }
    let mut elements = flat.into_iter().map(convert);
    Ok((0..batch).map(|_| nested(&sizes, &mut elements)).collect())
}

/// Appends all elements in order, at whatever depth they stand; stops when there are too many.
fn flatten<'a>(data: &'a [Value], most: usize, flat: &mut Vec<&'a Value>) {
    for item in data {
        match item {
            _ if flat.len() > most => return,
            Value::Array(inner) => flatten(inner, most, flat),
            element => flat.push(element),
        }
    }
}

fn nested(sizes: &[usize], elements: &mut dyn Iterator<Item = Value>) -> Value {
    match sizes.split_first() {
        Some((&size, inner)) => (0..size).map(|_| nested(inner, elements)).collect(),
        None => elements.next().unwrap_or(Value::Null),
    }
}

/// What is done with each element of a datatype, where the feature can be sent as that at all.
fn conversion(kind: FeatureType, datatype: &str) -> Option<fn(&Value) -> Value> {
    const WHOLE: [&str; 8] = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"];
    let fits = match kind {
        FeatureType::Number => WHOLE.contains(&datatype) || ["FP16", "FP32", "FP64"].contains(&datatype),
        FeatureType::Integer => WHOLE.contains(&datatype),
        FeatureType::Boolean => datatype == "BOOL",
        FeatureType::Category | FeatureType::Text => datatype == "BYTES",
        FeatureType::Tensor => WHOLE.contains(&datatype) || ["FP16", "FP32", "FP64", "BOOL"].contains(&datatype),
    };
    // A number that was rounded to 32 bits is written with fewer digits than it has.
    let convert = if datatype == "FP32" { as_fp32 } else { Value::clone };
    fits.then_some(convert)
}

fn as_fp32(value: &Value) -> Value {
    let rounded = value.as_f64().map(|number| f64::from(number as f32)).filter(|number| number.is_finite());
    rounded.map_or_else(|| value.clone(), Value::from)
}

fn wrong(tensor: &InferTensor, problem: &str) -> AnswerError {
    AnswerError::Malformed { problem: format!("input '{}' {problem}", cut(&tensor.name)) }
}

/// A name that somebody sent, fit to be repeated.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}
