//! The registry: which bundles are installed, in which slot, and the highest sequence ever accepted of each model.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use thiserror::Error;

use super::State;
use super::trials::{ThrownOut, begin_probation, begin_shadow, leave, move_slot, read_thrown_out};
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
    /// All of them: so many copies of a model are kept at most.
    pub const ALL: [Self; 3] = [Self::Active, Self::Previous, Self::Candidate];

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
        Self::ALL.into_iter().find(|slot| slot.name() == name)
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
    /// This one, or a later one, was thrown out here.
    #[error(
        "{model_id}: sequence {offered} is not taken any more, since {version} with sequence {sequence} was thrown out \
         here ({cause}); build with a higher one"
    )]
    ThrownOut {
        /// Name of the model.
        model_id: String,
        /// The bundle's sequence.
        offered: u64,
        /// Version of the bundle that was thrown out.
        version: String,
        /// Its sequence.
        sequence: u64,
        /// Why it was.
        cause: String,
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

pub(super) const COLUMNS: &str = "model_id, version, sequence, digest, file, slot, installed_us";

impl State {
    /// Makes a bundle the active one of its model, in one transaction: the active one becomes the previous one and watches
    /// it, the previous one and the candidate leave the registry. Of two bundles with one sequence, the one installed last
    /// is active.
    ///
    /// # Errors
    /// When a higher sequence of this model was ever accepted, one as high was thrown out, or `state.db` cannot be
    /// written. Nothing has changed then.
    pub fn record_install(&mut self, model: &NewModel) -> Result<Installed, InstallError> {
        self.enter(model, Slot::Active)
    }

    /// Makes a bundle the candidate of its model, in one transaction; a candidate that was there leaves the registry.
    ///
    /// # Errors
    /// As [`State::record_install`].
    pub fn record_candidate(&mut self, model: &NewModel) -> Result<Installed, InstallError> {
        self.enter(model, Slot::Candidate)
    }

    fn enter(&mut self, model: &NewModel, slot: Slot) -> Result<Installed, InstallError> {
        let Ok(sequence) = i64::try_from(model.sequence) else {
            return Err(InstallError::SequenceTooLarge { model_id: model.model_id.clone(), offered: model.sequence });
        };
        let now_us = self.clock.now().wall_us;
        self.write(|tx| {
            let held = slot_of(tx, model)?;
            if held == Some(Slot::Active) || held == Some(slot) {
                return Ok(Ok(Installed::Already));
            }
            if let Some(refusal) = refusal(tx, model)? {
                return Ok(Err(refusal));
            }
            let retired = match slot {
                Slot::Candidate => try_out(tx, model, sequence, now_us)?,
                _ => activate(tx, model, sequence, now_us)?,
            };
            Ok(Ok(Installed::Now { retired }))
        })?
    }

    /// The bundle that answers for a model.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn active(&self, model_id: &str) -> Result<Option<InstalledModel>, StorageProblem> {
        self.in_slot(model_id, Slot::Active)
    }

    /// The bundle in a slot of a model.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn in_slot(&self, model_id: &str, slot: Slot) -> Result<Option<InstalledModel>, StorageProblem> {
        let sql = format!("SELECT {COLUMNS} FROM model WHERE model_id = ?1 AND slot = ?2");
        self.read(|db| db.query_row(&sql, [model_id, slot.name()], read_model).optional())
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

/// Why a bundle is not entered, for its sequence.
fn refusal(tx: &Transaction<'_>, model: &NewModel) -> rusqlite::Result<Option<InstallError>> {
    let (model_id, offered) = (model.model_id.clone(), model.sequence);
    if let Some(highest) = highest_sequence(tx, &model_id)?.map(i64::unsigned_abs)
        && offered < highest
    {
        return Ok(Some(InstallError::Older { model_id, offered, highest }));
    }
    let out = read_thrown_out(tx, &model_id)?.filter(|out| offered <= out.sequence);
    Ok(out.map(|ThrownOut { version, sequence, cause, .. }| InstallError::ThrownOut {
        model_id,
        offered,
        version,
        sequence,
        cause,
    }))
}

/// Moves the slots on; the order of the statements keeps one bundle a slot at every step.
fn activate(
    tx: &Transaction<'_>,
    model: &NewModel,
    sequence: i64,
    now_us: i64,
) -> rusqlite::Result<Vec<InstalledModel>> {
    let gone = [leave(tx, &model.model_id, "previous")?, leave(tx, &model.model_id, "candidate")?];
    move_slot(tx, &model.model_id, "active", "previous")?;
    insert(tx, model, Slot::Active, sequence, now_us)?;
    begin_probation(tx, &model.model_id, now_us)?;
    // One of these itself may be coming back.
    Ok(gone.into_iter().flatten().filter(|old| old.model.digest != model.digest).collect())
}

/// Enters a bundle that is to watch the active one.
fn try_out(
    tx: &Transaction<'_>,
    model: &NewModel,
    sequence: i64,
    now_us: i64,
) -> rusqlite::Result<Vec<InstalledModel>> {
    let mut gone: Vec<InstalledModel> = leave(tx, &model.model_id, "candidate")?.into_iter().collect();
    // The previous one, where it is to be tried again.
    if slot_of(tx, model)?.is_some() {
        gone.extend(leave(tx, &model.model_id, "previous")?);
    }
    insert(tx, model, Slot::Candidate, sequence, now_us)?;
    begin_shadow(tx, &model.model_id, now_us)?;
    gone.retain(|old| old.model.digest != model.digest);
    Ok(gone)
}

fn insert(tx: &Transaction<'_>, model: &NewModel, slot: Slot, sequence: i64, now_us: i64) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO model (model_id, version, sequence, digest, file, slot, installed_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![model.model_id, model.version, sequence, model.digest, model.file, slot.name(), now_us],
    )?;
    tx.execute("INSERT OR REPLACE INTO unproven (digest, begun) VALUES (?1, 0)", [&model.digest])?;
    tx.execute(
        "INSERT INTO highest_sequence (model_id, sequence) VALUES (?1, ?2)
         ON CONFLICT (model_id) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
        params![model.model_id, sequence],
    )?;
    Ok(())
}

pub(super) fn read_model(row: &Row<'_>) -> rusqlite::Result<InstalledModel> {
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
