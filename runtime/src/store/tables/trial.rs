//! What a trial has counted, and the answers of both bundles that wait for a label.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{TableResult, Tables, read_json};
use crate::ids::PredictionId;

/// What the two made of a record that may yet be labelled, or whose outcome may yet come.
pub(crate) struct Waiting {
    pub(crate) model_id: String,
    pub(crate) incumbent: String,
    pub(crate) challenger: String,
    /// JSON: the incumbent's and the challenger's, or that of the one that ran, or none.
    pub(crate) outputs: String,
    /// Which of the two answered, 0 or 1, where that is still to be counted.
    pub(crate) arm: Option<usize>,
}

impl Tables<'_> {
    /// The counts of a trial, where it is the one that is kept of its model.
    pub(crate) fn trial<T: DeserializeOwned>(&self, model_id: &str, challenger: &str) -> TableResult<Option<T>> {
        let mut find = self.tx.prepare_cached("SELECT tally FROM trial WHERE (model_id, challenger) = (?1, ?2)")?;
        let tally: Option<String> = find.query_row([model_id, challenger], |row| row.get(0)).optional()?;
        Ok(tally.as_deref().and_then(read_json))
    }

    /// Saves the counts of a model's trial, in the place of those of an earlier one.
    pub(crate) fn save_trial(
        &self,
        model_id: &str,
        incumbent: &str,
        challenger: &str,
        tally: &impl Serialize,
    ) -> TableResult<()> {
        let tally = serde_json::to_string(tally).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO trial (model_id, incumbent, challenger, tally) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute([model_id, incumbent, challenger, &tally])?;
        Ok(())
    }

    /// Keeps what waits for a record's label or outcome, until the record is evicted; nothing, where nothing waits.
    pub(crate) fn keep_compared(
        &self,
        id: PredictionId,
        challenger: &str,
        outputs: &str,
        arm: Option<usize>,
    ) -> TableResult<()> {
        if outputs == "[]" && arm.is_none() {
            self.tx.prepare_cached("DELETE FROM compared WHERE id = ?1")?.execute([id.to_i64()])?;
            return Ok(());
        }
        self.tx
            .prepare_cached("INSERT OR REPLACE INTO compared (id, challenger, outputs, arm) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id.to_i64(), challenger, outputs, arm])?;
        Ok(())
    }

    /// What waits for a record's label or outcome, where its trial is the one that is kept.
    pub(crate) fn compared(&self, id: PredictionId) -> TableResult<Option<Waiting>> {
        let mut find = self.tx.prepare_cached(
            "SELECT t.model_id, t.incumbent, t.challenger, c.outputs, c.arm
               FROM compared c JOIN trial t ON t.challenger = c.challenger WHERE c.id = ?1",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let (model_id, incumbent, challenger) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Waiting { model_id, incumbent, challenger, outputs: row.get(3)?, arm: row.get(4)? })
        };
        find.query_row([id.to_i64()], read).optional()
    }
}
