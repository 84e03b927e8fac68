//! What the store holds, summed up: for the page and for `/v1/statistics`.

use std::collections::BTreeMap;

use dunlin_wire::Summary;
use rusqlite::Connection;
use serde::Serialize;

use super::{Store, StoreError};

/// Everything received so far, restarts included.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Statistics {
    /// Uploads stored, each id once.
    pub(crate) uploads: u64,
    /// Installations heard of.
    pub(crate) installs: u64,
    /// Windows stored, each once.
    pub(crate) windows: u64,
    /// Windows by the uploads' own account less the windows stored: 0, or something was counted twice.
    pub(crate) windows_counted_twice: i64,
    /// Windows that came again under another id, and were refused.
    pub(crate) windows_seen_twice: u64,
    /// Uploads whose windows ended later than the server's clock allows.
    pub(crate) from_the_future: u64,
    /// Rows by model.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Model versions.
    pub(crate) models: Vec<ModelStatistics>,
    /// Alarms by how many installations have them.
    pub(crate) alarms: Vec<AlarmCount>,
    /// Totals over the life of the installations, summed.
    pub(crate) counters: BTreeMap<String, u64>,
}

/// What was received of one model version.
#[derive(Clone, Debug, Serialize)]
pub struct ModelStatistics {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
    /// Installations.
    pub installs: u64,
    /// Uploads stored.
    pub uploads: u64,
    /// Windows stored.
    pub windows: u64,
    /// Records, the refused among them.
    pub rows: u64,
    /// Records by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Records by why they were not accepted.
    pub reasons: BTreeMap<String, u64>,
    /// Records by who answered.
    pub answered_by: BTreeMap<String, u64>,
    /// What became of the model's versions, over all installations: `VERSION STATE CAUSE`, and how often.
    pub model_states: BTreeMap<String, u64>,
    /// Labelled records that the model answered itself.
    pub labelled: u64,
    /// Of these, those that it got wrong.
    pub errors: u64,
    /// Median time to an answer, in microseconds.
    pub latency_p50_us: Option<u64>,
    /// 99th percentile of it.
    pub latency_p99_us: Option<u64>,
}

/// An alarm and how many installations have it.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmCount {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// What alarmed.
    pub kind: String,
    /// The feature, output or reason that it is about.
    pub subject: String,
    /// `warning` or `alarm`.
    pub severity: String,
    /// Installations.
    pub installs: u64,
}

impl Store {
    /// Sums up what is stored.
    pub(crate) fn statistics(&self) -> Result<Statistics, StoreError> {
        let mut connection = self.connection();
        // One transaction, so that the numbers are of one moment.
        let read = connection.transaction()?;
        let one = |sql: &str| read.query_row(sql, [], |row| row.get::<_, i64>(0));
        let windows = one("SELECT count(*) FROM window")?;
        let models = models(&read)?;
        let mut rows = BTreeMap::new();
        for model in &models {
            let sum: &mut u64 = rows.entry(model.model_id.clone()).or_default();
            *sum = sum.saturating_add(model.rows);
        }
        Ok(Statistics {
            uploads: one("SELECT count(*) FROM upload")?.unsigned_abs(),
            installs: one("SELECT count(*) FROM install")?.unsigned_abs(),
            windows: windows.unsigned_abs(),
            windows_counted_twice: one("SELECT ifnull(sum(windows), 0) FROM aggregate")? - windows,
            windows_seen_twice: one("SELECT ifnull(sum(value), 0) FROM statistic WHERE name = 'windows_seen_twice'")?
                .unsigned_abs(),
            from_the_future: one("SELECT ifnull(sum(from_the_future), 0) FROM upload")?.unsigned_abs(),
            rows,
            models,
            alarms: alarms(&read)?,
            counters: counters(&read)?,
        })
    }
}

pub(super) fn models(read: &Connection) -> Result<Vec<ModelStatistics>, StoreError> {
    let mut query = read.prepare_cached(
        "SELECT uploads, windows, summary, (SELECT count(DISTINCT install) FROM upload u WHERE u.model_id = a.model_id \
         AND u.model_version = a.model_version AND u.model_sequence = a.model_sequence) \
         FROM aggregate a ORDER BY model_id, model_sequence, model_version",
    )?;
    let mut rows = query.query([])?;
    let mut models = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(2)?;
        let sum: Summary = serde_json::from_str(&text).map_err(|source| StoreError::Damaged { source })?;
        models.push(ModelStatistics {
            uploads: row.get::<_, i64>(0)?.unsigned_abs(),
            windows: row.get::<_, i64>(1)?.unsigned_abs(),
            installs: row.get::<_, i64>(3)?.unsigned_abs(),
            latency_p50_us: sum.latency.quantile_us(0.5),
            latency_p99_us: sum.latency.quantile_us(0.99),
            model_id: sum.model.id,
            version: sum.model.version,
            sequence: sum.model.sequence,
            rows: sum.rows,
            verdicts: sum.verdicts,
            reasons: sum.reasons,
            answered_by: sum.answered_by,
            model_states: sum.model_states,
            labelled: sum.labels.labelled,
            errors: sum.labels.errors,
        });
    }
    Ok(models)
}

pub(super) fn alarms(read: &Connection) -> Result<Vec<AlarmCount>, rusqlite::Error> {
    let mut query = read.prepare_cached(
        "SELECT model_id, model_version, kind, subject, severity, count(*) FROM alarm \
         GROUP BY model_id, model_version, kind, subject, severity ORDER BY 6 DESC, 1, 2, 3, 4 LIMIT 500",
    )?;
    let rows = query.query_map([], |row| {
        Ok(AlarmCount {
            model_id: row.get(0)?,
            version: row.get(1)?,
            kind: row.get(2)?,
            subject: row.get(3)?,
            severity: row.get(4)?,
            installs: row.get::<_, i64>(5)?.unsigned_abs(),
        })
    })?;
    rows.collect()
}

fn counters(read: &Connection) -> Result<BTreeMap<String, u64>, rusqlite::Error> {
    let mut query = read.prepare_cached("SELECT name, value FROM counter")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut sums = BTreeMap::new();
    for row in rows {
        let (name, value) = row?;
        let sum: &mut u64 = sums.entry(name).or_default();
        *sum = sum.saturating_add(value.unsigned_abs());
    }
    Ok(sums)
}
