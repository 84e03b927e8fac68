//! What works, what does not, since when, and what to do about it: plain data for the app, the tools and the uploads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The runtime's health at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `state.db`: the registry, refusals, the install id.
    pub state: Part,
    /// `journal.db`: predictions, labels, outcomes, events.
    pub journal: Part,
    /// What has happened and been dealt with, but should be known, newest last.
    pub notices: Vec<Notice>,
    /// Cumulative totals by name.
    pub counters: BTreeMap<String, u64>,
    /// The models installed.
    pub models: Vec<ModelHealth>,
}

impl Health {
    /// Whether nothing is degraded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.state == Part::Ok && self.journal == Part::Ok
    }
}

/// Whether one part of the runtime does its work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Part {
    /// It does.
    #[default]
    Ok,
    /// It does not, or not all of it; predictions are answered all the same.
    Degraded(Notice),
}

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What is the matter.
    pub what: String,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
    /// What to do about it.
    pub remedy: String,
}

/// One installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degraded_part_tells_what_since_when_and_the_remedy() {
        let notice = Notice { what: "disk full".into(), since_us: 7, remedy: "free some space".into() };
        let health = Health { journal: Part::Degraded(notice), ..Health::default() };
        let json = serde_json::to_value(&health).unwrap();
        assert_eq!(json["state"], serde_json::json!({"status": "ok"}));
        assert_eq!(
            json["journal"],
            serde_json::json!({"status": "degraded", "what": "disk full", "since_us": 7, "remedy": "free some space"})
        );
        assert_eq!(serde_json::from_value::<Health>(json).unwrap(), health);
        assert!(!health.is_ok());
    }
}
