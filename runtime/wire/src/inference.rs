//! Inference requests and responses of the Open Inference Protocol (version 2, JSON): what a cloud fallback is asked.
//!
//! Numbers are sent as `FP64`, whole numbers as `INT64`, tensors of floats as `FP32`, booleans as `BOOL`, categories and
//! texts as `BYTES`. Each input is named as the feature that it holds; the first dimension is the batch.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request for one or more inferences.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InferRequest {
    /// The caller's name for the request; echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One tensor a feature.
    pub inputs: Vec<InferTensor>,
    /// The outputs wanted; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<RequestedOutput>,
}

/// An output that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedOutput {
    /// Its name.
    pub name: String,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferResponse {
    /// Name of the model that answered.
    pub model_name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// One tensor an output.
    pub outputs: Vec<InferTensor>,
}

/// A named tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferTensor {
    /// Name of the feature or output.
    pub name: String,
    /// Sizes, slowest-moving first; the first is the batch.
    pub shape: Vec<usize>,
    /// `BOOL`, `INT64`, `FP32`, `FP64`, `BYTES`, ...
    pub datatype: String,
    /// Elements, row-major, flat or nested.
    pub data: Vec<Value>,
}

/// What a server answers instead when something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InferError {
    /// What.
    pub error: String,
}
