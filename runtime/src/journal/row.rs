//! What the journal is given: predictions, labels, outcomes and events, and what it says to each.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::Moment;
use crate::ids::{PredictionId, SubjectHash};
use crate::monitor::Observation;
use crate::store::StorageProblem;
use crate::trial::Compared;

/// What many predictions share: which model would answer them, and how it runs. Made once a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
    /// The slot that the model was in.
    pub slot: String,
    /// The kernels that ran.
    pub kernel_set: String,
}

/// One prediction as it is to be remembered, or one refused record (then without features and output).
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it shares with others.
    pub context: Arc<Context>,
    /// Who answered: `model`, `previous`, `baseline`, `cache`, `cloud`; `none` for a refused record.
    pub answered_by: Cow<'static, str>,
    /// The predictor's verdict: `accept`, `abstain`, or [`REFUSED`].
    pub verdict: Cow<'static, str>,
    /// Why, as codes without commas.
    pub reasons: Vec<Cow<'static, str>>,
    /// The feature or tensor for which a record was refused.
    pub culprit: Option<String>,
    /// Confidence of the answer, 0..=1.
    pub confidence: Option<f64>,
    /// Distance from the reference distribution, in robust standard deviations.
    pub distance: Option<f64>,
    /// Time from record to answer, in microseconds.
    pub latency_us: u64,
    /// When.
    pub at: Moment,
    /// For whom, where the app says so.
    pub subject: Option<SubjectHash>,
    /// The record, as far as its privacy classes allow: JSON from [`privacy::keep`](crate::privacy::keep).
    pub features: Option<String>,
    /// The answer, as JSON.
    pub output: Option<String>,
    /// What it adds to its window of the monitor.
    pub observation: Option<Observation>,
    /// What it adds to its model's trial.
    pub compared: Option<Compared>,
}

/// The verdict of a record that was refused before it reached the model.
pub const REFUSED: &str = "refused";

/// What became of something handed to the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Appended {
    /// In the ring; on the disk within the delay that the durability mode allows.
    Queued,
    /// On the disk.
    Written,
    /// Dropped and counted: the ring is full, because rows come faster than the disk takes them.
    Dropped,
    /// Not written and counted: the journal cannot be written.
    Failed(StorageProblem),
}

impl Appended {
    /// Whether it is lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Dropped | Self::Failed(_))
    }
}

/// A label's or an outcome's value; in JSON a bare number, text or boolean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite real number.
    Number(f64),
    /// A text, a class name for example.
    Text(String),
}

/// Why a label or an outcome is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// No prediction of this id is in the journal: it was never made, not written, or evicted. In batched mode only an
    /// id that was never given out is known at once; any other is counted as `journal.unknown_id` when it is written.
    #[error("prediction {id} is not in the journal; label it before it is evicted, with the id that predict returned")]
    UnknownPrediction {
        /// The id.
        id: PredictionId,
    },
    /// A number that is infinite or not a number.
    #[error("the value of {name} is not finite; give a finite number, a text or a boolean")]
    NotFinite {
        /// `label`, or the outcome's name.
        name: String,
    },
    /// A text or a name that is too long to keep.
    #[error("{name} takes {found_bytes} bytes, at most {max_bytes} are kept; shorten it")]
    TooLong {
        /// `label`, or the outcome's name cut short.
        name: String,
        /// Its length.
        found_bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
}

/// What goes through the ring.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "most entries are predictions, and a box would cost each an allocation")]
pub(crate) enum Entry {
    Prediction { id: PredictionId, row: Row },
    Label { id: PredictionId, value: String, wall_us: i64 },
    Outcome { id: PredictionId, name: String, value: String, wall_us: i64 },
    Answered { id: PredictionId, by: &'static str, output: Option<String> },
    Event(Event),
}

/// Something that happened to the runtime itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) wall_us: i64,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) detail: String,
}

/// What the writer did with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Written,
    UnknownId,
    Failed(StorageProblem),
}

impl Scalar {
    /// The JSON text stored, or why it is not.
    pub(crate) fn to_json(&self, name: &str) -> Result<String, LabelError> {
        if matches!(self, Self::Number(number) if !number.is_finite()) {
            return Err(LabelError::NotFinite { name: name.to_owned() });
        }
        if let Self::Text(text) = self {
            check_length(name, text.len())?;
        }
        // A bare scalar always serialises.
        Ok(serde_json::json!(self).to_string())
    }
}

/// Refuses a text that is too long to keep; `name` says which.
pub(crate) fn check_length(name: &str, found_bytes: usize) -> Result<(), LabelError> {
    let max_bytes = crate::store::policy::MAX_TEXT_BYTES;
    if found_bytes <= max_bytes {
        return Ok(());
    }
    Err(LabelError::TooLong { name: name.chars().take(32).collect(), found_bytes, max_bytes })
}

macro_rules! scalar_from {
    ($($from:ty => $variant:ident),+) => {
        $(impl From<$from> for Scalar {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

scalar_from!(bool => Boolean, i64 => Integer, i32 => Integer, f64 => Number, &str => Text, String => Text);
