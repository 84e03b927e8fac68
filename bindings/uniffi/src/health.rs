//! What works, what does not, since when, and what to do about it.

use std::collections::HashMap;

use dunlin::health;

/// The runtime's health at one moment.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Health {
    /// Whether nothing is degraded.
    pub ok: bool,
    /// The registry of models.
    pub state: Part,
    /// Predictions, labels, outcomes, events.
    pub journal: Part,
    /// What has happened and been dealt with, but should be known, newest last.
    pub notices: Vec<Notice>,
    /// Cumulative totals by name.
    pub counters: HashMap<String, u64>,
    /// The models installed.
    pub models: Vec<ModelHealth>,
}

/// Whether one part of the runtime does its work.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Part {
    /// It does.
    Ok,
    /// It does not, or not all of it; predictions are answered all the same.
    Degraded {
        /// Why, and what to do.
        notice: Notice,
    },
}

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Notice {
    /// What is the matter.
    pub what: String,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
    /// What to do about it.
    pub remedy: String,
}

/// One installed model.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ModelHealth {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
    /// The slot that it holds, if any: `active`, `previous`, `candidate`.
    pub slot: Option<String>,
}

impl From<health::Health> for Health {
    fn from(health: health::Health) -> Self {
        Self {
            ok: health.is_ok(),
            state: health.state.into(),
            journal: health.journal.into(),
            notices: health.notices.into_iter().map(Into::into).collect(),
            counters: health.counters.into_iter().collect(),
            models: health.models.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<health::Part> for Part {
    fn from(part: health::Part) -> Self {
        match part {
            health::Part::Ok => Self::Ok,
            health::Part::Degraded(notice) => Self::Degraded { notice: notice.into() },
        }
    }
}

impl From<health::Notice> for Notice {
    fn from(notice: health::Notice) -> Self {
        Self { what: notice.what, since_us: notice.since_us, remedy: notice.remedy }
    }
}

impl From<health::ModelHealth> for ModelHealth {
    fn from(model: health::ModelHealth) -> Self {
        Self { model_id: model.model_id, version: model.version, sequence: model.sequence, slot: model.slot }
    }
}
