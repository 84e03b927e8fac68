//! The journal's tables beside the rows, within one transaction: windows, alarms, and what waits to be sent.
//!
//! This is SQL and nothing else. What is counted, noticed or sent is decided by the modules that are handed a [`Tables`].

mod alarm;
mod fallback;
mod queue;
mod states;
mod trial;
mod watched;

use rusqlite::{OptionalExtension, Transaction, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use alarm::AlarmRow;
pub(crate) use fallback::FallbackState;
pub(crate) use queue::{Queued, SendState, Sent};
pub(crate) use watched::{Checkpoint, WindowRow};

use super::policy::EVENTS_KEPT;
use super::tally::Tally;
use crate::counters::{Counter, Counters};
use crate::ids::PredictionId;
use dunlin_wire::ModelVersion;

/// The table of what waits to be delivered.
pub(crate) const QUEUE: &str = "outbox";

/// The result of a statement.
pub(crate) type TableResult<T> = rusqlite::Result<T>;

/// One transaction on the journal; what it counts is added to the counters once it is committed.
pub(crate) struct Tables<'a> {
    tx: &'a Transaction<'a>,
    tally: &'a mut Tally,
    counters: &'a Counters,
}

/// What the journal says of a prediction that was labelled.
pub(crate) struct Labelled {
    pub(crate) model: ModelVersion,
    pub(crate) answered_by: String,
    pub(crate) output: Value,
}

impl<'a> Tables<'a> {
    pub(crate) fn new(tx: &'a Transaction<'a>, tally: &'a mut Tally, counters: &'a Counters) -> Self {
        Self { tx, tally, counters }
    }

    /// Counts `n` more, if the transaction is committed.
    pub(crate) fn count(&mut self, counter: Counter, n: u64) {
        self.tally.add(counter, n);
    }

    /// Every total as this transaction will leave it.
    pub(crate) fn totals(&self) -> std::collections::BTreeMap<String, u64> {
        self.tally.on_top_of(self.counters)
    }

    /// Enters an event and forgets the oldest.
    pub(crate) fn event(&self, wall_us: i64, kind: &str, detail: &Value) -> TableResult<()> {
        insert_event(self.tx, wall_us, kind, &detail.to_string())
    }

    /// The model and the answer of a prediction, where somebody answered it and it is still there.
    pub(crate) fn labelled(&self, id: PredictionId) -> TableResult<Option<Labelled>> {
        let mut find = self.tx.prepare_cached(
            "SELECT c.model_id, c.version, c.sequence, p.answered_by, p.output
               FROM prediction p JOIN context c ON c.id = p.context WHERE p.id = ?1 AND p.output IS NOT NULL",
        )?;
        let found = find.query_row([id.to_i64()], |row| {
            Ok(Labelled {
                model: ModelVersion { id: row.get(0)?, version: row.get(1)?, sequence: row.get(2)? },
                answered_by: row.get(3)?,
                output: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
            })
        });
        found.optional()
    }
}

/// Enters an event and forgets the oldest beyond [`EVENTS_KEPT`].
pub(crate) fn insert_event(tx: &Transaction<'_>, wall_us: i64, kind: &str, detail: &str) -> TableResult<()> {
    tx.prepare_cached("INSERT INTO event (wall_us, kind, detail) VALUES (?1, ?2, ?3)")?
        .execute(params![wall_us, kind, detail])?;
    tx.prepare_cached("DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?1")?.execute([EVENTS_KEPT])?;
    if kind == crate::registry::KIND { states::note(tx, detail) } else { Ok(()) }
}

/// JSON as this version writes it; what cannot be read is taken for absent, and begun anew.
fn read_json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text)
        .map_err(|e| log::warn!("journal: a checkpoint cannot be read, and is begun anew: {e}"))
        .ok()
}

/// SQLite counts in signed numbers; ours stay far below where it would matter.
fn as_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
