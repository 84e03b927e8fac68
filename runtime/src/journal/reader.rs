//! Looking at a journal, on a read-only connection of its own: for tools, reports and tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use serde::Serialize;
use serde_json::Value;

use super::database::{FILE, SCHEMA};
use super::row::Scalar;
use crate::ids::PredictionId;
use crate::store::sqlite::{self, Found};
use crate::store::{StorageProblem, StorageProblemKind};

/// Reads the journal of a folder while another process, or nobody, writes it.
#[derive(Debug)]
pub struct Reader {
    db: Connection,
    path: PathBuf,
}

/// A prediction as the journal holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Recorded {
    /// Its id.
    pub id: PredictionId,
    /// Name of the model.
    pub model_id: String,
    /// The model's version, for people.
    pub version: String,
    /// The model's version, for machines.
    pub sequence: u64,
    /// The slot that the model was in.
    pub slot: String,
    /// Who answered.
    pub answered_by: String,
    /// The predictor's verdict.
    pub verdict: String,
    /// Why, as codes.
    pub reasons: Vec<String>,
    /// The feature or tensor for which the record was refused.
    pub culprit: Option<String>,
    /// Confidence of the answer.
    pub confidence: Option<f64>,
    /// Distance from the reference distribution.
    pub distance: Option<f64>,
    /// Time from record to answer, in microseconds.
    pub latency_us: u64,
    /// The kernels that ran.
    pub kernel_set: String,
    /// The boot that `mono_us` counts from.
    pub boot_id: String,
    /// Monotonic time.
    pub mono_us: i64,
    /// Wall time, in microseconds since the Unix epoch.
    pub wall_us: i64,
    /// Keyed hash of the subject, in hex.
    pub subject_hash: Option<String>,
    /// The record, as far as its privacy classes allow.
    pub features: Option<Value>,
    /// The answer.
    pub output: Option<Value>,
    /// What was right.
    pub label: Option<Scalar>,
    /// What came of it, by name.
    pub outcomes: BTreeMap<String, Scalar>,
}

/// How many predictions had one verdict and one answerer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerdictCount {
    /// Name of the model.
    pub model_id: String,
    /// The predictor's verdict.
    pub verdict: String,
    /// Who answered.
    pub answered_by: String,
    /// How many.
    pub count: u64,
}

/// What the journal holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// Predictions, as maintained with the rows.
    pub predictions: u64,
    /// Labels.
    pub labels: u64,
    /// Outcomes.
    pub outcomes: u64,
    /// Events.
    pub events: u64,
    /// Bytes of the file in use.
    pub used_bytes: u64,
}

/// Something that happened to the runtime itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecordedEvent {
    /// When, in microseconds since the Unix epoch.
    pub wall_us: i64,
    /// What.
    pub kind: String,
    /// The particulars, a JSON object.
    pub detail: Value,
}

const ROW: &str = "SELECT id, model_id, version, sequence, slot, answered_by, verdict, reasons, culprit, confidence,
                          distance, latency_us, kernel_set, boot_id, mono_us, wall_us, subject_hash, features, output,
                          label
                     FROM prediction_row";

impl Reader {
    /// Opens the journal of a folder.
    ///
    /// # Errors
    /// When there is none, or it cannot be read or understood.
    pub fn open(folder: &Path) -> Result<Self, StorageProblem> {
        let path = folder.join(FILE);
        let db = sqlite::open_readable(&path).map_err(|e| StorageProblem::from_sqlite(&path, &e))?;
        match SCHEMA.identify(&db, &path)? {
            Found::Version(version) if version == SCHEMA.migrations.len() => Ok(Self { db, path }),
            _ => {
                let detail = "made by an earlier version, or not filled yet; open the runtime once".to_owned();
                Err(StorageProblem::new(&path, StorageProblemKind::Io { detail }))
            }
        }
    }

    /// One prediction, with its label and outcomes.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn prediction(&self, id: PredictionId) -> Result<Option<Recorded>, StorageProblem> {
        let sql = format!("{ROW} WHERE id = ?1");
        self.run(|db| db.query_row(&sql, [id.to_i64()], |row| read(db, row)).optional())
    }

    /// The newest predictions, of one model or of all.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn newest(&self, model_id: Option<&str>, limit: u32) -> Result<Vec<Recorded>, StorageProblem> {
        let sql = format!("{ROW} WHERE ?1 IS NULL OR model_id = ?1 ORDER BY id DESC LIMIT ?2");
        self.run(|db| {
            let parameters: [&dyn ToSql; 2] = [&model_id, &limit];
            db.prepare(&sql)?.query_map(parameters, |row| read(db, row))?.collect()
        })
    }

    /// Predictions by model, verdict and answerer.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn verdicts(&self) -> Result<Vec<VerdictCount>, StorageProblem> {
        const SQL: &str = "SELECT c.model_id, p.verdict, p.answered_by, count(*)
                             FROM prediction p JOIN context c ON c.id = p.context GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        self.run(|db| {
            let mut query = db.prepare(SQL)?;
            let counts = query.query_map([], |row| {
                Ok(VerdictCount {
                    model_id: row.get(0)?,
                    verdict: row.get(1)?,
                    answered_by: row.get(2)?,
                    count: row.get(3)?,
                })
            })?;
            counts.collect()
        })
    }

    /// What the journal holds.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn totals(&self) -> Result<Totals, StorageProblem> {
        self.run(|db| {
            let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, u64>(0));
            let pages = one("PRAGMA page_count")?.saturating_sub(one("PRAGMA freelist_count")?);
            Ok(Totals {
                predictions: one("SELECT predictions FROM total")?,
                labels: one("SELECT count(*) FROM label")?,
                outcomes: one("SELECT count(*) FROM outcome")?,
                events: one("SELECT count(*) FROM event")?,
                used_bytes: pages.saturating_mul(one("PRAGMA page_size")?),
            })
        })
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn events(&self, limit: u32) -> Result<Vec<RecordedEvent>, StorageProblem> {
        self.run(|db| {
            let mut query = db.prepare("SELECT wall_us, kind, detail FROM event ORDER BY seq DESC LIMIT ?1")?;
            let events = query.query_map([limit], |row| {
                Ok(RecordedEvent { wall_us: row.get(0)?, kind: row.get(1)?, detail: json(row.get(2)?) })
            })?;
            events.collect()
        })
    }

    /// The counters as the journal's last transaction saved them, by name.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn counters(&self) -> Result<BTreeMap<String, u64>, StorageProblem> {
        self.run(sqlite::read_counters)
    }

    /// Reads the whole file for damage, and checks the maintained totals against the rows.
    ///
    /// # Errors
    /// When the journal is damaged, its totals are wrong, or it cannot be read.
    pub fn check(&self) -> Result<(), StorageProblem> {
        const WRONG_TOTALS: &str = "SELECT (SELECT predictions FROM total) <> (SELECT count(*) FROM prediction)
                OR EXISTS (SELECT 1 FROM epoch WHERE kept <>
                           (SELECT count(*) FROM prediction WHERE id BETWEEN epoch << 32 AND epoch << 32 | 0xffffffff))
                OR EXISTS (SELECT 1 FROM label WHERE id NOT IN (SELECT id FROM prediction))
                OR EXISTS (SELECT 1 FROM outcome WHERE id NOT IN (SELECT id FROM prediction))";
        let found: String = self.run(|db| db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)))?;
        let wrong: bool = self.run(|db| db.query_row(WRONG_TOTALS, [], |row| row.get(0)))?;
        let detail = match (found.as_str(), wrong) {
            ("ok", false) => return Ok(()),
            ("ok", true) => "the totals do not match the rows".to_owned(),
            _ => found,
        };
        Err(StorageProblem::new(&self.path, StorageProblemKind::Corrupt { detail }))
    }

    fn run<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StorageProblem> {
        query(&self.db).map_err(|e| StorageProblem::from_sqlite(&self.path, &e))
    }
}

fn read(db: &Connection, row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let number: i64 = row.get(0)?;
    let id = PredictionId::from_i64(number)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Integer, Box::new(e)))?;
    let subject: Option<[u8; 8]> = row.get(16)?;
    Ok(Recorded {
        id,
        model_id: row.get(1)?,
        version: row.get(2)?,
        sequence: row.get::<_, i64>(3)?.unsigned_abs(),
        slot: row.get(4)?,
        answered_by: row.get(5)?,
        verdict: row.get(6)?,
        reasons: row.get::<_, Option<String>>(7)?.iter().flat_map(|r| r.split(',')).map(str::to_owned).collect(),
        culprit: row.get(8)?,
        confidence: row.get(9)?,
        distance: row.get(10)?,
        latency_us: row.get::<_, i64>(11)?.unsigned_abs(),
        kernel_set: row.get(12)?,
        boot_id: row.get(13)?,
        mono_us: row.get(14)?,
        wall_us: row.get(15)?,
        subject_hash: subject.map(|bytes| crate::ids::SubjectHash(bytes).to_string()),
        features: row.get::<_, Option<String>>(17)?.map(json),
        output: row.get::<_, Option<String>>(18)?.map(json),
        label: row.get::<_, Option<String>>(19)?.and_then(scalar),
        outcomes: outcomes(db, number)?,
    })
}

fn outcomes(db: &Connection, id: i64) -> rusqlite::Result<BTreeMap<String, Scalar>> {
    let mut query = db.prepare_cached("SELECT name, value FROM outcome WHERE id = ?1")?;
    let pairs = query.query_map([id], |row| Ok((row.get(0)?, scalar(row.get(1)?))))?;
    pairs.filter_map(|pair| pair.map(|(name, value)| Some((name, value?))).transpose()).collect()
}

fn scalar(text: String) -> Option<Scalar> {
    serde_json::from_str(&text).ok()
}

/// JSON as stored; a text that is none stays a text, so that a reader never loses what is there.
fn json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
