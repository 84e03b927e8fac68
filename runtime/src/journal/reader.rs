//! Looking at a journal, on a read-only connection of its own: for tools, reports and tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dunlin_wire::{ModelVersion, Severity};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::database::{FILE, SCHEMA};
use super::row::Scalar;
use crate::ids::PredictionId;
use crate::monitor::{Alarm, RecordedUpload, RecordedWindow, Waiting, WatchedModel};
use crate::store::sqlite::{self, Found};
use crate::store::tables::QUEUE;
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

/// Predictions that are alike but for their record, their answer and their time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Alike {
    /// The model.
    pub model: ModelVersion,
    /// The slot that the model was in.
    pub slot: String,
    /// The kernels that ran.
    pub kernel_set: String,
    /// Who answered.
    pub answered_by: String,
    /// The predictor's verdict.
    pub verdict: String,
    /// Why, as codes.
    pub reasons: Vec<String>,
    /// The feature or tensor concerned.
    pub culprit: Option<String>,
    /// How many.
    pub count: u64,
    /// Wall time of the first, in microseconds since the Unix epoch.
    pub first_us: i64,
    /// Wall time of the last.
    pub last_us: i64,
}

/// Labelled predictions with the same answer and the same label.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LabelledAlike {
    /// The model.
    pub model: ModelVersion,
    /// Who answered.
    pub answered_by: String,
    /// The answer; `None` where nobody answered.
    pub output: Option<Value>,
    /// What was right.
    pub label: Option<Scalar>,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

    /// From now on everything is read as it stands at this moment, whatever is written meanwhile; for reports, whose
    /// figures must agree with each other. The journal's WAL cannot be emptied as long as this reader lives.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn hold(&self) -> Result<(), StorageProblem> {
        self.run(|db| {
            db.execute_batch("BEGIN")?;
            db.query_row("SELECT predictions FROM total", [], |_| Ok(()))
        })
    }

    /// Predictions counted by everything that many of them share, of one model or of all.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn alike(&self, model_id: Option<&str>) -> Result<Vec<Alike>, StorageProblem> {
        const SQL: &str = "SELECT c.model_id, c.version, c.sequence, c.slot, c.kernel_set, p.answered_by, p.verdict,
                                  p.reasons, p.culprit, count(*), min(p.wall_us), max(p.wall_us)
                             FROM prediction p JOIN context c ON c.id = p.context
                            WHERE ?1 IS NULL OR c.model_id = ?1
                            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 3, 2, 4, 5, 6, 7, 8, 9";
        self.run(|db| {
            let mut query = db.prepare(SQL)?;
            let rows = query.query_map([&model_id], |row| {
                let reasons: Option<String> = row.get(7)?;
                Ok(Alike {
                    model: ModelVersion { id: row.get(0)?, version: row.get(1)?, sequence: row.get(2)? },
                    slot: row.get(3)?,
                    kernel_set: row.get(4)?,
                    answered_by: row.get(5)?,
                    verdict: row.get(6)?,
                    reasons: reasons.iter().flat_map(|r| r.split(',')).map(str::to_owned).collect(),
                    culprit: row.get(8)?,
                    count: row.get(9)?,
                    first_us: row.get(10)?,
                    last_us: row.get(11)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Labelled predictions counted by answer and label, of one model or of all.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn labelled(&self, model_id: Option<&str>) -> Result<Vec<LabelledAlike>, StorageProblem> {
        const SQL: &str = "SELECT c.model_id, c.version, c.sequence, p.answered_by, p.output, l.value, count(*)
                             FROM label l JOIN prediction p ON p.id = l.id JOIN context c ON c.id = p.context
                            WHERE ?1 IS NULL OR c.model_id = ?1
                            GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 3, 2, 4, 5, 6";
        self.run(|db| {
            let mut query = db.prepare(SQL)?;
            let rows = query.query_map([&model_id], |row| {
                Ok(LabelledAlike {
                    model: ModelVersion { id: row.get(0)?, version: row.get(1)?, sequence: row.get(2)? },
                    answered_by: row.get(3)?,
                    output: row.get::<_, Option<String>>(4)?.map(json),
                    label: scalar(row.get(5)?),
                    count: row.get(6)?,
                })
            })?;
            rows.collect()
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

    /// What a trial has counted, as JSON.
    pub(crate) fn trial(&self, model_id: &str, challenger: &str) -> Result<Option<String>, StorageProblem> {
        const SQL: &str = "SELECT tally FROM trial WHERE (model_id, challenger) = (?1, ?2)";
        self.run(|db| db.query_row(SQL, [model_id, challenger], |row| row.get(0)).optional())
    }

    /// The newest closed windows, newest first, of one model or of all.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn windows(&self, model_id: Option<&str>, limit: u32) -> Result<Vec<RecordedWindow>, StorageProblem> {
        const SQL: &str = "SELECT epoch, number, summary, judged FROM drift_window
                            WHERE ?1 IS NULL OR model_id = ?1 ORDER BY seq DESC LIMIT ?2";
        self.run(|db| {
            let mut query = db.prepare(SQL)?;
            let parameters: [&dyn ToSql; 2] = [&model_id, &limit];
            let windows = query.query_map(parameters, |row| {
                let (summary, judged): (String, String) = (row.get(2)?, row.get(3)?);
                let summary = parse(2, &summary)?;
                Ok(RecordedWindow { epoch: row.get(0)?, number: row.get(1)?, summary, judged: parse(3, &judged)? })
            })?;
            windows.collect()
        })
    }

    /// The model versions that are watched, the one that counted last first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn watched(&self) -> Result<Vec<WatchedModel>, StorageProblem> {
        const SQL: &str =
            "SELECT model_id, version, sequence, open, past, reference FROM watched ORDER BY touched_us DESC";
        self.run(|db| {
            let mut query = db.prepare(SQL)?;
            let models = query.query_map([], |row| {
                let model = ModelVersion { id: row.get(0)?, version: row.get(1)?, sequence: row.get(2)? };
                let (open, past): (Option<String>, String) = (row.get(3)?, row.get(4)?);
                let reference = parse(5, &row.get::<_, String>(5)?)?;
                Ok(WatchedModel::read(model, open.as_deref(), &past, reference))
            })?;
            models.collect()
        })
    }

    /// Every alarm that is remembered, oldest first; those that are over have the time in `cleared_us`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn alarms(&self) -> Result<Vec<Alarm>, StorageProblem> {
        const SQL: &str =
            "SELECT kind, model_id, version, sequence, subject, severity, since_us, last_us, windows, evidence,
                                  cleared_us FROM alarm ORDER BY seq";
        self.run(|db| {
            let mut query = db.prepare(SQL)?;
            let alarms = query.query_map([], |row| {
                let severity: String = row.get(5)?;
                Ok(Alarm {
                    kind: row.get(0)?,
                    model: ModelVersion { id: row.get(1)?, version: row.get(2)?, sequence: row.get(3)? },
                    subject: row.get(4)?,
                    severity: if severity == "alarm" { Severity::Alarm } else { Severity::Information },
                    since_us: row.get(6)?,
                    last_us: row.get(7)?,
                    windows: row.get(8)?,
                    evidence: parse(9, &row.get::<_, String>(9)?)?,
                    cleared_us: row.get(10)?,
                })
            })?;
            alarms.collect()
        })
    }

    /// The summaries that wait to be delivered, oldest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, StorageProblem> {
        let sql = format!("SELECT id, model_id, windows, bytes, attempts, queued_us FROM {QUEUE} ORDER BY seq");
        self.run(|db| {
            let mut query = db.prepare(&sql)?;
            let waiting = query.query_map([], |row| {
                Ok(Waiting {
                    id: row.get(0)?,
                    model_id: row.get(1)?,
                    windows: row.get(2)?,
                    bytes: row.get(3)?,
                    attempts: row.get(4)?,
                    queued_us: row.get(5)?,
                })
            })?;
            waiting.collect()
        })
    }

    /// The newest attempts to upload, newest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn uploads(&self, limit: u32) -> Result<Vec<RecordedUpload>, StorageProblem> {
        self.run(|db| {
            let mut query = db
                .prepare("SELECT id, wall_us, windows, bytes, status, result FROM upload ORDER BY seq DESC LIMIT ?1")?;
            let uploads = query.query_map([limit], |row| {
                Ok(RecordedUpload {
                    id: row.get(0)?,
                    wall_us: row.get(1)?,
                    windows: row.get(2)?,
                    bytes: row.get(3)?,
                    status: row.get(4)?,
                    result: row.get(5)?,
                })
            })?;
            uploads.collect()
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

/// JSON of a column that this version writes whole.
fn parse<T: DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    let wrong = |e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e));
    serde_json::from_str(text).map_err(wrong)
}

fn scalar(text: String) -> Option<Scalar> {
    serde_json::from_str(&text).ok()
}

/// JSON as stored; a text that is none stays a text, so that a reader never loses what is there.
fn json(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
