//! The Open Inference Protocol, version 2: what there is, whether it is ready, and answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dunlin_bundle::schema::{Feature, FeatureType};
use dunlin_bundle::tensor::DType;
use dunlin_wire::inference::{InferError, InferRequest, InferResponse};
use serde_json::{Value, json};

use super::body::{drain, read};
use super::{ApiError, Shared, blocking};
use crate::limits::MAX_INFER_BYTES;
use crate::models::{AnswerError, LoadedModel, answer};

/// A request that gets no answer, said as the protocol says it: `{"error": "..."}`.
pub(super) enum Refusal {
    Api(ApiError),
    NoSuchModel(String),
    Malformed(String),
    Answer(AnswerError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Api(error) => error.status(),
            Self::NoSuchModel(_) => StatusCode::NOT_FOUND,
            Self::Malformed(_) | Self::Answer(AnswerError::Malformed { .. }) => StatusCode::BAD_REQUEST,
            Self::Answer(AnswerError::Refused { .. } | AnswerError::Abstained { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Answer(AnswerError::Failed { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = match &self {
            Self::Api(error) => error.message(),
            Self::NoSuchModel(text) | Self::Malformed(text) => text.clone(),
            Self::Answer(error) => error.to_string(),
        };
        let mut response = (self.status(), Json(InferError { error })).into_response();
        if let Self::Api(error) = &self {
            error.add_headers(&mut response);
        }
        response
    }
}

/// Lets a request through that has a token.
pub(super) async fn only_with_a_token(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.admit(request.headers()) {
        Ok(_) => next.run(request).await,
        Err(error) => Refusal::Api(error).into_response(),
    }
}

/// `GET /v2`: who answers.
pub(super) async fn server() -> Json<Value> {
    Json(json!({"name": "dunlin", "version": env!("CARGO_PKG_VERSION"), "extensions": []}))
}

/// `GET /v2/health/live` and `ready`: it listens only when every model is loaded, so that the two are the same.
pub(super) async fn live() -> StatusCode {
    StatusCode::OK
}

/// A model and the version asked for, if one is.
#[derive(serde::Deserialize)]
pub(super) struct Which {
    name: String,
    version: Option<String>,
}

/// `GET /v2/models/{name}`: what it takes and gives.
pub(super) async fn metadata(
    State(shared): State<Arc<Shared>>,
    Path(which): Path<Which>,
) -> Result<Json<Value>, Refusal> {
    let model = find(&shared, &which)?;
    let inputs: Vec<Value> = model.schema.feature.iter().map(input_metadata).collect();
    let outputs: Vec<Value> = model
        .outputs
        .iter()
        .map(|(name, width)| json!({"name": name, "datatype": "FP32", "shape": [-1, width]}))
        .collect();
    Ok(Json(json!({
        "name": model.name, "versions": [model.version], "platform": "dunlin",
        "inputs": inputs, "outputs": outputs, "parameters": {"sequence": model.sequence},
    })))
}

fn input_metadata(feature: &Feature) -> Value {
    let shape: Vec<i64> = std::iter::once(-1).chain(feature.tensor_sizes().iter().map(|n| *n as i64)).collect();
    let datatype = match feature.kind {
        FeatureType::Number => "FP64",
        FeatureType::Integer => "INT64",
        FeatureType::Boolean => "BOOL",
        FeatureType::Category | FeatureType::Text => "BYTES",
        FeatureType::Tensor => match feature.dtype.unwrap_or(DType::F32) {
            DType::F32 => "FP32",
            DType::F16 => "FP16",
            DType::I8 => "INT8",
            DType::U8 => "UINT8",
            DType::I32 => "INT32",
            DType::I64 => "INT64",
            DType::Bool => "BOOL",
        },
    };
    json!({"name": feature.name, "datatype": datatype, "shape": shape, "parameters": {"required": feature.is_required()}})
}

/// `GET /v2/models/{name}/ready`.
pub(super) async fn ready(State(shared): State<Arc<Shared>>, Path(which): Path<Which>) -> Result<StatusCode, Refusal> {
    find(&shared, &which).map(|_| StatusCode::OK)
}

/// `POST /v2/models/{name}/infer`.
pub(super) async fn infer(
    State(shared): State<Arc<Shared>>,
    Path(which): Path<Which>,
    request: Request,
) -> Result<Json<InferResponse>, Refusal> {
    let result = inferred(&shared, &which, request).await;
    shared.tally.note(|counts| match &result {
        Ok(response) => {
            let rows = response.outputs.first().and_then(|output| output.shape.first());
            counts.rows_inferred += rows.map_or(0, |rows| *rows as u64);
        }
        Err(refusal) => *counts.inferences_refused.entry(refusal.status().as_u16()).or_default() += 1,
    });
    result.map(Json)
}

async fn inferred(shared: &Arc<Shared>, which: &Which, request: Request) -> Result<InferResponse, Refusal> {
    let (head, body) = request.into_parts();
    let allowed = shared.admit_at_a_rate(&head.headers).and_then(|()| check_media(&head.headers));
    let model = match allowed.map_err(Refusal::Api).and_then(|()| find(shared, which)) {
        Ok(model) => model,
        Err(refusal) => {
            drain(&head.headers, body).await;
            return Err(refusal);
        }
    };
    let body = read(&head.headers, body, MAX_INFER_BYTES, shared.limits.body_timeout).await?;
    let permit = tokio::time::timeout(shared.limits.infer_wait, shared.processors.acquire());
    let Ok(Ok(_permit)) = permit.await else { return Err(ApiError::Overloaded.into()) };
    blocking(move || {
        let request: InferRequest = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
        answer(&model, request).map_err(Refusal::Answer)
    })
    .await?
}

/// Says where the parser stopped; its own text may repeat what it read.
fn malformed(error: &serde_json::Error) -> Refusal {
    let what = if error.is_data() { "a field is missing or of another type" } else { "not JSON" };
    let place = format!("line {}, column {}", error.line(), error.column());
    Refusal::Malformed(format!("the body is no inference request: {what} ({place})"))
}

/// JSON, or nothing said.
fn check_media(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::OtherMedia { header: "Content-Type", expected: "application/json" })
}

/// The model by its name; the version, where one is asked for, must be the one that answers.
fn find(shared: &Shared, which: &Which) -> Result<Arc<LoadedModel>, Refusal> {
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
    let Some(model) = shared.models.loaded.get(&which.name) else {
        return Err(Refusal::NoSuchModel(format!("there is no model '{}'", cut(&which.name))));
    };
    match &which.version {
        Some(version) if *version != model.version => Err(Refusal::NoSuchModel(format!(
            "version '{}' of model '{}' does not answer, {} does",
            cut(version),
            model.name,
            model.version
        ))),
        _ => Ok(Arc::clone(model)),
    }
}
