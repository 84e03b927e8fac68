//! How asking the cloud has gone, kept across restarts.

use super::{TableResult, Tables};

/// The day's budget and the circuit, as they were at the last reading of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FallbackState {
    /// The latest wall time ever seen.
    pub(crate) seen_us: i64,
    /// How much of the present day has passed.
    pub(crate) day_us: i64,
    /// Requests within it.
    pub(crate) asked: u32,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// How long the circuit stays open yet.
    pub(crate) open_us: i64,
}

impl Tables<'_> {
    pub(crate) fn fallback_state(&self) -> TableResult<FallbackState> {
        let sql = "SELECT seen_us, day_us, asked, failures, open_us FROM fallback_state";
        self.tx.prepare_cached(sql)?.query_row([], |row| {
            Ok(FallbackState {
                seen_us: row.get(0)?,
                day_us: row.get(1)?,
                asked: row.get(2)?,
                failures: row.get(3)?,
                open_us: row.get(4)?,
            })
        })
    }

    pub(crate) fn save_fallback_state(&self, state: &FallbackState) -> TableResult<()> {
        let FallbackState { seen_us, day_us, asked, failures, open_us } = *state;
        let sql = "UPDATE fallback_state SET seen_us = ?1, day_us = ?2, asked = ?3, failures = ?4, open_us = ?5";
        self.tx.prepare_cached(sql)?.execute((seen_us, day_us, asked, failures, open_us))?;
        Ok(())
    }
}
