//! The update channel in `state.db`: what is believed, recalled and declined, and who vouched for what came.

use rusqlite::{OptionalExtension, params};

use super::State;
use super::models::{InstalledModel, Slot};
use super::trials::{begin_shadow, leave, move_slot, remember_thrown_out, slot};
use crate::store::policy::DECLINED_KEPT;
use crate::store::problem::StorageProblem;

/// A key that vouched for an installed bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Its name.
    pub name: String,
    /// The key itself, as base64.
    pub key: String,
}

/// What a recall changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The bundle that left the registry.
    pub gone: InstalledModel,
    /// Who answers for the model now, where anybody does.
    pub active: Option<InstalledModel>,
    /// The slot that it was in before.
    pub was: Option<Slot>,
}

impl State {
    /// What is believed of the update channel.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn channel_trust(&self) -> Result<Option<String>, StorageProblem> {
        self.read(|db| db.query_row("SELECT trust FROM channel_trust", [], |row| row.get(0)).optional())
    }

    /// Remembers what is believed of the update channel, and with a new channel which bundles it recalls (digest, reason).
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn save_channel_trust(
        &mut self,
        trust: &str,
        recalled: Option<&[(String, String)]>,
    ) -> Result<(), StorageProblem> {
        self.write(|tx| {
            tx.execute("INSERT OR REPLACE INTO channel_trust (only, trust) VALUES (1, ?1)", [trust])?;
            let Some(recalled) = recalled else { return Ok(()) };
            tx.execute("DELETE FROM recalled", [])?;
            let mut insert = tx.prepare("INSERT OR IGNORE INTO recalled (digest, reason) VALUES (?1, ?2)")?;
            recalled.iter().try_for_each(|(digest, reason)| insert.execute([digest, reason]).map(|_| ()))
        })
    }

    /// Why a bundle was recalled, if it was.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn recall_of(&self, digest: &str) -> Result<Option<String>, StorageProblem> {
        let sql = "SELECT reason FROM recalled WHERE digest = ?1";
        self.read(|db| db.query_row(sql, [digest], |row| row.get(0)).optional())
    }

    /// Takes a recalled bundle out of the registry. In the place of an active one the previous one answers, or the
    /// candidate where there is none, or nobody. `None` where it is in no slot.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn withdraw(&mut self, model_id: &str, digest: &str) -> Result<Option<Withdrawal>, StorageProblem> {
        let now_us = self.clock.now().wall_us;
        self.write(|tx| {
            for name in ["candidate", "previous", "active"] {
                let is_it = slot(tx, model_id, name)?.is_some_and(|held| held.model.digest == digest);
                let Some(gone) = is_it.then(|| leave(tx, model_id, name)).transpose()?.flatten() else { continue };
                let mut was = Some(Slot::Active);
                if gone.slot == Slot::Active {
                    let has_previous = slot(tx, model_id, "previous")?.is_some();
                    let next = if has_previous { Slot::Previous } else { Slot::Candidate };
                    move_slot(tx, model_id, next.name(), "active")?;
                    was = Some(next);
                }
                begin_shadow(tx, model_id, now_us)?;
                remember_thrown_out(tx, &gone, "recalled", now_us)?;
                let active = slot(tx, model_id, "active")?;
                return Ok(Some(Withdrawal { gone, was: was.filter(|_| active.is_some()), active }));
            }
            Ok(None)
        })
    }

    /// Bundles of the channel that this version of the runtime has refused.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn declined(&self, runtime: &str) -> Result<Vec<String>, StorageProblem> {
        let sql = "SELECT digest FROM declined WHERE runtime = ?1";
        self.read(|db| db.prepare(sql)?.query_map([runtime], |row| row.get(0))?.collect())
    }

    /// Remembers that a bundle of the channel was refused; the oldest beyond a few dozen are forgotten.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn decline(&mut self, digest: &str, runtime: &str, code: &str) -> Result<(), StorageProblem> {
        let now_us = self.clock.now().wall_us;
        self.write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO declined (digest, runtime, code, at_us) VALUES (?1, ?2, ?3, ?4)",
                params![digest, runtime, code, now_us],
            )?;
            let oldest = "DELETE FROM declined WHERE digest IN
                          (SELECT digest FROM declined ORDER BY at_us DESC, digest LIMIT -1 OFFSET ?1)";
            tx.execute(oldest, [DECLINED_KEPT]).map(|_| ())
        })
    }

    /// The key of the channel that vouched for an installed bundle.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn signer(&self, digest: &str) -> Result<Option<Signer>, StorageProblem> {
        let sql = "SELECT name, key FROM signer WHERE digest = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok(Signer { name: row.get(0)?, key: row.get(1)? });
        self.read(|db| db.query_row(sql, [digest], read).optional())
    }

    /// Remembers who vouched for a bundle that is about to be entered; those of bundles that are gone are forgotten.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn save_signer(&mut self, digest: &str, signer: &Signer) -> Result<(), StorageProblem> {
        self.write(|tx| {
            tx.execute("DELETE FROM signer WHERE digest NOT IN (SELECT digest FROM model)", [])?;
            let sql = "INSERT OR REPLACE INTO signer (digest, name, key) VALUES (?1, ?2, ?3)";
            tx.execute(sql, [digest, &signer.name, &signer.key]).map(|_| ())
        })
    }
}
