//! A request to a larger model elsewhere, and what came of it.

use dunlin::fallback;

use crate::prediction::{ChosenClass, Output};
use crate::upload::millis;

/// A request to a larger model elsewhere: `POST {base}{path}` with its body, to be answered within the deadline. It holds the
/// features that may leave, and nothing that names a person or this installation.
#[derive(uniffi::Object)]
pub struct FallbackRequest(pub(crate) fallback::FallbackRequest);

/// An answer of the cloud that has passed every check.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Resolved {
    /// The prediction that it answers.
    pub id: i64,
    /// One for each output of the schema.
    pub outputs: Vec<Output>,
    /// The class answered, for a classification.
    pub class: Option<ChosenClass>,
    /// Probability of the chosen class, 0..=1.
    pub confidence: Option<f64>,
}

#[uniffi::export]
impl FallbackRequest {
    /// The prediction that it is for.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.0.id.to_i64()
    }

    /// Name of the model asked.
    #[must_use]
    pub fn model_id(&self) -> String {
        self.0.model_id.clone()
    }

    /// Path below the service's address.
    #[must_use]
    pub fn path(&self) -> String {
        self.0.path.clone()
    }

    /// Value of `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> String {
        self.0.content_type.to_owned()
    }

    /// How long an answer is taken, in milliseconds from the moment that `predict` returned.
    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        millis(self.0.deadline)
    }

    /// The names of the features that leave.
    #[must_use]
    pub fn features(&self) -> Vec<String> {
        self.0.features().map(str::to_owned).collect()
    }

    /// The body, made when asked for.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.0.body()
    }
}

impl From<fallback::FallbackRequest> for FallbackRequest {
    fn from(request: fallback::FallbackRequest) -> Self {
        Self(request)
    }
}

impl From<fallback::Resolved> for Resolved {
    fn from(resolved: fallback::Resolved) -> Self {
        Self {
            id: resolved.id.to_i64(),
            class: resolved.class().map(Into::into),
            outputs: resolved.outputs.iter().map(Into::into).collect(),
            confidence: resolved.confidence,
        }
    }
}
