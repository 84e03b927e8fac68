//! What ran: models, versions, kernels, who answered, and why records were not accepted.

use std::collections::BTreeMap;

use dunlin::journal::Alike;
use dunlin_wire::ModelVersion;
use serde::Serialize;
use serde_json::Value;

use super::journal::Journal;

/// Events that the alarms of a report tell already.
const TOLD_AS_ALARMS: [&str; 3] = ["alarm", "alarm_cleared", "notice"];

/// What the predictions in the journal have in common.
#[derive(Debug, Serialize)]
pub(in super::super) struct Ran {
    pub predictions: u64,
    /// Since the installation, those among them that the journal holds no more.
    pub predictions_ever: u64,
    pub first_us: Option<i64>,
    pub last_us: Option<i64>,
    pub versions: Vec<Version>,
    pub kernel_sets: Vec<Tally>,
    pub answered_by: Vec<Tally>,
    pub verdicts: Vec<Tally>,
    /// Why records were refused or the guard abstained; one record can have several reasons.
    pub reasons: Vec<Tally>,
    /// The features and tensors concerned.
    pub culprits: Vec<Tally>,
    /// Labels and outcomes in the journal of this folder.
    pub labels: u64,
    pub outcomes: u64,
    pub used_bytes: u64,
    /// What happened to the runtime itself, newest first.
    pub events: Vec<Happened>,
}

/// A model version in a slot.
#[derive(Debug, Serialize)]
pub(in super::super) struct Version {
    pub model: ModelVersion,
    pub slot: String,
    pub predictions: u64,
    pub first_us: i64,
    pub last_us: i64,
}

/// How often something was so.
#[derive(Debug, Serialize)]
pub(in super::super) struct Tally {
    pub name: String,
    pub count: u64,
}

/// An event.
#[derive(Debug, Serialize)]
pub(in super::super) struct Happened {
    pub wall_us: i64,
    pub kind: String,
    pub detail: Value,
}

impl Ran {
    pub(super) fn of(journal: &Journal) -> Self {
        let rows = &journal.rows;
        let mut versions: BTreeMap<(&ModelVersion, &str), Version> = BTreeMap::new();
        for row in rows {
            let version = versions.entry((&row.model, &row.slot)).or_insert_with(|| Version {
                model: row.model.clone(),
                slot: row.slot.clone(),
                predictions: 0,
                first_us: row.first_us,
                last_us: row.last_us,
            });
            version.predictions += row.count;
            version.first_us = version.first_us.min(row.first_us);
            version.last_us = version.last_us.max(row.last_us);
        }
        let mut versions: Vec<Version> = versions.into_values().collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.last_us));
        let events = journal.events.iter().filter(|event| !TOLD_AS_ALARMS.contains(&event.kind.as_str()));
        Self {
            predictions: rows.iter().map(|row| row.count).sum(),
            predictions_ever: journal.counters.get("journal.predictions").copied().unwrap_or(0),
            first_us: rows.iter().map(|row| row.first_us).min(),
            last_us: rows.iter().map(|row| row.last_us).max(),
            versions,
            kernel_sets: tally(rows, |row| vec![&row.kernel_set]),
            answered_by: tally(rows, |row| vec![&row.answered_by]),
            verdicts: tally(rows, |row| vec![&row.verdict]),
            reasons: tally(rows, |row| row.reasons.iter().collect()),
            culprits: tally(rows, |row| row.culprit.iter().collect()),
            labels: journal.totals.labels,
            outcomes: journal.totals.outcomes,
            used_bytes: journal.totals.used_bytes,
            events: events
                .map(|event| Happened {
                    wall_us: event.wall_us,
                    kind: event.kind.clone(),
                    detail: event.detail.clone(),
                })
                .collect(),
        }
    }

    /// Predictions with this verdict.
    pub(in super::super) fn verdict(&self, name: &str) -> u64 {
        self.verdicts.iter().filter(|tally| tally.name == name).map(|tally| tally.count).sum()
    }
}

/// How often each name stands, the most frequent first.
fn tally<'a>(rows: &'a [Alike], names: impl Fn(&'a Alike) -> Vec<&'a String>) -> Vec<Tally> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        for name in names(row) {
            *counts.entry(name).or_default() += row.count;
        }
    }
    let mut tallies: Vec<Tally> =
        counts.into_iter().map(|(name, count)| Tally { name: name.to_owned(), count }).collect();
    tallies.sort_by_key(|tally| std::cmp::Reverse(tally.count));
    tallies
}
