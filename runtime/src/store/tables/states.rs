//! Changes of bundles' states, counted until a summary tells them.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use serde_json::Value;

use super::{TableResult, Tables};

/// Longest name of a change, in characters; four bytes each stay within what a summary may hold.
const MAX_CHANGE: usize = 64;

/// Counts a change of state, given the detail of its event.
pub(super) fn note(tx: &Transaction<'_>, detail: &str) -> TableResult<()> {
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    let text = |field: &str| detail[field].as_str().unwrap_or("-").to_owned();
    let change = format!("{} {} {}", text("version"), text("to"), text("cause"));
    // A summary with a longer name would be refused as a whole.
    let change: String = change.chars().take(MAX_CHANGE).collect();
    tx.prepare_cached(
        "INSERT INTO untold_state (model_id, change, count) VALUES (?1, ?2, 1)
         ON CONFLICT (model_id, change) DO UPDATE SET count = count + 1",
    )?
    .execute([text("model_id"), change])?;
    Ok(())
}

impl Tables<'_> {
    /// Takes what is to be told of a model's versions: `VERSION STATE CAUSE`, and how often.
    pub(crate) fn take_states(&self, model_id: &str) -> TableResult<BTreeMap<String, u64>> {
        let mut take =
            self.tx.prepare_cached("DELETE FROM untold_state WHERE model_id = ?1 RETURNING change, count")?;
        let told = take.query_map([model_id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        told.collect()
    }
}
