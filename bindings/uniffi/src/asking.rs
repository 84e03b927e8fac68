//! Who asks for an answer.

use dunlin::{Answer, FeatureError, PredictError, Record, Session};

/// Who asks, which decides what is kept of it and what happens where the journal is full.
#[derive(Clone, Copy, Debug)]
pub enum Asking<'a> {
    /// Somebody who must not be kept waiting.
    Live,
    /// The same, for a person who may ask to be forgotten.
    For(&'a str),
    /// Somebody with many records, who waits for the journal.
    InBatch,
}

impl Asking<'_> {
    pub(crate) fn answer(self, session: &mut Session, record: &Record<'_>) -> Result<Answer, PredictError> {
        match self {
            Self::Live => session.predict(record),
            Self::For(subject) => session.predict_for(subject, record),
            Self::InBatch => session.predict_patiently(record),
        }
    }

    pub(crate) fn refuse(self, session: &mut Session, error: FeatureError) -> PredictError {
        match self {
            Self::Live | Self::For(_) => session.refuse(error),
            Self::InBatch => session.refuse_patiently(error),
        }
    }
}
