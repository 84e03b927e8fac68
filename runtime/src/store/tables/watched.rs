//! The checkpoints of what is watched, and the windows that are closed.

use dunlin_wire::ModelVersion;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{TableResult, Tables, as_i64, read_json};
use crate::store::policy::{OPEN_WINDOW_STEP_BYTES, WINDOWS_KEPT};

/// One model version's state, as JSON texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checkpoint {
    pub(crate) touched_us: i64,
    pub(crate) open: Option<String>,
    pub(crate) past: String,
    pub(crate) labels: String,
}

impl Checkpoint {
    pub(crate) fn open<T: DeserializeOwned>(&self) -> Option<T> {
        self.open.as_deref().and_then(read_json)
    }

    pub(crate) fn past<T: DeserializeOwned>(&self) -> Option<T> {
        read_json(&self.past)
    }

    pub(crate) fn labels<T: DeserializeOwned>(&self) -> Option<T> {
        read_json(&self.labels)
    }
}

/// A closed window to be entered.
pub(crate) struct WindowRow<'a, S, J> {
    pub(crate) epoch: u32,
    pub(crate) number: u32,
    pub(crate) model: &'a ModelVersion,
    pub(crate) ended_us: i64,
    pub(crate) summary: &'a S,
    pub(crate) judged: &'a J,
}

impl Tables<'_> {
    /// The checkpoint of one model version.
    pub(crate) fn checkpoint(&self, model: &ModelVersion) -> TableResult<Option<Checkpoint>> {
        let mut find = self.tx.prepare_cached(
            "SELECT touched_us, open, past, labels FROM watched WHERE (model_id, version, sequence) = (?1, ?2, ?3)",
        )?;
        find.query_row(params![model.id, model.version, as_i64(model.sequence)], |row| checkpoint(row, 0)).optional()
    }

    /// Every model version that counted nothing since, and that a later version has replaced.
    pub(crate) fn checkpoints_before(&self, before_us: i64) -> TableResult<Vec<(ModelVersion, Checkpoint)>> {
        let mut find = self.tx.prepare_cached(
            "SELECT model_id, version, sequence, touched_us, open, past, labels FROM watched AS old
              WHERE touched_us <= ?1 AND EXISTS (SELECT 1 FROM watched AS newer WHERE newer.model_id = old.model_id
                                                    AND newer.sequence > old.sequence)",
        )?;
        let all = find.query_map([before_us], |row| {
            Ok((ModelVersion { id: row.get(0)?, version: row.get(1)?, sequence: row.get(2)? }, checkpoint(row, 3)?))
        })?;
        all.collect()
    }

    /// Forgets a model version.
    pub(crate) fn stop_watching(&self, model: &ModelVersion) -> TableResult<()> {
        self.tx
            .prepare_cached("DELETE FROM watched WHERE (model_id, version, sequence) = (?1, ?2, ?3)")?
            .execute(params![model.id, model.version, as_i64(model.sequence)])?;
        Ok(())
    }

    /// Begins to keep a model version, unless it is kept already.
    pub(crate) fn begin_watching(
        &self,
        model: &ModelVersion,
        checkpoint: &Checkpoint,
        reference: &impl Serialize,
    ) -> TableResult<()> {
        let mut insert = self.tx.prepare_cached(
            "INSERT OR IGNORE INTO watched (model_id, version, sequence, touched_us, open, past, labels, reference)
             VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6, ?7)",
        )?;
        let Checkpoint { touched_us, past, labels, .. } = checkpoint;
        let sequence = as_i64(model.sequence);
        insert.execute(params![model.id, model.version, sequence, touched_us, past, labels, json(reference)])?;
        Ok(())
    }

    /// Saves the open window. Blanks behind it keep its length: SQLite writes a row of the length that it has over the old
    /// one, and of that only the pages that differ, where one of another length is laid out anew on all its pages.
    pub(crate) fn save_open(
        &self,
        model: &ModelVersion,
        touched_us: i64,
        open: Option<&impl Serialize>,
    ) -> TableResult<()> {
        let text = open.map(|open| {
            let mut text = json(open);
            let blanks = text.len().next_multiple_of(OPEN_WINDOW_STEP_BYTES) - text.len();
            text.extend(std::iter::repeat_n(' ', blanks));
            text
        });
        self.save(model, "open = ?5, touched_us = ?4", touched_us, text)
    }

    /// Saves the device's own past.
    pub(crate) fn save_past(&self, model: &ModelVersion, touched_us: i64, past: &impl Serialize) -> TableResult<()> {
        self.save(model, "past = ?5, touched_us = ?4", touched_us, Some(json(past)))
    }

    /// Saves what labels have said.
    pub(crate) fn save_labels(
        &self,
        model: &ModelVersion,
        touched_us: i64,
        labels: &impl Serialize,
    ) -> TableResult<()> {
        self.save(model, "labels = ?5, touched_us = ?4", touched_us, Some(json(labels)))
    }

    fn save(&self, model: &ModelVersion, set: &str, touched_us: i64, text: Option<String>) -> TableResult<()> {
        let sql = format!("UPDATE watched SET {set} WHERE (model_id, version, sequence) = (?1, ?2, ?3)");
        let key = (&model.id, &model.version, as_i64(model.sequence));
        self.tx.prepare_cached(&sql)?.execute(params![key.0, key.1, key.2, touched_us, text])?;
        Ok(())
    }

    /// Enters a closed window and forgets the oldest.
    pub(crate) fn insert_window<S: Serialize, J: Serialize>(&self, window: &WindowRow<'_, S, J>) -> TableResult<()> {
        let WindowRow { epoch, number, model, ended_us, summary, judged } = window;
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO drift_window (epoch, number, model_id, version, sequence, ended_us, summary, judged)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let sequence = as_i64(model.sequence);
        insert.execute(params![
            epoch,
            number,
            model.id,
            model.version,
            sequence,
            ended_us,
            json(summary),
            json(judged)
        ])?;
        self.tx
            .prepare_cached("DELETE FROM drift_window WHERE seq <= (SELECT max(seq) FROM drift_window) - ?1")?
            .execute([WINDOWS_KEPT])?;
        Ok(())
    }
}

fn checkpoint(row: &Row<'_>, at: usize) -> TableResult<Checkpoint> {
    Ok(Checkpoint {
        touched_us: row.get(at)?,
        open: row.get(at + 1)?,
        past: row.get(at + 2)?,
        labels: row.get(at + 3)?,
    })
}

/// Checkpoints are maps with text keys and finite numbers, which always serialise; anything else is begun anew.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
