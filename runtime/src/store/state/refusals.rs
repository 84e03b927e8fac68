//! Bundles that were refused, and why: the latest, so that a fleet can see what its devices do not take.

use rusqlite::params;

use super::State;
use crate::store::policy::REFUSALS_KEPT;
use crate::store::problem::StorageProblem;

/// A bundle that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Name of the model, where the bundle could be read that far.
    pub model_id: Option<String>,
    /// Its version, where it could be read.
    pub version: Option<String>,
    /// SHA-256 of the file, in hex, where it could be read.
    pub digest: Option<String>,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// When, in microseconds since the Unix epoch.
    pub refused_us: i64,
}

impl State {
    /// Remembers a refusal; the oldest beyond a few hundred are forgotten.
    ///
    /// # Errors
    /// When `state.db` cannot be written.
    pub fn refuse(&mut self, refusal: &Refusal) -> Result<(), StorageProblem> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO refusal (model_id, version, digest, code, reason, refused_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    refusal.model_id,
                    refusal.version,
                    refusal.digest,
                    refusal.code,
                    refusal.reason,
                    refusal.refused_us
                ],
            )?;
            tx.execute("DELETE FROM refusal WHERE id <= (SELECT max(id) FROM refusal) - ?1", [REFUSALS_KEPT])?;
            Ok(())
        })
    }

    /// The refusals remembered, newest first.
    ///
    /// # Errors
    /// When `state.db` cannot be read.
    pub fn refusals(&self) -> Result<Vec<Refusal>, StorageProblem> {
        const SQL: &str = "SELECT model_id, version, digest, code, reason, refused_us FROM refusal ORDER BY id DESC";
        self.read(|db| {
            db.prepare(SQL)?
                .query_map([], |row| {
                    Ok(Refusal {
                        model_id: row.get(0)?,
                        version: row.get(1)?,
                        digest: row.get(2)?,
                        code: row.get(3)?,
                        reason: row.get(4)?,
                        refused_us: row.get(5)?,
                    })
                })?
                .collect()
        })
    }
}
