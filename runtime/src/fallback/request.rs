//! What is asked, and what comes of it.

use std::fmt;
use std::time::Duration;

use dunlin_features::Value;
use dunlin_predictor::{Class, OutputValue, Verdict};
use dunlin_wire::inference::InferRequest;

use super::leaving::tensor;
use crate::clock::Moment;
use crate::ids::PredictionId;

/// A request to a larger model elsewhere: `POST {base}{path}` with [`body`](Self::body), to be answered within the
/// deadline. It holds the features that may leave, and nothing that names a person or this installation.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct FallbackRequest {
    /// The prediction that it is for; also the request's id in the protocol.
    pub id: PredictionId,
    /// Name of the model asked.
    pub model_id: String,
    /// Path below the service's address.
    pub path: String,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// How long an answer is taken, from the moment that `predict` returned.
    pub deadline: Duration,
    pub(super) asked: Moment,
    pub(super) features: Vec<(String, Value<'static>)>,
}

/// An answer of the cloud that has passed every check.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resolved {
    /// The prediction that it answers.
    pub id: PredictionId,
    /// One for each output of the schema, read as the guard reads the model's own.
    pub outputs: Vec<OutputValue>,
    /// Probability of the chosen class of the first classification output, 0..=1.
    pub confidence: Option<f64>,
    /// The guard's verdict: it accepts, or this would be an error.
    pub verdict: Verdict,
}

impl FallbackRequest {
    pub(super) fn new(
        id: PredictionId,
        model_id: &str,
        deadline: Duration,
        asked: Moment,
        features: Vec<(String, Value<'static>)>,
    ) -> Self {
        // A model's name is made of lower-case letters, digits, `-` and `_`: nothing to escape in a path.
        let path = format!("/v2/models/{model_id}/infer");
        Self { id, model_id: model_id.to_owned(), path, content_type: "application/json", deadline, asked, features }
    }

    /// The names of the features that leave.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(|(name, _)| name.as_str())
    }

    /// The body: JSON of the Open Inference Protocol, one tensor a feature. Made when asked for, so that predicting does
    /// not wait for it.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let inputs = self.features.iter().map(|(name, value)| tensor(name, value)).collect();
        let request = InferRequest { id: Some(self.id.to_string()), inputs, outputs: Vec::new() };
        // Texts and numbers under string keys always serialise.
        serde_json::to_vec(&request).unwrap_or_default()
    }
}

/// Without the values: a request may end up in a log.
impl fmt::Debug for FallbackRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.features().collect();
        let mut debug = f.debug_struct("FallbackRequest");
        debug.field("id", &self.id).field("path", &self.path).field("deadline", &self.deadline);
        debug.field("features", &names).finish_non_exhaustive()
    }
}

impl Resolved {
    /// The class answered, for a classification.
    #[must_use]
    pub fn class(&self) -> Option<&Class> {
        self.outputs.iter().find_map(|output| output.class.as_ref())
    }
}
