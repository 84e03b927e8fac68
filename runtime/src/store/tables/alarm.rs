//! Alarms: one open row for each thing that is the matter.

use dunlin_wire::ModelVersion;
use rusqlite::params;
use serde_json::Value;

use super::{TableResult, Tables, as_i64};
use crate::store::policy::ALARMS_KEPT;

/// An alarm as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlarmRow {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) severity: String,
    pub(crate) since_us: i64,
    pub(crate) last_us: i64,
    pub(crate) windows: u64,
    pub(crate) evidence: Value,
    pub(crate) cleared_us: Option<i64>,
}

impl Tables<'_> {
    /// The open alarms of a model version.
    pub(crate) fn open_alarms(&self, model: &ModelVersion) -> TableResult<Vec<AlarmRow>> {
        let mut find = self.tx.prepare_cached(
            "SELECT seq, kind, subject, severity, since_us, last_us, windows, evidence FROM alarm
              WHERE cleared_us IS NULL AND (model_id, version, sequence) = (?1, ?2, ?3) ORDER BY seq",
        )?;
        let rows = find.query_map(params![model.id, model.version, as_i64(model.sequence)], |row| {
            Ok(AlarmRow {
                seq: row.get(0)?,
                kind: row.get(1)?,
                subject: row.get(2)?,
                severity: row.get(3)?,
                since_us: row.get(4)?,
                last_us: row.get(5)?,
                windows: row.get(6)?,
                evidence: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default(),
                cleared_us: None,
            })
        })?;
        rows.collect()
    }

    /// Opens an alarm, and forgets the oldest that are over.
    pub(crate) fn open_alarm(&self, model: &ModelVersion, alarm: &AlarmRow) -> TableResult<()> {
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO alarm (kind, model_id, version, sequence, subject, severity, since_us, last_us, windows, evidence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        insert.execute(params![
            alarm.kind,
            model.id,
            model.version,
            as_i64(model.sequence),
            alarm.subject,
            alarm.severity,
            alarm.since_us,
            alarm.last_us,
            as_i64(alarm.windows),
            alarm.evidence.to_string()
        ])?;
        self.tx
            .prepare_cached(
                "DELETE FROM alarm WHERE cleared_us IS NOT NULL AND seq <= (SELECT max(seq) FROM alarm) - ?1",
            )?
            .execute([ALARMS_KEPT])?;
        Ok(())
    }

    /// Notes that an alarm goes on, or (with `cleared_us`) that it is over.
    pub(crate) fn update_alarm(&self, alarm: &AlarmRow) -> TableResult<()> {
        let mut update = self.tx.prepare_cached(
            "UPDATE alarm SET last_us = ?2, windows = ?3, evidence = ?4, cleared_us = ?5 WHERE seq = ?1",
        )?;
        update.execute(params![
            alarm.seq,
            alarm.last_us,
            as_i64(alarm.windows),
            alarm.evidence.to_string(),
            alarm.cleared_us
        ])?;
        Ok(())
    }
}
