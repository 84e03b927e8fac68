//! The registry: which bundles are installed, in which slot, and the highest sequence ever accepted of each model.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use thiserror::Error;

use super::State;
use crate::store::problem::StorageProblem;

/// What an installed bundle is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Slot {
    /// It answers.
    Active,
    /// It answered before the active one, and is kept for going back.
    Previous,
    /// It is being tried.
    Candidate,
}

impl Slot {
    /// Its name in the database and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Previous => "previous",
            Self::Candidate => "candidate",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Previous, Self::Candidate].into_iter().find(|slot| slot.name() == name)
    }
}

/// A verified bundle that is to become the active one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModel {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines: never goes down.
    pub sequence: u64,
    /// SHA-256 of the bundle, in hex.
    pub digest: String,
    /// Name of the registry's copy.
    pub file: String,
}

/// A bundle in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledModel {
    /// What it is.
    pub model: NewModel,
    /// What it is there for.
    pub slot: Slot,
    /// When it was installed, in microseconds since the Unix epoch.
    pub installed_us: i64,
}

/// What an installation changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// The bundle is now the active one.
    Now {
        /// Bundles that left the registry to make room; their files can be deleted.
        retired: Vec<InstalledModel>,
    },
    /// This very bundle is the active one already; nothing changed.
    Already,
}

/// Why a bundle is not entered in the registry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InstallError {
    /// A later one was accepted before: this could be an attack with an old model.
    #[error(
        "{model_id}: sequence {offered} is lower than {highest}, which was accepted before; build with a higher one"
    )]
    Older {
        /// Name of the model.
        model_id: String,
        /// The bundle's sequence.
        offered: u64,
        /// The highest ever accepted.
        highest: u64,
    },
    /// The sequence cannot be stored.
    #[error(
        "{model_id}: sequence {offered} is beyond the largest allowed, 9223372036854775807; build with a lower one"
    )]
    SequenceTooLarge {
        /// Name of the model.
        model_id: String,
        /// The bundle's sequence.
        offered: u64,
    },
    /// `state.db` cannot be written.
    #[error(transparent)]
    Storage(#[from] StorageProblem),
}

const COLUMNS: &str = "model_id, version, sequence, digest, file, slot, installed_us";

impl State {
    /// Makes a bundle the active one of its model, in one transaction: the active one becomes the previous one, and the
    /// previous one leaves the registry. Of two bundles with one sequence, the one installed last is active.
    ///
    /// # Errors
    /// When a higher sequence of this model was ever accepted, or `state.db` cannot be written. Nothing has changed then.
    pub fn record_install(&mut self, model: &NewModel) -> Result<Installed, InstallError> {
        let Ok(sequence) = i64::try_from(model.sequence) else {
            return Err(InstallError::SequenceTooLarge { model_id: model.model_id.clone(), offered: model.sequence });
        };
        let now_us = self.clock.now().wall_us;
        let outcome = self.write(|tx| {
            if slot_of(tx, model)? == Some(Slot::Active) {
                return Ok(Ok(Installed::Already));
            }
            let highest = highest_sequence(tx, &model.model_id)?;
            if highest.is_some_and(|highest| sequence < highest) {
                return Ok(Err(highest.unwrap_or_default()));
            }
            activate(tx, model, sequence, now_us).map(|retired| Ok(Installed::Now { retired }))
        })?;
        outcome.map_err(|highest| InstallError::Older {
            model_id: model.model_id.clone(),
            offered: model.sequence,
            highest: highest.unsigned_abs(),
        })
    }

    /// The bundle that answers for a model.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn active(&self, model_id: &str) -> Result<Option<InstalledModel>, StorageProblem> {
        let sql = format!("SELECT {COLUMNS} FROM model WHERE model_id = ?1 AND slot = 'active'");
        self.read(|db| db.query_row(&sql, [model_id], read_model).optional())
    }

    /// Every bundle in the registry, by model and slot.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn models(&self) -> Result<Vec<InstalledModel>, StorageProblem> {
        let sql = format!("SELECT {COLUMNS} FROM model ORDER BY model_id, slot");
        self.read(|db| db.prepare(&sql)?.query_map([], read_model)?.collect())
    }

    /// The highest sequence of a model that was ever accepted.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn highest_sequence(&self, model_id: &str) -> Result<Option<u64>, StorageProblem> {
        let highest = self.read(|db| highest_sequence(db, model_id))?;
        Ok(highest.map(i64::unsigned_abs))
    }
}

fn slot_of(tx: &Transaction<'_>, model: &NewModel) -> rusqlite::Result<Option<Slot>> {
    let sql = format!("SELECT {COLUMNS} FROM model WHERE digest = ?1");
    Ok(tx.query_row(&sql, [&model.digest], read_model).optional()?.map(|known| known.slot))
}

fn highest_sequence(db: &rusqlite::Connection, model_id: &str) -> rusqlite::Result<Option<i64>> {
    db.query_row("SELECT sequence FROM highest_sequence WHERE model_id = ?1", [model_id], |row| row.get(0)).optional()
}

/// Moves the slots on; the order of the statements keeps one bundle a slot at every step.
fn activate(
    tx: &Transaction<'_>,
    model: &NewModel,
    sequence: i64,
    now_us: i64,
) -> rusqlite::Result<Vec<InstalledModel>> {
    let retire = format!("DELETE FROM model WHERE model_id = ?1 AND slot = 'previous' RETURNING {COLUMNS}");
    let mut retired: Vec<InstalledModel> =
        tx.prepare(&retire)?.query_map([&model.model_id], read_model)?.collect::<Result<_, _>>()?;
    // The previous one itself may be coming back.
    retired.retain(|old| old.model.digest != model.digest);
    tx.execute("UPDATE model SET slot = 'previous' WHERE model_id = ?1 AND slot = 'active'", [&model.model_id])?;
    tx.execute(
        "INSERT INTO model (model_id, version, sequence, digest, file, slot, installed_us)
         VALUES (?1, ?2, ?3, ?4, ?5, 'active', ?6)",
        params![model.model_id, model.version, sequence, model.digest, model.file, now_us],
    )?;
    tx.execute(
        "INSERT INTO highest_sequence (model_id, sequence) VALUES (?1, ?2)
         ON CONFLICT (model_id) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
        params![model.model_id, sequence],
    )?;
    Ok(retired)
}

fn read_model(row: &Row<'_>) -> rusqlite::Result<InstalledModel> {
    let slot: String = row.get(5)?;
    let model = NewModel {
        model_id: row.get(0)?,
        version: row.get(1)?,
        sequence: row.get::<_, i64>(2)?.unsigned_abs(),
        digest: row.get(3)?,
        file: row.get(4)?,
    };
    let slot = Slot::from_name(&slot).ok_or_else(|| rusqlite::Error::InvalidColumnName("slot".to_owned()))?;
    Ok(InstalledModel { model, slot, installed_us: row.get(6)? })
}
