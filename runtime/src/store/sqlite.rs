//! Opening and migrating a SQLite file: whose it is, which version it has, and the steps from there to now.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::policy::BUSY_TIMEOUT;
use super::problem::{StorageProblem, StorageProblemKind};

/// A kind of database: how to know it, and how to make it.
pub(crate) struct Schema {
    /// Marks the file as ours in its header.
    pub(crate) application_id: i32,
    /// Step `n` takes version `n` to `n + 1`; never edited once released (see migrations/NOTES.md).
    pub(crate) migrations: &'static [&'static str],
}

/// What a file is, as far as its header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It holds nothing yet.
    Empty,
    /// It is ours, of this version.
    Version(usize),
}

impl Schema {
    /// Looks at whose file this is, without writing to it.
    pub(crate) fn identify(&self, db: &Connection, path: &Path) -> Result<Found, StorageProblem> {
        let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let read = || -> rusqlite::Result<(i64, i64, i64)> {
            let tables = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((pragma("application_id")?, pragma("user_version")?, tables))
        };
        let (application_id, version, tables) = read().map_err(|e| StorageProblem::from_sqlite(path, &e))?;
        if (application_id, version, tables) == (0, 0, 0) {
            return Ok(Found::Empty);
        }
        if application_id != i64::from(self.application_id) {
            let application_id = i32::try_from(application_id).unwrap_or_default();
            return Err(StorageProblem::new(path, StorageProblemKind::Foreign { application_id }));
        }
        match usize::try_from(version) {
            Ok(found) if found <= self.migrations.len() => Ok(Found::Version(found)),
            _ => {
                let known = self.migrations.len() as i64;
                Err(StorageProblem::new(path, StorageProblemKind::Newer { found: version, known }))
            }
        }
    }

    /// Looks at whose file this is, where a file without content would be a loss rather than a beginning.
    pub(crate) fn identify_existing(&self, db: &Connection, path: &Path) -> Result<Found, StorageProblem> {
        match self.identify(db, path)? {
            Found::Empty => {
                let detail = "the file is empty".to_owned();
                Err(StorageProblem::new(path, StorageProblemKind::Corrupt { detail }))
            }
            found => Ok(found),
        }
    }

    /// Brings a file to the present version, all steps in one transaction.
    pub(crate) fn migrate(&self, db: &mut Connection, from: Found) -> rusqlite::Result<()> {
        let done = match from {
            Found::Empty => 0,
            Found::Version(version) => version,
        };
        if done == self.migrations.len() {
            return Ok(());
        }
        let step = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for sql in &self.migrations[done..] {
            step.execute_batch(sql)?;
        }
        step.pragma_update(None, "application_id", self.application_id)?;
        step.pragma_update(None, "user_version", self.migrations.len() as i64)?;
        step.commit()
    }
}

/// Opens a file for reading and writing, making it if there is none.
pub(crate) fn open_writable(path: &Path) -> rusqlite::Result<Connection> {
    let db =
        Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE))?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    Ok(db)
}

/// Opens a file for reading and writing that must be there.
pub(crate) fn open_existing(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    Ok(db)
}

/// Reads the whole file for damage; for small files only.
pub(crate) fn check(db: &Connection) -> rusqlite::Result<()> {
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(found)))
}

/// Reads the table of counters that both databases have.
pub(crate) fn read_counters(db: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut query = db.prepare("SELECT name, total FROM counter")?;
    query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?.collect()
}

/// Saves totals in the table of counters; the larger of the old and the new stays.
pub(crate) fn save_counters(db: &Connection, totals: &BTreeMap<String, u64>) -> rusqlite::Result<()> {
    let mut save = db.prepare_cached(
        "INSERT INTO counter (name, total) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET total = excluded.total WHERE excluded.total > total",
    )?;
    for (name, &total) in totals {
        save.execute((name, i64::try_from(total).unwrap_or(i64::MAX)))?;
    }
    Ok(())
}

/// Opens a file for reading alone, also where its folder cannot be written.
///
/// A WAL database normally needs a shared-memory file beside it even for reading. Where that cannot be made and no WAL
/// file is left over, the file is all there is, and it is read as one that nobody changes.
pub(crate) fn open_readable(path: &Path) -> rusqlite::Result<Connection> {
    let open = || -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(db)
    };
    open().or_else(|error| {
        let wal_bytes = std::fs::metadata(sibling(path, "-wal")).map_or(0, |m| m.len());
        match immutable_uri(path) {
            Some(uri) if wal_bytes == 0 && path.exists() => {
                Connection::open_with_flags(uri, flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI))
            }
            _ => Err(error),
        }
    })
}

/// Connections stay on one thread at a time, so SQLite's own mutexes are not needed.
fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// The path with a suffix to its last part: `journal.db` and `-wal` make `journal.db-wal`.
pub(crate) fn sibling(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The URI that tells SQLite that nobody changes the file; `None` where the path is not UTF-8.
fn immutable_uri(path: &Path) -> Option<String> {
    let escaped: String = path
        .to_str()?
        .chars()
        .map(|c| match c {
            '%' | '?' | '#' => format!("%{:02x}", c as u32),
            c => c.to_string(),
        })
        .collect();
    Some(format!("file:{escaped}?immutable=1"))
}
