//! The queue of summaries that wait to be delivered, and how sending them has gone.

use dunlin_wire::Summary;
use rusqlite::params;

use super::watched::json;
use super::{TableResult, Tables, as_i64, read_json};
use crate::store::policy::UPLOADS_KEPT;

/// A summary that waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Queued {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) windows: u64,
    /// `None` where the stored text cannot be read any more.
    pub(crate) summary: Option<Summary>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) bytes: u64,
    pub(crate) attempts: u64,
    pub(crate) shed: bool,
}

/// How sending has gone, kept across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SendState {
    pub(crate) failures: u32,
    pub(crate) waiting_from_us: i64,
    pub(crate) waiting_us: i64,
    pub(crate) paused: Option<String>,
    pub(crate) metered_from_us: i64,
    pub(crate) metered_bytes: u64,
}

/// One attempt, for the log.
pub(crate) struct Sent<'a> {
    pub(crate) id: &'a str,
    pub(crate) wall_us: i64,
    pub(crate) windows: u64,
    pub(crate) bytes: u64,
    pub(crate) status: Option<u16>,
    pub(crate) result: &'a str,
}

impl Tables<'_> {
    /// Everything that waits, oldest first.
    pub(crate) fn queue(&self) -> TableResult<Vec<Queued>> {
        let mut find = self
            .tx
            .prepare_cached("SELECT seq, id, windows, summary, body, bytes, attempts, shed FROM outbox ORDER BY seq")?;
        let rows = find.query_map([], |row| {
            Ok(Queued {
                seq: row.get(0)?,
                id: row.get(1)?,
                windows: row.get(2)?,
                summary: read_json(&row.get::<_, String>(3)?),
                body: row.get(4)?,
                bytes: row.get(5)?,
                attempts: row.get(6)?,
                shed: row.get(7)?,
            })
        })?;
        rows.collect()
    }

    /// Puts a summary at the end of the queue.
    pub(crate) fn push(&self, id: &str, summary: &Summary, bytes: u64, now_us: i64) -> TableResult<()> {
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO outbox (id, model_id, windows, summary, body, bytes, attempts, shed, queued_us)
             VALUES (?1, ?2, ?3, ?4, NULL, ?5, 0, 0, ?6)",
        )?;
        let windows = as_i64(summary.window_count());
        insert.execute(params![id, summary.model.id, windows, json(summary), as_i64(bytes), now_us])?;
        Ok(())
    }

    /// Writes back what may change of an entry.
    pub(crate) fn update_queued(&self, entry: &Queued) -> TableResult<()> {
        let mut update = self.tx.prepare_cached(
            "UPDATE outbox SET id = ?2, windows = ?3, summary = ?4, body = ?5, bytes = ?6, attempts = ?7, shed = ?8
              WHERE seq = ?1",
        )?;
        update.execute(params![
            entry.seq,
            entry.id,
            as_i64(entry.windows),
            json(&entry.summary),
            entry.body,
            as_i64(entry.bytes),
            as_i64(entry.attempts),
            entry.shed
        ])?;
        Ok(())
    }

    /// Takes an entry out of the queue.
    pub(crate) fn remove_queued(&self, seq: i64) -> TableResult<()> {
        self.tx.prepare_cached("DELETE FROM outbox WHERE seq = ?1")?.execute([seq])?;
        Ok(())
    }

    pub(crate) fn send_state(&self) -> TableResult<SendState> {
        let mut find = self.tx.prepare_cached(
            "SELECT failures, waiting_from_us, waiting_us, paused, metered_from_us, metered_bytes FROM outbox_state",
        )?;
        find.query_row([], |row| {
            Ok(SendState {
                failures: row.get(0)?,
                waiting_from_us: row.get(1)?,
                waiting_us: row.get(2)?,
                paused: row.get(3)?,
                metered_from_us: row.get(4)?,
                metered_bytes: row.get(5)?,
            })
        })
    }

    pub(crate) fn save_send_state(&self, state: &SendState) -> TableResult<()> {
        let mut update = self.tx.prepare_cached(
            "UPDATE outbox_state SET failures = ?1, waiting_from_us = ?2, waiting_us = ?3, paused = ?4,
                                     metered_from_us = ?5, metered_bytes = ?6",
        )?;
        update.execute(params![
            state.failures,
            state.waiting_from_us,
            state.waiting_us,
            state.paused,
            state.metered_from_us,
            as_i64(state.metered_bytes)
        ])?;
        Ok(())
    }

    /// Logs an attempt and forgets the oldest.
    pub(crate) fn log_upload(&self, sent: &Sent<'_>) -> TableResult<()> {
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO upload (id, wall_us, windows, bytes, status, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute(params![
            sent.id,
            sent.wall_us,
            as_i64(sent.windows),
            as_i64(sent.bytes),
            sent.status,
            sent.result
        ])?;
        self.tx
            .prepare_cached("DELETE FROM upload WHERE seq <= (SELECT max(seq) FROM upload) - ?1")?
            .execute([UPLOADS_KEPT])?;
        Ok(())
    }
}
