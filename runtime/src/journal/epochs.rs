//! Openings and their totals: kept in the same transactions as the rows, so that the next opening knows what a crash
//! took without counting anything.
//!
//! Every transaction notes how many rows the ring had accepted and how many of them are settled (written, or counted as
//! not written). After a crash the difference is what was lost for certain. At most a full ring, and the full ring
//! before it that was being written, were in flight; if the machine itself went down, what was committed since the last
//! checkpoint may be gone too.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::config::Durability;
use super::database::insert_event;
use super::row::Event;
use crate::counters::{Counter, Counters};
use crate::ids::Epoch;
use crate::store::sqlite;
use crate::store::tally::Tally;

/// This opening, as the journal notes it.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) epoch: Epoch,
    pub(crate) boot_id: String,
    pub(crate) opened_us: i64,
    /// Rows settled before the journal could be opened.
    pub(crate) settled: u64,
}

/// The opening before this one.
struct Earlier {
    seq: i64,
    epoch: i64,
    boot_id: String,
    accepted: i64,
    settled: i64,
    in_flight: i64,
    unsynced: i64,
    closed: bool,
}

/// Enters this opening, after accounting for the one before it if that was not closed.
pub(crate) fn enter(
    db: &mut Connection,
    opening: &Opening,
    durability: Durability,
    counters: &Counters,
) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut tally = Tally::default();
    // Every opening looks after the one before it, so there is never more than one to look after.
    if let Some(last) = newest(&tx)?.filter(|last| last.epoch != i64::from(opening.epoch.number())) {
        if !last.closed {
            account_for(&tx, &last, opening, &mut tally)?;
        }
        remove_kept(&tx, last.epoch, 0, opening.epoch)?;
    }
    tx.execute(
        "INSERT INTO epoch (epoch, boot_id, opened_us, accepted, settled, in_flight, unsynced, closed, kept)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, 0, 0)
         ON CONFLICT (epoch) DO UPDATE SET closed = 0, accepted = excluded.accepted, settled = excluded.settled",
        params![
            opening.epoch.number(),
            opening.boot_id,
            opening.opened_us,
            as_i64(opening.settled),
            as_i64(durability.in_flight()),
            as_i64(durability.unsynced())
        ],
    )?;
    sqlite::save_counters(&tx, &tally.on_top_of(counters))?;
    tx.commit()?;
    tally.count(counters);
    Ok(())
}

/// Notes after a batch how far the journal has come.
pub(crate) fn settle(tx: &Transaction<'_>, epoch: Epoch, accepted: u64, settled: u64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE epoch SET accepted = ?2, settled = ?3 WHERE epoch = ?1")?.execute(params![
        epoch.number(),
        as_i64(accepted),
        as_i64(settled)
    ])?;
    Ok(())
}

/// Marks an opening as closed: nothing is in flight.
pub(crate) fn leave(db: &Connection, epoch: Epoch) -> rusqlite::Result<()> {
    db.execute("UPDATE epoch SET closed = 1 WHERE epoch = ?1", [epoch.number()])?;
    Ok(())
}

/// A commit that changes nothing.
pub(crate) fn touch(db: &Connection, epoch: Epoch) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE epoch SET settled = settled WHERE epoch = ?1")?.execute([epoch.number()])?;
    Ok(())
}

/// Adds new predictions to the totals.
pub(crate) fn add_kept(tx: &Transaction<'_>, epoch: Epoch, n: u64) -> rusqlite::Result<()> {
    change_kept(tx, i64::from(epoch.number()), as_i64(n))
}

/// Takes deleted predictions out of the totals; an opening that is over and has no predictions left goes as well.
pub(crate) fn remove_kept(tx: &Transaction<'_>, epoch: i64, n: u64, present: Epoch) -> rusqlite::Result<()> {
    change_kept(tx, epoch, -as_i64(n))?;
    if epoch == i64::from(present.number()) {
        return Ok(());
    }
    let gone = tx.prepare_cached("DELETE FROM epoch WHERE epoch = ?1 AND kept = 0")?.execute([epoch])?;
    if gone > 0 {
        tx.prepare_cached("DELETE FROM context WHERE epoch = ?1")?.execute([epoch])?;
    }
    Ok(())
}

fn change_kept(tx: &Transaction<'_>, epoch: i64, by: i64) -> rusqlite::Result<()> {
    if by != 0 {
        tx.prepare_cached("UPDATE epoch SET kept = kept + ?2 WHERE epoch = ?1")?.execute([epoch, by])?;
        tx.prepare_cached("UPDATE total SET predictions = predictions + ?1")?.execute([by])?;
    }
    Ok(())
}

fn newest(tx: &Transaction<'_>) -> rusqlite::Result<Option<Earlier>> {
    const SQL: &str = "SELECT seq, epoch, boot_id, accepted, settled, in_flight, unsynced, closed
                         FROM epoch ORDER BY seq DESC LIMIT 1";
    let newest = tx.query_row(SQL, [], |row| {
        Ok(Earlier {
            seq: row.get(0)?,
            epoch: row.get(1)?,
            boot_id: row.get(2)?,
            accepted: row.get(3)?,
            settled: row.get(4)?,
            in_flight: row.get(5)?,
            unsynced: row.get(6)?,
            closed: row.get(7)?,
        })
    });
    newest.optional()
}

/// Counts what a crash took, once.
fn account_for(tx: &Transaction<'_>, crashed: &Earlier, opening: &Opening, tally: &mut Tally) -> rusqlite::Result<()> {
    let at_least = crashed.accepted.saturating_sub(crashed.settled).max(0);
    let machine_went_down = crashed.boot_id != opening.boot_id;
    let unsynced = if machine_went_down { crashed.unsynced } else { 0 };
    let at_most = at_least.max(crashed.in_flight.saturating_add(unsynced));
    tally.add(Counter::CrashLostAtLeast, at_least.unsigned_abs());
    tally.add(Counter::CrashLostAtMost, at_most.unsigned_abs());
    tx.execute("UPDATE epoch SET closed = 1 WHERE seq = ?1", [crashed.seq])?;
    let detail = serde_json::json!({
        "epoch": crashed.epoch, "at_least": at_least, "at_most": at_most, "machine_went_down": machine_went_down,
    });
    let event = Event { wall_us: opening.opened_us, kind: "crash_loss".into(), detail: detail.to_string() };
    insert_event(tx, &event)
}

/// SQLite counts in signed numbers; ours stay far below where it would matter.
fn as_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
