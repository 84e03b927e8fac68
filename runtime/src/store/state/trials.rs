//! Bundles on trial: a candidate that watches, one that answers on probation, and what was thrown out.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::State;
use super::models::{COLUMNS, InstalledModel, Slot, read_model};
use crate::store::problem::StorageProblem;

/// How far a bundle on trial has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It watches: it runs on a share of the records, and the active one answers.
    Shadow,
    /// It answers for a share of the subjects.
    Canary,
    /// It is the active one, and the one before it watches.
    Probation,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Shadow, Self::Canary, Self::Probation];

    /// Its name in the database and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Probation => "probation",
        }
    }
}

/// Two bundles of one model that both run for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Name of the model.
    pub model_id: String,
    /// The proven one, by digest.
    pub incumbent: String,
    /// The new one, by digest.
    pub challenger: String,
    /// How far the new one has come.
    pub stage: Stage,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
}

/// A bundle that was thrown out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrownOut {
    /// Version for people.
    pub version: String,
    /// Up to this sequence nothing is taken.
    pub sequence: u64,
    /// SHA-256 of the bundle, in hex.
    pub digest: String,
    /// Why, for programs.
    pub cause: String,
}

/// What a change of the slots did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switched {
    /// The bundle that answers from now on.
    pub active: InstalledModel,
    /// Bundles that left the registry; their files can be deleted.
    pub gone: Vec<InstalledModel>,
}

impl State {
    /// The trial of a model.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn trial(&self, model_id: &str) -> Result<Option<Trial>, StorageProblem> {
        self.read(|db| read_trial(db, model_id))
    }

    /// The last bundle of a model that was thrown out.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn thrown_out(&self, model_id: &str) -> Result<Option<ThrownOut>, StorageProblem> {
        self.read(|db| read_thrown_out(db, model_id))
    }

    /// Lets a candidate answer for some. Changes nothing where that very trial is not in shadow.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn begin_canary(&mut self, model_id: &str, challenger: &str) -> Result<bool, StorageProblem> {
        let now_us = self.clock.now().wall_us;
        let sql = "UPDATE trial SET stage = 'canary', since_us = ?3
                    WHERE model_id = ?1 AND challenger = ?2 AND stage = 'shadow'";
        Ok(self.write(|tx| tx.execute(sql, params![model_id, challenger, now_us]))? > 0)
    }

    /// Makes a candidate the active one, on probation. `None` where it is no candidate any more.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn promote(&mut self, model_id: &str, challenger: &str) -> Result<Option<Switched>, StorageProblem> {
        let now_us = self.clock.now().wall_us;
        self.write(|tx| {
            let is_candidate = slot(tx, model_id, "candidate")?.is_some_and(|c| c.model.digest == challenger);
            if !is_candidate {
                return Ok(None);
            }
            let gone = leave(tx, model_id, "previous")?;
            move_slot(tx, model_id, "active", "previous")?;
            move_slot(tx, model_id, "candidate", "active")?;
            begin_probation(tx, model_id, now_us)?;
            Ok(slot(tx, model_id, "active")?.map(|active| Switched { active, gone: gone.into_iter().collect() }))
        })
    }

    /// Throws a bundle out: a candidate leaves, and in the place of an active one the previous one answers again. `None`
    /// where it is neither, or where nothing could take its place.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn throw_out(&mut self, model_id: &str, digest: &str, cause: &str) -> Result<Option<Switched>, StorageProblem> {
        let now_us = self.clock.now().wall_us;
        self.write(|tx| {
            let is = |held: &Option<InstalledModel>| held.as_ref().is_some_and(|held| held.model.digest == digest);
            let gone = if is(&slot(tx, model_id, "candidate")?) {
                leave(tx, model_id, "candidate")?
            } else if is(&slot(tx, model_id, "active")?) && slot(tx, model_id, "previous")?.is_some() {
                let gone = leave(tx, model_id, "active")?;
                move_slot(tx, model_id, "previous", "active")?;
                gone
            } else {
                None
            };
            let (Some(gone), Some(active)) = (gone, slot(tx, model_id, "active")?) else { return Ok(None) };
            // Where a candidate watched the one that is gone, it watches the one that took its place.
            begin_shadow(tx, model_id, now_us)?;
            remember_thrown_out(tx, &gone, cause, now_us)?;
            Ok(Some(Switched { active, gone: vec![gone] }))
        })
    }

    /// Puts the active bundle on probation again, where nothing is on trial and there is a previous one to watch it.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn watch_again(&mut self, model_id: &str, sequence: u64) -> Result<Option<Trial>, StorageProblem> {
        if self.in_slot(model_id, Slot::Previous)?.is_none() {
            return Ok(None);
        }
        let now_us = self.clock.now().wall_us;
        self.write(|tx| {
            let is_active = slot(tx, model_id, "active")?.is_some_and(|active| active.model.sequence == sequence);
            if !is_active || read_trial(tx, model_id)?.is_some() {
                return Ok(None);
            }
            begin_probation(tx, model_id, now_us)?;
            read_trial(tx, model_id)
        })
    }

    /// Ends a probation: the bundle has earned its place. Changes nothing where that very trial is not on.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn confirm(&mut self, model_id: &str, challenger: &str) -> Result<bool, StorageProblem> {
        let sql = "DELETE FROM trial WHERE model_id = ?1 AND challenger = ?2 AND stage = 'probation'";
        Ok(self.write(|tx| tx.execute(sql, [model_id, challenger]))? > 0)
    }

    /// Counts a start of a bundle that has not answered yet, and tells how many were begun before and never ended; `None`
    /// for a bundle that has answered.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn begin_start(&mut self, digest: &str) -> Result<Option<u32>, StorageProblem> {
        // Most starts are of bundles that have answered, and write nothing.
        let find = |db: &rusqlite::Connection| {
            let sql = "SELECT begun FROM unproven WHERE digest = ?1";
            db.query_row(sql, [digest], |row| row.get::<_, u32>(0)).optional()
        };
        let Some(begun) = self.read(find)? else { return Ok(None) };
        self.write(|tx| tx.execute("UPDATE unproven SET begun = begun + 1 WHERE digest = ?1", [digest]))?;
        Ok(Some(begun))
    }

    /// Takes back the count of a start that ended well; with `proven` the bundle has answered, and is counted no more.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn end_start(&mut self, digest: &str, proven: bool) -> Result<(), StorageProblem> {
        let sql = match proven {
            true => "DELETE FROM unproven WHERE digest = ?1",
            false => "UPDATE unproven SET begun = max(begun - 1, 0) WHERE digest = ?1",
        };
        self.write(|tx| tx.execute(sql, [digest])).map(|_| ())
    }
}

/// Enters a bundle that is to be tried, in the place of an earlier candidate.
pub(super) fn begin_shadow(tx: &Transaction<'_>, model_id: &str, now_us: i64) -> rusqlite::Result<()> {
    begin_trial(tx, model_id, "active", "candidate", Stage::Shadow, now_us)
}

/// Has the previous bundle watch the active one, where there is one.
pub(super) fn begin_probation(tx: &Transaction<'_>, model_id: &str, now_us: i64) -> rusqlite::Result<()> {
    begin_trial(tx, model_id, "previous", "active", Stage::Probation, now_us)
}

fn begin_trial(
    tx: &Transaction<'_>,
    model_id: &str,
    incumbent: &str,
    challenger: &str,
    stage: Stage,
    now_us: i64,
) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM trial WHERE model_id = ?1", [model_id])?;
    tx.execute(
        "INSERT INTO trial (model_id, incumbent, challenger, stage, since_us)
         SELECT ?1, i.digest, c.digest, ?4, ?5 FROM model i JOIN model c ON c.model_id = i.model_id
          WHERE i.model_id = ?1 AND i.slot = ?2 AND c.slot = ?3",
        params![model_id, incumbent, challenger, stage.name(), now_us],
    )?;
    Ok(())
}

/// Takes the bundle in a slot out of the registry.
pub(super) fn leave(tx: &Transaction<'_>, model_id: &str, slot: &str) -> rusqlite::Result<Option<InstalledModel>> {
    let sql = format!("DELETE FROM model WHERE model_id = ?1 AND slot = ?2 RETURNING {COLUMNS}");
    let gone = tx.query_row(&sql, [model_id, slot], read_model).optional()?;
    if let Some(gone) = &gone {
        tx.execute("DELETE FROM unproven WHERE digest = ?1", [&gone.model.digest])?;
    }
    Ok(gone)
}

pub(super) fn move_slot(tx: &Transaction<'_>, model_id: &str, from: &str, to: &str) -> rusqlite::Result<()> {
    tx.execute("UPDATE model SET slot = ?3 WHERE model_id = ?1 AND slot = ?2", [model_id, from, to]).map(|_| ())
}

pub(super) fn read_thrown_out(db: &rusqlite::Connection, model_id: &str) -> rusqlite::Result<Option<ThrownOut>> {
    let sql = "SELECT version, sequence, digest, cause FROM thrown_out WHERE model_id = ?1";
    let read = |row: &Row<'_>| {
        let sequence = row.get::<_, i64>(1)?.unsigned_abs();
        Ok(ThrownOut { version: row.get(0)?, sequence, digest: row.get(2)?, cause: row.get(3)? })
    };
    db.query_row(sql, [model_id], read).optional()
}

pub(super) fn slot(tx: &Transaction<'_>, model_id: &str, slot: &str) -> rusqlite::Result<Option<InstalledModel>> {
    let sql = format!("SELECT {COLUMNS} FROM model WHERE model_id = ?1 AND slot = ?2");
    tx.query_row(&sql, [model_id, slot], read_model).optional()
}

pub(super) fn remember_thrown_out(
    tx: &Transaction<'_>,
    gone: &InstalledModel,
    cause: &str,
    at_us: i64,
) -> rusqlite::Result<()> {
    let model = &gone.model;
    tx.execute(
        "INSERT INTO thrown_out (model_id, version, sequence, digest, cause, at_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (model_id) DO UPDATE SET version = excluded.version, sequence = excluded.sequence,
             digest = excluded.digest, cause = excluded.cause, at_us = excluded.at_us
          WHERE excluded.sequence >= thrown_out.sequence",
        params![model.model_id, model.version, model.sequence.cast_signed(), model.digest, cause, at_us],
    )?;
    Ok(())
}

fn read_trial(db: &rusqlite::Connection, model_id: &str) -> rusqlite::Result<Option<Trial>> {
    let sql = "SELECT model_id, incumbent, challenger, stage, since_us FROM trial WHERE model_id = ?1";
    let read = |row: &Row<'_>| {
        let name: String = row.get(3)?;
        let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name);
        let stage = stage.ok_or_else(|| rusqlite::Error::InvalidColumnName("stage".to_owned()))?;
        Ok(Trial {
            model_id: row.get(0)?,
            incumbent: row.get(1)?,
            challenger: row.get(2)?,
            stage,
            since_us: row.get(4)?,
        })
    };
    db.query_row(sql, [model_id], read).optional()
}
