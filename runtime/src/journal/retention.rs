//! What leaves the journal: the oldest predictions by number, bytes and age, and everything of a person who asks.

use rusqlite::{OptionalExtension, Transaction};

use super::config::Retention;
use super::epochs;
use crate::counters::Counter;
use crate::ids::Epoch;
use crate::store::policy::EVICTION_CHUNK;
use crate::store::tally::Tally;

/// Evicts what is too old, too many or too large, oldest first, with its labels and outcomes.
pub(crate) fn enforce(
    tx: &Transaction<'_>,
    retention: &Retention,
    present: Epoch,
    now_us: i64,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let max_age_us = i64::try_from(retention.max_age.as_micros()).unwrap_or(i64::MAX);
    let older_than_us = now_us.saturating_sub(max_age_us);
    loop {
        let removed = remove_oldest(tx, EVICTION_CHUNK, Some(older_than_us), present)?;
        tally.add(Counter::EvictedAge, removed);
        if removed == 0 {
            break;
        }
    }
    loop {
        let excess = kept(tx)?.saturating_sub(retention.max_rows);
        let removed = remove_oldest(tx, excess.min(EVICTION_CHUNK), None, present)?;
        tally.add(Counter::EvictedRows, removed);
        if removed == 0 {
            break;
        }
    }
    loop {
        let removed = remove_oldest(tx, rows_over(tx, retention.max_bytes)?, None, present)?;
        tally.add(Counter::EvictedBytes, removed);
        if removed == 0 {
            return Ok(());
        }
    }
}

/// Deletes a person's predictions with their labels and outcomes.
pub(crate) fn forget(tx: &Transaction<'_>, subject: &[u8; 8], present: Epoch) -> rusqlite::Result<u64> {
    let mut find = tx.prepare("SELECT id FROM prediction WHERE subject_hash = ?1")?;
    let ids = find.query_map([subject], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    for &id in &ids {
        delete(tx, id, id)?;
        epochs::remove_kept(tx, id >> 32, 1, present)?;
    }
    Ok(ids.len() as u64)
}

/// Predictions in the journal.
fn kept(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    tx.prepare_cached("SELECT predictions FROM total")?.query_row([], |row| row.get(0))
}

/// About how many of the oldest rows hold the bytes that are too many: their share of the bytes in use.
fn rows_over(tx: &Transaction<'_>, max_bytes: u64) -> rusqlite::Result<u64> {
    let pragma = |name| tx.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let used_pages = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
    let max_pages = max_bytes / pragma("page_size")?.max(1);
    let excess = used_pages.saturating_sub(max_pages);
    if excess == 0 {
        return Ok(0);
    }
    let share = u128::from(kept(tx)?) * u128::from(excess) / u128::from(used_pages);
    Ok(u64::try_from(share).unwrap_or(u64::MAX).clamp(1, EVICTION_CHUNK))
}

/// Removes up to `n` of the oldest predictions (of those before `older_than_us`, if given); tells how many.
fn remove_oldest(tx: &Transaction<'_>, n: u64, older_than_us: Option<i64>, present: Epoch) -> rusqlite::Result<u64> {
    let oldest = "SELECT epoch FROM epoch WHERE kept > 0 ORDER BY seq LIMIT 1";
    let oldest: Option<i64> = tx.prepare_cached(oldest)?.query_row([], |row| row.get(0)).optional()?;
    let Some(epoch) = oldest.filter(|_| n > 0) else { return Ok(0) };
    let (first, last) = (epoch << 32, epoch << 32 | i64::from(u32::MAX));
    let mut find =
        tx.prepare_cached("SELECT id, wall_us FROM prediction WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3")?;
    let mut rows = find.query([first, last, i64::try_from(n).unwrap_or(i64::MAX)])?;
    let (mut cut, mut found) = (None, 0);
    while let Some(row) = rows.next()? {
        if older_than_us.is_some_and(|limit| row.get(1).is_ok_and(|wall_us: i64| wall_us >= limit)) {
            break;
        }
        cut = Some(row.get(0)?);
        found += 1;
    }
    let Some(cut) = cut else { return Ok(0) };
    delete(tx, first, cut)?;
    epochs::remove_kept(tx, epoch, found, present)?;
    Ok(found)
}

/// Deletes the predictions from one id to another, and what hangs on them.
fn delete(tx: &Transaction<'_>, first: i64, last: i64) -> rusqlite::Result<()> {
    for table in ["prediction", "label", "outcome", "compared"] {
        tx.prepare_cached(&format!("DELETE FROM {table} WHERE id BETWEEN ?1 AND ?2"))?.execute([first, last])?;
    }
    Ok(())
}
