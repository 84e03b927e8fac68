//! What is on the disk after a cut, against what the board had said before it.

use std::collections::BTreeSet;
use std::path::Path;

use dunlin::ids::PredictionId;
use dunlin::journal::Reader;
use dunlin::{Config, Runtime, TrustedKeys};

/// What a disk holds.
pub(crate) struct Found {
    /// Predictions on the record.
    pub(crate) rows: u64,
    /// The version that answers.
    pub(crate) version: String,
    /// The same and the one on trial, with their slots.
    pub(crate) slots: Vec<String>,
    /// Open alarms about the sensor: kind and subject.
    pub(crate) drift: BTreeSet<String>,
    /// Summaries delivered.
    pub(crate) delivered: usize,
}

/// Looks through a folder.
///
/// # Panics
/// Where an answer is lost, a window is not counted once, or the model that answers is not one that the team has signed.
pub(crate) fn inspect(state: &Path, key: &str, acknowledged: &BTreeSet<PredictionId>) -> Found {
    let reader = Reader::open(state).unwrap();
    reader.check().expect("the journal is whole and its totals are right");
    for id in acknowledged {
        assert!(reader.prediction(*id).unwrap().is_some(), "{id} was answered and is not on the record");
    }
    let rows = reader.totals().unwrap().predictions;
    let closed: u64 = reader.windows(None, u32::MAX).unwrap().iter().map(|window| window.summary.rows).sum();
    let watched = reader.watched().unwrap();
    let open: u64 = watched.iter().filter_map(|model| Some(model.open.as_ref()?.rows)).sum();
    assert_eq!(closed + open, rows, "each window of samples is counted once");
    let alarms = reader.alarms().unwrap().into_iter().filter(|alarm| alarm.kind == "drift");
    let delivered = reader.uploads(u32::MAX).unwrap();
    let delivered =
        delivered.iter().filter(|upload| matches!(upload.result.as_str(), "accepted" | "duplicate")).count();
    let drift = alarms.map(|alarm| alarm.subject).collect();
    drop(reader);
    let (version, slots) = models(state, key);
    Found { rows, version, slots, drift, delivered }
}

/// Opens the folder as the daemon would: the installed copy is loaded only if it is as it was signed.
fn models(state: &Path, key: &str) -> (String, Vec<String>) {
    let mut keys = TrustedKeys::new();
    keys.add("team", key).unwrap();
    let runtime = Runtime::open(Config::new(state, keys));
    let version = runtime.session("vibration").unwrap().model_version().to_owned();
    let models = runtime.health().models.into_iter();
    let slots = models.filter_map(|model| Some(format!("{} {}", model.version, model.slot?))).collect();
    (version, slots)
}
