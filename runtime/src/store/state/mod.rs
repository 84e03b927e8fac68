//! `state.db`: who this installation is, which models it trusts, what it has refused and counted.
//!
//! Small and precious. Each change is one transaction that is on the disk when the call returns: a rollback journal that
//! is truncated (not deleted: a deletion may be undone by a power cut) with synchronous FULL. A file that cannot be
//! understood is never written over, because forgetting the highest sequence would let an old model back in.

mod channel;
mod install;
mod models;
mod refusals;
#[cfg(test)]
mod tests;
mod trials;

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use self::channel::{Signer, Withdrawal};
pub use self::install::Identity;
pub use self::models::{InstallError, Installed, InstalledModel, NewModel, Slot};
pub use self::refusals::Refusal;
pub use self::trials::{Stage, Switched, ThrownOut, Trial};
use super::folder::Folder;
use super::problem::StorageProblem;
use super::sqlite::{self, Schema};
use crate::clock::Clock;
use crate::health::Part;
use crate::ids::Epoch;

/// The file's name within the folder.
const FILE: &str = "state.db";

const SCHEMA: Schema = Schema {
    application_id: i32::from_be_bytes(*b"DnlS"),
    migrations: &[
        include_str!("../migrations/state-001.sql"),
        include_str!("../migrations/state-002.sql"),
        include_str!("../migrations/state-003.sql"),
    ],
};

/// The open `state.db`, or what could be had of it.
#[derive(Debug)]
pub struct State {
    folder: Arc<Folder>,
    clock: Clock,
    file: PathBuf,
    access: Access,
    problem: Option<(StorageProblem, i64)>,
    identity: Identity,
}

/// How much of the database there is.
#[derive(Debug)]
enum Access {
    Nothing,
    Read(Connection),
    Write(Connection),
}

impl State {
    /// Opens `state.db`, makes it if the folder has none, and counts the opening.
    ///
    /// Never fails: where the file or the folder cannot be written it is read, and where it cannot be read either there
    /// is an identity for this opening alone (a random install id and key, a provisional epoch).
    /// [`problem`](Self::problem) says why. `floor` is the highest epoch that the journal holds (0 for none): the count
    /// goes on from there if `state.db` was deleted and the journal was not.
    #[must_use]
    pub fn open(folder: Arc<Folder>, clock: Clock, floor: u32) -> Self {
        let file = folder.path().join(FILE);
        let identity = Identity::of_this_opening_alone();
        let mut state = Self { folder, clock, file, access: Access::Nothing, problem: None, identity };
        if let Err(problem) = state.open_for_writing(floor) {
            if !problem.kind.is_of_content() {
                state.open_for_reading();
            }
            state.degrade(problem);
        }
        state
    }

    /// Which opening this is.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.identity.epoch
    }

    /// The install id, the hash key, and how the last opening ended.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Why the state cannot be written, or not even read; `None` when all is well.
    #[must_use]
    pub fn problem(&self) -> Option<&StorageProblem> {
        self.problem.as_ref().map(|(problem, _)| problem)
    }

    /// The state's part of the runtime's health.
    #[must_use]
    pub fn health(&self) -> Part {
        match &self.problem {
            None => Part::Ok,
            Some((problem, since_us)) => Part::Degraded(problem.notice(*since_us)),
        }
    }

    /// Marks the opening as closed in order.
    ///
    /// # Errors
    /// When the mark cannot be written; the next opening then takes this one for crashed.
    pub fn close(mut self) -> Result<(), StorageProblem> {
        self.mark_closed()
    }

    /// The same for an owner that is itself being dropped.
    pub(crate) fn mark_closed(&mut self) -> Result<(), StorageProblem> {
        self.write(|tx| tx.execute("UPDATE install SET clean = 1", []))?;
        Ok(())
    }

    /// Locks the folder, opens the file and counts the opening.
    fn open_for_writing(&mut self, floor: u32) -> Result<(), StorageProblem> {
        self.folder.lock()?;
        install::make_if_missing(&self.file, &self.identity)?;
        let mut db = sqlite::open_existing(&self.file).map_err(|e| StorageProblem::from_sqlite(&self.file, &e))?;
        let found = SCHEMA.identify_existing(&db, &self.file)?;
        let mut open = || -> rusqlite::Result<Identity> {
            sqlite::check(&db)?;
            db.pragma_update(None, "journal_mode", "TRUNCATE")?;
            db.pragma_update(None, "synchronous", "FULL")?;
            SCHEMA.migrate(&mut db, found)?;
            Identity::count_opening(&mut db, floor)
        };
        self.identity = open().map_err(|e| StorageProblem::from_sqlite(&self.file, &e))?;
        self.access = Access::Write(db);
        Ok(())
    }

    /// Takes what can be had without writing; the epoch stays provisional.
    fn open_for_reading(&mut self) {
        let Ok(db) = sqlite::open_readable(&self.file) else { return };
        if SCHEMA.identify_existing(&db, &self.file).is_err() || sqlite::check(&db).is_err() {
            return;
        }
        if let Ok(identity) = Identity::read(&db, self.identity.epoch) {
            self.identity = identity;
            self.access = Access::Read(db);
        }
    }

    /// Notes a problem; the time of the first stands until writing works again.
    fn degrade(&mut self, problem: StorageProblem) {
        log::warn!("state: {problem}; {}", problem.remedy());
        let since_us = self.problem.as_ref().map_or_else(|| self.clock.now().wall_us, |(_, since_us)| *since_us);
        self.problem = Some((problem, since_us));
    }

    /// Runs a change in one transaction. A state that could not be written is tried again first.
    fn write<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StorageProblem> {
        match self.try_write(change) {
            Ok(done) => {
                self.problem = None;
                Ok(done)
            }
            Err(problem) => {
                self.degrade(problem.clone());
                Err(problem)
            }
        }
    }

    fn try_write<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StorageProblem> {
        // Given back when the app was suspended, and another process may have taken it since.
        self.folder.lock()?;
        if !matches!(self.access, Access::Write(_)) {
            let epoch = self.identity.epoch;
            self.open_for_writing(0)?;
            // Predictions of this opening already carry the provisional epoch.
            self.identity.epoch = epoch;
        }
        let Access::Write(db) = &mut self.access else { unreachable!("opened for writing just above") };
        let run = || {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = change(&tx)?;
            tx.commit()?;
            Ok(done)
        };
        run().map_err(|e| StorageProblem::from_sqlite(&self.file, &e))
    }

    /// Runs a query. Without a database the answer is why there is none, never an empty list.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StorageProblem> {
        match (&self.access, &self.problem) {
            (Access::Read(db) | Access::Write(db), _) => {
                query(db).map_err(|e| StorageProblem::from_sqlite(&self.file, &e))
            }
            (Access::Nothing, Some((problem, _))) => Err(problem.clone()),
            (Access::Nothing, None) => unreachable!("nothing is open only where a problem was noted"),
        }
    }
}
