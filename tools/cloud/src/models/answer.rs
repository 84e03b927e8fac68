//! Answering an inference request: every row through the predictor, or a reason why not.

use dunlin_predictor::{PredictError, Prediction, Predictor};
use dunlin_wire::inference::{InferRequest, InferResponse, InferTensor};
use serde_json::Value;

use super::LoadedModel;
use super::rows::records;

/// A request that gets no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum AnswerError {
    /// The tensors do not fit the model.
    #[error("{problem}")]
    Malformed { problem: String },
    /// The schema refuses a row.
    #[error("row {row}: {reason}")]
    Refused { row: usize, reason: String },
    /// The guard abstains on a row. An answer that must not be used is not sent.
    #[error("row {row}: the model abstains: {reasons}")]
    Abstained { row: usize, reasons: String },
    /// The engine failed.
    #[error("row {row}: {reason}")]
    Failed { row: usize, reason: String },
}

/// Answers all rows of a request, or none of them.
pub(crate) fn answer(model: &LoadedModel, request: InferRequest) -> Result<InferResponse, AnswerError> {
    let wanted = wanted_outputs(model, &request)?;
    let records = records(&model.schema, &request.inputs)?;
    let rows = model.with_predictor(|predictor| {
        let rows = records.iter().enumerate().map(|(row, record)| accepted(predictor, row, record));
        rows.collect::<Result<Vec<_>, _>>()
    })?;
    let outputs = wanted.into_iter().map(|name| output(name, &rows)).collect();
    Ok(InferResponse {
        model_name: model.name.clone(),
        model_version: Some(model.version.clone()),
        id: request.id,
        outputs,
    })
}

/// The outputs that the request names, or all.
fn wanted_outputs<'a>(model: &'a LoadedModel, request: &InferRequest) -> Result<Vec<&'a str>, AnswerError> {
    let known = || model.outputs.iter().map(|(name, _)| name.as_str());
    if request.outputs.is_empty() {
        return Ok(known().collect());
    }
    let find = |wanted: &str| {
        let problem = format!("the model has no output '{}'", wanted.chars().take(64).collect::<String>());
        known().find(|name| *name == wanted).ok_or(AnswerError::Malformed { problem })
    };
    request.outputs.iter().map(|output| find(&output.name)).collect()
}

fn accepted(
    predictor: &mut Predictor,
    row: usize,
    record: &dunlin_features::Record<'_>,
) -> Result<Prediction, AnswerError> {
    let prediction = predictor.predict(record).map_err(|error| match error {
        PredictError::Engine(error) => AnswerError::Failed { row, reason: error.to_string() },
        other => AnswerError::Refused { row, reason: other.to_string() },
    })?;
    if prediction.verdict.is_accept() {
        return Ok(prediction);
    }
    let reasons: Vec<String> =
        prediction.verdict.reasons().iter().map(|reason| format!("{} ({reason})", reason.code())).collect();
    Err(AnswerError::Abstained { row, reasons: reasons.join("; ") })
}

/// One output of all rows: `[batch, elements of a row]`.
fn output(name: &str, rows: &[Prediction]) -> InferTensor {
    let values = |prediction: &Prediction| {
        let outputs = prediction.outputs.iter().flatten();
        outputs.filter(|output| &*output.name == name).flat_map(|output| output.values.clone()).collect::<Vec<f32>>()
    };
    let data: Vec<f32> = rows.iter().flat_map(values).collect();
    InferTensor {
        name: name.to_owned(),
        shape: vec![rows.len(), data.len() / rows.len().max(1)],
        datatype: "FP32".to_owned(),
        data: data.into_iter().map(Value::from).collect(),
    }
}
