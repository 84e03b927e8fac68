//! What was received, in SQLite: an upload is acknowledged when its transaction is on disk.

mod accept;
mod error;
mod received;
mod statistics;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

pub(crate) use accept::Arrival;
pub use error::StoreError;
pub use received::{Received, received};
pub(crate) use statistics::Statistics;
pub use statistics::{AlarmCount, ModelStatistics};

use crate::limits::BUSY;

const FILE: &str = "cloud.db";
const VERSION: i64 = 1;
/// Pages of 4 KiB, SQLite's default.
const PAGE_BYTES: u64 = 4096;

/// The database. One connection: SQLite has one writer anyhow, and the page is read seldom.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens the database in a folder, which is made where it is missing.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { source })?;
        let mut connection = Connection::open(folder.join(FILE))?;
        connection.busy_timeout(BUSY)?;
        // Acknowledged means on disk: every commit is synchronised.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
        prepare(&mut connection)?;
        let pages = i64::try_from(max_bytes / PAGE_BYTES).unwrap_or(i64::MAX).clamp(1, i64::from(u32::MAX) - 1);
        connection.pragma_update(None, "max_page_count", pages)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// A panic in another thread has left no transaction behind: dropping one rolls it back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the tables of a new database; refuses a later one. Writing shows now, not at the first upload, that it can.
fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
        0 => transaction.execute_batch(include_str!("schema.sql"))?,
        VERSION => {
            let touch = "INSERT INTO statistic VALUES ('starts', 1) ON CONFLICT DO UPDATE SET value = value + 1";
            transaction.execute(touch, [])?;
        }
        found => return Err(StoreError::Later { found }),
    }
    transaction.commit()?;
    Ok(())
}

/// SQLite's integers are signed: what is larger than the largest is kept as that.
fn clamped(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
