//! `journal.db` as the writer sees it: opened, migrated, and one batch of rows written in one transaction.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::config::{Durability, JournalConfig};
use super::epochs::{self, Opening};
use super::follower::{Follower, News};
use super::retention;
use super::row::{Context, Entry, Event, REFUSED, Row};
use crate::clock::Moment;
use crate::counters::{Counter, Counters};
use crate::ids::PredictionId;
use crate::store::policy::{FREE_PAGE_SHARE, PAGE_CACHE_BYTES, ROWS_PER_CHECKPOINT, WAL_LIMIT_BYTES};
use crate::store::sqlite::{self, Found, Schema};
use crate::store::tables::{self, TableResult, Tables};
use crate::store::tally::Tally;
use crate::store::{StorageProblem, StorageProblemKind};

/// The file's name within the folder.
pub(crate) const FILE: &str = "journal.db";

pub(crate) const SCHEMA: Schema = Schema {
    application_id: i32::from_be_bytes(*b"DnlJ"),
    migrations: &[
        include_str!("../store/migrations/journal-001.sql"),
        include_str!("../store/migrations/journal-002.sql"),
        include_str!("../store/migrations/journal-003.sql"),
        include_str!("../store/migrations/journal-004.sql"),
        include_str!("../store/migrations/journal-005.sql"),
    ],
};

/// The open journal.
pub(crate) struct Database {
    db: Connection,
    path: PathBuf,
    config: JournalConfig,
    opening: Opening,
    contexts: HashMap<Arc<Context>, i64>,
    since_forced: u64,
}

/// Something to be done to the tables, in a transaction of its own.
pub(crate) type Action = Box<dyn FnOnce(&mut Tables<'_>, &mut dyn Follower, Moment) -> TableResult<()> + Send>;

/// What one transaction did.
pub(crate) struct Committed {
    /// For each entry, whether its prediction was known.
    pub(crate) known: Vec<bool>,
    /// What to count now that it is on the record.
    pub(crate) tally: Tally,
}

impl Database {
    /// Opens or makes the journal and enters this opening in it. What an earlier opening lost is in the tally.
    pub(crate) fn open(
        folder: &Path,
        config: JournalConfig,
        opening: &Opening,
        counters: &Counters,
    ) -> Result<Self, StorageProblem> {
        let path = folder.join(FILE);
        let problem = |e: &rusqlite::Error| StorageProblem::from_sqlite(&path, e);
        let mut db = sqlite::open_writable(&path).map_err(|e| problem(&e))?;
        let found = SCHEMA.identify(&db, &path)?;
        prepare(&mut db, found, config.durability).map_err(|e| problem(&e))?;
        counters.raise_to(&sqlite::read_counters(&db).map_err(|e| problem(&e))?);
        epochs::enter(&mut db, opening, config.durability, counters).map_err(|e| problem(&e))?;
        let contexts = HashMap::new();
        Ok(Self { db, config, opening: opening.clone(), contexts, since_forced: 0, path })
    }

    /// Writes a batch, lets the follower count it, evicts what is then too much, and brings totals and counters up to
    /// date: all or nothing.
    pub(crate) fn write(
        &mut self,
        entries: &[&Entry],
        now: Moment,
        settled_before: u64,
        accepted: impl FnOnce() -> u64,
        counters: &Counters,
        follower: &mut dyn Follower,
    ) -> Result<Committed, StorageProblem> {
        let run = || {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut tally = Tally::default();
            let mut news = Vec::new();
            let mut known = Vec::with_capacity(entries.len());
            for entry in entries {
                known.push(insert(&tx, &self.opening, &mut self.contexts, entry, &mut tally, &mut news)?);
            }
            let predictions = entries.iter().filter(|entry| matches!(entry, Entry::Prediction { .. })).count();
            epochs::add_kept(&tx, self.opening.epoch, predictions as u64)?;
            follower.follow(&mut Tables::new(&tx, &mut tally, counters), now, &news)?;
            retention::enforce(&tx, &self.config.retention, self.opening.epoch, now.wall_us, &mut tally)?;
            epochs::settle(&tx, self.opening.epoch, accepted(), settled_before + entries.len() as u64)?;
            sqlite::save_counters(&tx, &tally.on_top_of(counters))?;
            tx.commit()?;
            Ok(Committed { known, tally })
        };
        let done: rusqlite::Result<Committed> = run();
        if done.is_err() {
            // Ids of contexts that were rolled back mean nothing, and neither does what was counted of them.
            self.contexts.clear();
            follower.rolled_back();
        }
        let committed = done.map_err(|e| self.problem(&e))?;
        self.since_forced += entries.len() as u64;
        Ok(committed)
    }

    /// Runs an action on the tables in one transaction, forced to the disk if it must be before anyone acts on it.
    pub(crate) fn transact(
        &mut self,
        act: Action,
        now: Moment,
        counters: &Counters,
        follower: &mut dyn Follower,
        durable: bool,
    ) -> Result<Tally, StorageProblem> {
        let durability = self.config.durability;
        let run = || {
            if durable {
                self.db.pragma_update(None, "synchronous", "FULL")?;
            }
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut tally = Tally::default();
            act(&mut Tables::new(&tx, &mut tally, counters), follower, now)?;
            sqlite::save_counters(&tx, &tally.on_top_of(counters))?;
            tx.commit()?;
            Ok(tally)
        };
        let done: rusqlite::Result<Tally> = run();
        let reset = if durable { set_synchronous(&self.db, durability) } else { Ok(()) };
        if done.is_err() {
            follower.rolled_back();
        }
        done.and_then(|tally| reset.map(|()| tally)).map_err(|e| self.problem(&e))
    }

    /// Bounds what a power cut can take, and keeps the WAL and the file small; to be called after a commit. A failure
    /// shows again at the next commit.
    pub(crate) fn tidy(&mut self) {
        let mut tidy = || -> rusqlite::Result<()> {
            if self.since_forced >= ROWS_PER_CHECKPOINT {
                self.force()?;
            }
            let pages = |name| self.db.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
            if pages("freelist_count")?.saturating_mul(FREE_PAGE_SHARE) > pages("page_count")? {
                self.db.execute_batch("PRAGMA incremental_vacuum")?;
            }
            Ok(())
        };
        if let Err(e) = tidy() {
            log::debug!("journal: not tidied this time: {e}");
        }
    }

    /// Forces all commits to the disk.
    pub(crate) fn sync(&mut self) -> Result<(), StorageProblem> {
        self.force().map_err(|e| self.problem(&e))
    }

    /// A commit with synchronous FULL forces itself, and all before it, to the disk whatever readers do; a checkpoint
    /// alone would not while one of them holds it up.
    fn force(&mut self) -> rusqlite::Result<()> {
        self.db.pragma_update(None, "synchronous", "FULL")?;
        let committed = epochs::touch(&self.db, self.opening.epoch);
        set_synchronous(&self.db, self.config.durability)?;
        committed?;
        self.since_forced = 0;
        self.checkpoint("PASSIVE")
    }

    /// Notes an event in a transaction of its own.
    pub(crate) fn record(&mut self, event: &Event) -> Result<(), StorageProblem> {
        let mut run = || {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            insert_event(&tx, event)?;
            tx.commit()
        };
        run().map_err(|e| StorageProblem::from_sqlite(&self.path, &e))
    }

    /// Deletes a person's predictions with their labels and outcomes, from the file's unused bytes and the WAL as well.
    pub(crate) fn forget(&mut self, subject: &[u8; 8], counters: &Counters) -> Result<Tally, StorageProblem> {
        let mut run = || {
            self.db.pragma_update(None, "secure_delete", "ON")?;
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut tally = Tally::default();
            tally.add(Counter::Forgotten, retention::forget(&tx, subject, self.opening.epoch)?);
            sqlite::save_counters(&tx, &tally.on_top_of(counters))?;
            tx.commit()?;
            self.db.pragma_update(None, "secure_delete", "OFF")?;
            Ok(tally)
        };
        let tally = run().map_err(|e: rusqlite::Error| self.problem(&e))?;
        self.checkpoint("TRUNCATE").map_err(|e| self.problem(&e))?;
        Ok(tally)
    }

    /// Marks the opening as closed, empties the WAL and lets go of the file.
    pub(crate) fn close(self, counters: &Counters) -> Result<(), StorageProblem> {
        let run = || {
            epochs::leave(&self.db, self.opening.epoch)?;
            sqlite::save_counters(&self.db, &counters.totals())?;
            self.checkpoint("TRUNCATE")
        };
        run().map_err(|e| self.problem(&e))?;
        self.db.close().map_err(|(_, e)| StorageProblem::from_sqlite(&self.path, &e))
    }

    fn checkpoint(&self, mode: &str) -> rusqlite::Result<()> {
        self.db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
    }

    fn problem(&self, error: &rusqlite::Error) -> StorageProblem {
        StorageProblem::from_sqlite(&self.path, error)
    }
}

/// Sets the connection up and brings the schema to the present version.
fn prepare(db: &mut Connection, found: Found, durability: Durability) -> rusqlite::Result<()> {
    if found == Found::Empty {
        // Takes effect only before the first table.
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    // Negative: KiB, not pages.
    db.pragma_update(None, "cache_size", -i64::from(PAGE_CACHE_BYTES >> 10))?;
    db.set_prepared_statement_cache_capacity(32);
    db.pragma_update(None, "journal_mode", "WAL")?;
    set_synchronous(db, durability)?;
    db.pragma_update(None, "journal_size_limit", WAL_LIMIT_BYTES)?;
    SCHEMA.migrate(db, found)?;
    if found == Found::Empty {
        // Without this a power cut can take the tables themselves.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// NORMAL forces nothing to the disk at a commit; FULL forces each one.
fn set_synchronous(db: &Connection, durability: Durability) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", if durability == Durability::Sync { "FULL" } else { "NORMAL" })
}

/// Writes one entry; false for a label, an outcome or an answer whose prediction is not there.
fn insert<'a>(
    tx: &Transaction<'_>,
    opening: &Opening,
    contexts: &mut HashMap<Arc<Context>, i64>,
    entry: &'a Entry,
    tally: &mut Tally,
    news: &mut Vec<News<'a>>,
) -> rusqlite::Result<bool> {
    let known = match entry {
        Entry::Prediction { id, row } => {
            tally.add(Counter::Predictions, 1);
            tally.add(Counter::Refused, u64::from(row.verdict == REFUSED));
            let context = context_id(tx, opening, contexts, &row.context)?;
            news.push(News::Predicted(*id, row));
            return insert_prediction(tx, *id, context, row).map(|()| true);
        }
        Entry::Label { id, value, wall_us } => {
            let is_first = !is_labelled(tx, *id)?;
            let known = insert_label(tx, *id, value, *wall_us)?;
            tally.add(Counter::Labels, u64::from(known));
            if known && is_first {
                news.push(News::Labelled(*id, value));
            }
            known
        }
        Entry::Outcome { id, name, value, wall_us } => {
            let known = insert_outcome(tx, *id, name, value, *wall_us)?;
            tally.add(Counter::Outcomes, u64::from(known));
            if known {
                news.push(News::CameOut(*id, name, value));
            }
            known
        }
        Entry::Answered { id, by, output } => update_answer(tx, *id, by, output.as_deref())?,
        Entry::Event(event) => return insert_event(tx, event).map(|()| true),
    };
    tally.add(Counter::UnknownId, u64::from(!known));
    Ok(known)
}

fn insert_prediction(tx: &Transaction<'_>, id: PredictionId, context: i64, row: &Row) -> rusqlite::Result<()> {
    let reasons = (!row.reasons.is_empty()).then(|| row.reasons.join(","));
    let mut insert = tx.prepare_cached(
        "INSERT INTO prediction (id, context, answered_by, verdict, reasons, culprit, confidence, distance,
                                 latency_us, mono_us, wall_us, subject_hash, features, output)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    insert.execute(params![
        id.to_i64(),
        context,
        row.answered_by,
        row.verdict,
        reasons,
        row.culprit,
        row.confidence,
        row.distance,
        i64::try_from(row.latency_us).unwrap_or(i64::MAX),
        row.at.mono_us,
        row.at.wall_us,
        row.subject.map(|subject| subject.0),
        row.features,
        row.output,
    ])?;
    Ok(())
}

/// The number of a context, entered at its first use.
fn context_id(
    tx: &Transaction<'_>,
    opening: &Opening,
    contexts: &mut HashMap<Arc<Context>, i64>,
    context: &Arc<Context>,
) -> rusqlite::Result<i64> {
    if let Some(&id) = contexts.get(context) {
        return Ok(id);
    }
    let sequence = i64::try_from(context.sequence).unwrap_or(i64::MAX);
    let key =
        params![opening.epoch.number(), context.model_id, context.version, sequence, context.slot, context.kernel_set];
    tx.execute(
        "INSERT OR IGNORE INTO context (epoch, model_id, version, sequence, slot, kernel_set)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        key,
    )?;
    let id = tx.query_row(
        "SELECT id FROM context WHERE (epoch, model_id, version, sequence, slot, kernel_set)
                                    = (?1, ?2, ?3, ?4, ?5, ?6)",
        key,
        |row| row.get(0),
    )?;
    contexts.insert(context.clone(), id);
    Ok(id)
}

fn is_labelled(tx: &Transaction<'_>, id: PredictionId) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM label WHERE id = ?1)")?.query_row([id.to_i64()], |row| row.get(0))
}

fn insert_label(tx: &Transaction<'_>, id: PredictionId, value: &str, wall_us: i64) -> rusqlite::Result<bool> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO label (id, value, wall_us) SELECT id, ?2, ?3 FROM prediction WHERE id = ?1
         ON CONFLICT (id) DO UPDATE SET value = excluded.value, wall_us = excluded.wall_us",
    )?;
    Ok(insert.execute(params![id.to_i64(), value, wall_us])? > 0)
}

fn update_answer(tx: &Transaction<'_>, id: PredictionId, by: &str, output: Option<&str>) -> rusqlite::Result<bool> {
    let mut update = tx.prepare_cached("UPDATE prediction SET answered_by = ?2, output = ?3 WHERE id = ?1")?;
    Ok(update.execute(params![id.to_i64(), by, output])? > 0)
}

fn insert_outcome(
    tx: &Transaction<'_>,
    id: PredictionId,
    name: &str,
    value: &str,
    wall_us: i64,
) -> rusqlite::Result<bool> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO outcome (id, name, value, wall_us) SELECT id, ?2, ?3, ?4 FROM prediction WHERE id = ?1
         ON CONFLICT (id, name) DO UPDATE SET value = excluded.value, wall_us = excluded.wall_us",
    )?;
    Ok(insert.execute(params![id.to_i64(), name, value, wall_us])? > 0)
}

/// Enters an event.
pub(crate) fn insert_event(tx: &Transaction<'_>, event: &Event) -> rusqlite::Result<()> {
    tables::insert_event(tx, event.wall_us, &event.kind, &event.detail)
}

/// Highest counted epoch that the journal of a folder holds rows of; 0 where there is none or it cannot be read.
///
/// [`State::open`](crate::store::State::open) goes on counting from there.
#[must_use]
pub fn highest_epoch(folder: &Path) -> u32 {
    let path = folder.join(FILE);
    let read = || -> Result<u32, StorageProblem> {
        let problem = |e| StorageProblem::from_sqlite(&path, &e);
        let db = sqlite::open_readable(&path).map_err(problem)?;
        if SCHEMA.identify(&db, &path)? == Found::Empty {
            return Err(StorageProblem::new(&path, StorageProblemKind::Corrupt { detail: "empty".to_owned() }));
        }
        let highest = |table: &str| {
            let sql = format!("SELECT coalesce(max(epoch), 0) FROM {table} WHERE epoch < 1 << 30");
            db.query_row(&sql, [], |row| row.get::<_, u32>(0))
        };
        // Windows outlive the rows that they counted. A journal of the first version has none.
        Ok(highest("epoch").map_err(problem)?.max(highest("drift_window").unwrap_or(0)))
    };
    read().unwrap_or(0)
}
