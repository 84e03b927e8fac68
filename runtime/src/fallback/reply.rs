//! What came back for a request, judged like any other output: nothing is believed that has not been checked.

use std::time::Duration;

use dunlin_bundle::schema::{Output, Task};
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::RawOutput;
use dunlin_predictor::{Predictor, Verdict};
use dunlin_wire::inference::{InferResponse, InferTensor};
use serde_json::Value as Json;

use super::error::FallbackError;
use super::policy::{MAX_ANSWER_BYTES, PROBABILITY_SLACK, SUM_SLACK};
use super::request::{FallbackRequest, Resolved};
use crate::clock::Moment;
use crate::outbox::{Response, TransportError};

/// Judges an answer by the model that it stands in for.
pub(crate) fn judge(
    request: &FallbackRequest,
    answer: Result<Response, TransportError>,
    model: &Predictor,
    now: Moment,
) -> Result<Resolved, FallbackError> {
    let response = answer?;
    check_time(request, now)?;
    check_status(response.status)?;
    let reply = read(&response.body)?;
    let expected = request.id;
    if reply.id.as_ref().is_some_and(|id| *id != expected.to_string()) {
        return Err(FallbackError::OtherId { expected });
    }
    let raw = RawOutput { tensors: tensors(model, &reply.outputs)? };
    let prediction = model.guard().judge_outputs(&raw);
    match (prediction.verdict, prediction.outputs) {
        (verdict @ Verdict::Accept, Some(outputs)) => {
            Ok(Resolved { id: expected, outputs, confidence: prediction.confidence, verdict })
        }
        (verdict, _) => Err(FallbackError::NotAccepted { reasons: verdict.reasons().to_vec() }),
    }
}

fn check_time(request: &FallbackRequest, now: Moment) -> Result<(), FallbackError> {
    let after = Duration::from_micros(u64::try_from(now.mono_us.saturating_sub(request.asked.mono_us)).unwrap_or(0));
    let deadline = request.deadline;
    if after <= deadline { Ok(()) } else { Err(FallbackError::TooLate { after, deadline }) }
}

fn check_status(status: u16) -> Result<(), FallbackError> {
    match status {
        200..=299 => Ok(()),
        401 | 403 => Err(FallbackError::Unwelcome { status }),
        _ => Err(FallbackError::Status { status }),
    }
}

fn read(body: &[u8]) -> Result<InferResponse, FallbackError> {
    if body.len() > MAX_ANSWER_BYTES {
        return Err(FallbackError::TooLong { found_bytes: body.len(), max_bytes: MAX_ANSWER_BYTES });
    }
    serde_json::from_slice(body).map_err(|_| FallbackError::NotTheProtocol)
}

/// The outputs of the schema, in its order; what else the service sends is passed over.
fn tensors(model: &Predictor, outputs: &[InferTensor]) -> Result<Vec<Tensor>, FallbackError> {
    let one = |(output, shape): (&Output, Vec<usize>)| {
        let mut found = outputs.iter().filter(|tensor| tensor.name == output.name);
        let name = || output.name.clone();
        let tensor = found.next().ok_or_else(|| FallbackError::MissingOutput { output: name() })?;
        if found.next().is_some() {
            return Err(FallbackError::RepeatedOutput { output: name() });
        }
        let data = numbers(output, &shape, tensor)?;
        if !is_of_task(output.task, &data) {
            return Err(FallbackError::NotProbabilities { output: name() });
        }
        Ok(Tensor { shape, data })
    };
    model.schema().output.iter().zip(model.output_shapes()).map(one).collect()
}

/// As many numbers as the output has elements; `null`, which is how JSON writes NaN, is NaN.
fn numbers(output: &Output, shape: &[usize], tensor: &InferTensor) -> Result<Vec<f32>, FallbackError> {
    let expected = shape.iter().product();
    let claimed = tensor.shape.iter().try_fold(1_usize, |n, size| n.checked_mul(*size)).unwrap_or(usize::MAX);
    let mut elements = Vec::new();
    flatten(&tensor.data, &mut elements);
    if let Some(&found) = [elements.len(), claimed].iter().find(|count| **count != expected) {
        return Err(FallbackError::WrongLength { output: output.name.clone(), expected, found });
    }
    let number = |element: &&Json| match element {
        Json::Null => Some(f32::NAN),
        element => element.as_f64().map(|number| number as f32),
    };
    let numbers = elements.iter().map(number).collect::<Option<Vec<_>>>();
    numbers.ok_or_else(|| FallbackError::NotNumbers { output: output.name.clone() })
}

/// Appends all elements in order, at whatever depth they stand; the parser has bounded that.
fn flatten<'a>(data: &'a [Json], flat: &mut Vec<&'a Json>) {
    for item in data {
        match item {
            Json::Array(inner) => flatten(inner, flat),
            element => flat.push(element),
        }
    }
}

/// Whether the numbers of a classification are probabilities. NaN and infinity are left to the guard, which names them.
fn is_of_task(task: Task, data: &[f32]) -> bool {
    let is_one = |value: &f32| !value.is_finite() || (-PROBABILITY_SLACK..=1.0 + PROBABILITY_SLACK).contains(value);
    let sum: f32 = data.iter().sum();
    match task {
        Task::MulticlassClassification => {
            data.iter().all(is_one) && (!sum.is_finite() || (sum - 1.0).abs() <= SUM_SLACK)
        }
        Task::BinaryClassification => data.iter().all(is_one),
        Task::Regression | Task::Embedding => true,
    }
}
