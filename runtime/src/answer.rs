//! What a session returns: the model's prediction, and what answers in the end.

use std::fmt;
use std::time::Duration;

use dunlin_predictor::{Class, OutputValue, Prediction, Verdict};

use crate::fallback::FallbackRequest;
use crate::ids::PredictionId;

/// A prediction on the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Names the prediction for ever; labels and outcomes refer to it.
    pub id: PredictionId,
    /// What to use: the outputs of whoever answered, or `None` when nobody did.
    pub outputs: Option<Vec<OutputValue>>,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// What the active model made of the record, and the guard's verdict on it.
    pub prediction: Prediction,
    /// Time from record to answer.
    pub latency: Duration,
    /// The model is older, since its installation here, than its bundle says it should be.
    pub stale: bool,
    /// A request to a larger model elsewhere, where the policy asks for one: to be sent by the host, and brought back to
    /// [`Session::resolve`](crate::Session::resolve).
    pub fallback: Option<FallbackRequest>,
}

/// Who answered a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnsweredBy {
    /// The active model, whose guard accepted.
    Model,
    /// The bundle's baseline: the model abstained, and the baseline's own guard accepted.
    Baseline,
    /// The version before the active one, which is kept: the active one abstained, and the previous one's guard accepted.
    Previous,
    /// The active model, some time ago: a record like this one was computed in advance.
    Cache,
    /// A larger model elsewhere, whose answer was resolved later: only ever in the journal.
    Cloud,
    /// Nobody: there is no answer that could be trusted.
    Nobody,
}

impl AnsweredBy {
    /// Its name in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Baseline => "baseline",
            Self::Previous => "previous",
            Self::Cache => "cache",
            Self::Cloud => "cloud",
            Self::Nobody => "none",
        }
    }
}

impl fmt::Display for AnsweredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Answer {
    /// The guard's verdict on the model's prediction.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.prediction.verdict
    }

    /// The class answered, for a classification that somebody answered.
    #[must_use]
    pub fn class(&self) -> Option<&Class> {
        self.outputs.iter().flatten().find_map(|output| output.class.as_ref())
    }
}
