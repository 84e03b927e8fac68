//! An answer as an app sees it.

use std::sync::Arc;

use dunlin::Answer;

use crate::error::DunlinError;
use crate::fallback::FallbackRequest;

/// A prediction on the record.
#[derive(uniffi::Record)]
pub struct Prediction {
    /// Names the prediction for ever; labels and outcomes refer to it.
    pub id: i64,
    /// What to use: the outputs of whoever answered; empty when nobody did.
    pub outputs: Vec<Output>,
    /// The class answered, for a classification that somebody answered.
    pub class: Option<ChosenClass>,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// Whether the model's own answer may be used.
    pub verdict: Verdict,
    /// How sure the model is of its class, 0..=1.
    pub confidence: Option<f64>,
    /// How far the input lies from the training sample, in robust standard deviations.
    pub distance: Option<f64>,
    /// Time from record to answer, in microseconds.
    pub latency_us: u64,
    /// The model is older than its bundle says it should be.
    pub stale: bool,
    /// A request to a larger model elsewhere, where the policy asks for one.
    pub fallback: Option<Arc<FallbackRequest>>,
}

/// One output's values.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its elements, row-major: 32-bit floats, little-endian.
    pub values: Vec<u8>,
    /// How many elements.
    pub count: u32,
    /// The chosen class of a classification.
    pub class: Option<ChosenClass>,
}

/// The class that a classification chose.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct ChosenClass {
    /// Position among the classes.
    pub index: u32,
    /// Its name, or its position where the schema names none.
    pub name: String,
    /// Its probability, 0..=1.
    pub probability: f64,
}

/// Who answered a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum AnsweredBy {
    /// The active model, whose guard accepted.
    Model,
    /// The bundle's baseline, because the model abstained.
    Baseline,
    /// A larger model elsewhere: only ever in the journal.
    Cloud,
    /// Nobody: there is no answer that could be trusted.
    Nobody,
    /// The version before the active one, because the active one abstained.
    Previous,
    /// The active model, some time ago: the answer was computed in advance.
    Cache,
}

/// Whether the model's answer may be used.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Verdict {
    /// Nothing speaks against it.
    Accept,
    /// It should not be used.
    Abstain {
        /// Why.
        reasons: Vec<Reason>,
    },
}

/// Why the guard abstained.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Reason {
    /// `non_finite`, `out_of_range`, `low_confidence`, `far_from_reference`.
    pub code: String,
    /// The output or scalar at fault.
    pub culprit: String,
    /// The same in a sentence.
    pub message: String,
}

impl TryFrom<Answer> for Prediction {
    type Error = DunlinError;

    fn try_from(answer: Answer) -> Result<Self, DunlinError> {
        Ok(Self {
            id: answer.id.to_i64(),
            class: answer.class().map(Into::into),
            outputs: answer.outputs.iter().flatten().map(Into::into).collect(),
            answered_by: answer.answered_by.try_into()?,
            verdict: answer.verdict().into(),
            confidence: answer.prediction.confidence,
            distance: answer.prediction.distance,
            latency_us: u64::try_from(answer.latency.as_micros()).unwrap_or(u64::MAX),
            stale: answer.stale,
            fallback: answer.fallback.map(|request| Arc::new(request.into())),
        })
    }
}

impl From<&dunlin::OutputValue> for Output {
    fn from(output: &dunlin::OutputValue) -> Self {
        Self {
            name: output.name.to_string(),
            values: output.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            // A tensor has at most 2^28 elements or so: it fits.
            count: u32::try_from(output.values.len()).unwrap_or(u32::MAX),
            class: output.class.as_ref().map(Into::into),
        }
    }
}

impl From<&dunlin::Class> for ChosenClass {
    fn from(class: &dunlin::Class) -> Self {
        Self {
            index: u32::try_from(class.index).unwrap_or(u32::MAX),
            name: class.name.to_string(),
            probability: class.probability,
        }
    }
}

impl TryFrom<dunlin::AnsweredBy> for AnsweredBy {
    type Error = DunlinError;

    fn try_from(by: dunlin::AnsweredBy) -> Result<Self, DunlinError> {
        Ok(match by {
            dunlin::AnsweredBy::Model => Self::Model,
            dunlin::AnsweredBy::Baseline => Self::Baseline,
            dunlin::AnsweredBy::Cloud => Self::Cloud,
            dunlin::AnsweredBy::Nobody => Self::Nobody,
            dunlin::AnsweredBy::Previous => Self::Previous,
            dunlin::AnsweredBy::Cache => Self::Cache,
            other => return Err(DunlinError::unknown(&format!("'{other}' as who answered"))),
        })
    }
}

impl From<&dunlin::Verdict> for Verdict {
    fn from(verdict: &dunlin::Verdict) -> Self {
        match verdict {
            dunlin::Verdict::Accept => Self::Accept,
            dunlin::Verdict::Abstain(reasons) => Self::Abstain { reasons: reasons.iter().map(Into::into).collect() },
        }
    }
}

impl From<&dunlin::Reason> for Reason {
    fn from(reason: &dunlin::Reason) -> Self {
        Self { code: reason.code().to_owned(), culprit: reason.culprit().to_owned(), message: reason.to_string() }
    }
}
