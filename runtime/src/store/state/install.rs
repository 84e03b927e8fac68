//! Who this installation is: its id, its key, its count of openings, and its counters.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{SCHEMA, State};
use crate::ids::{Epoch, InstallId};
use crate::privacy::HashKey;
use crate::store::problem::StorageProblem;
use crate::store::sqlite::{self, Found, sibling};

/// What `state.db` says of the installation and of this opening.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Names the installation to its fleet.
    pub install_id: InstallId,
    /// The key of hashed values and subjects.
    pub hash_key: HashKey,
    /// Which opening this is.
    pub epoch: Epoch,
    /// Whether the opening before this one was closed in order; true for the first.
    pub last_was_clean: bool,
}

impl Identity {
    /// The identity of an opening that nothing is known of and nothing will be remembered of.
    pub(super) fn of_this_opening_alone() -> Self {
        let (install_id, hash_key) = (InstallId::random(), HashKey::random());
        Self { install_id, hash_key, epoch: Epoch::provisional(), last_was_clean: true }
    }

    /// Counts an opening, durably.
    pub(super) fn count_opening(db: &mut Connection, floor: u32) -> rusqlite::Result<Self> {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut identity = Self::read(&tx, Epoch::provisional())?;
        let last: i64 = tx.query_row("SELECT open_epoch FROM install", [], |row| row.get(0))?;
        let next = last.max(i64::from(floor)).saturating_add(1);
        tx.execute("UPDATE install SET open_epoch = ?1, clean = 0", [next])?;
        tx.commit()?;
        // Past the last epoch that can be counted, openings stay provisional for ever.
        if let Some(epoch) = u32::try_from(next).ok().and_then(Epoch::counted) {
            identity.epoch = epoch;
        }
        Ok(identity)
    }

    /// Reads the identity of an opening that is not counted.
    pub(super) fn read(db: &Connection, epoch: Epoch) -> rusqlite::Result<Self> {
        db.query_row("SELECT install_id, hash_key, clean FROM install", [], |row| {
            Ok(Self {
                install_id: InstallId(row.get(0)?),
                hash_key: HashKey(row.get(1)?),
                epoch,
                last_was_clean: row.get(2)?,
            })
        })
    }
}

impl State {
    /// Gives the installation a new id, at the user's wish. Hashes stay comparable: their key is not an identifier.
    ///
    /// # Errors
    /// When `state.db` cannot be written; the id is then the old one.
    pub fn reset_install_id(&mut self) -> Result<InstallId, StorageProblem> {
        let id = InstallId::random();
        self.write(|tx| tx.execute("UPDATE install SET install_id = ?1", [id.0]))?;
        self.identity.install_id = id;
        Ok(id)
    }

    /// The counters as last saved, by name.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn counters(&self) -> Result<BTreeMap<String, u64>, StorageProblem> {
        self.read(sqlite::read_counters)
    }

    /// Saves totals; a total that is larger in the database already stays.
    ///
    /// # Errors
    /// When `state.db` cannot be written; the totals can be saved again later.
    pub fn save_counters(&mut self, totals: &BTreeMap<String, u64>) -> Result<(), StorageProblem> {
        self.write(|tx| sqlite::save_counters(tx, totals))
    }
}

/// Makes `state.db` if there is none, whole or not at all: it is filled under another name and then renamed, so that a
/// file without content is never one of ours that a power cut left behind. The identity that the opening has had until
/// now is the installation's from now on: rows may already be hashed with its key.
pub(super) fn make_if_missing(file: &Path, identity: &Identity) -> Result<(), StorageProblem> {
    let io = |e| StorageProblem::from_io(file, &e);
    if file.try_exists().map_err(io)? {
        return Ok(());
    }
    let unfinished = sibling(file, ".new");
    // A journal that lost its database would be rolled back into the new one.
    for stale in [unfinished.clone(), sibling(&unfinished, "-journal"), sibling(file, "-journal")] {
        match std::fs::remove_file(stale) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
            _ => {}
        }
    }
    fill(&unfinished, identity).map_err(|e| StorageProblem::from_sqlite(file, &e))?;
    std::fs::rename(&unfinished, file).map_err(io)?;
    if let Some(Ok(folder)) = file.parent().map(File::open) {
        // Not every system can sync a folder; where it can, the new name now survives a power cut.
        let _ = folder.sync_all();
    }
    Ok(())
}

fn fill(file: &Path, identity: &Identity) -> rusqlite::Result<()> {
    let mut db = sqlite::open_writable(file)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    SCHEMA.migrate(&mut db, Found::Empty)?;
    db.execute(
        "INSERT INTO install (only, install_id, hash_key, open_epoch, clean) VALUES (1, ?1, ?2, 0, 1)",
        params![identity.install_id.0, identity.hash_key.0],
    )?;
    db.close().map_err(|(_, e)| e)
}
