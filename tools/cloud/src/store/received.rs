//! What a server has received, read from its folder by somebody else.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::statistics::{AlarmCount, ModelStatistics, alarms, models};
use super::{FILE, StoreError, VERSION};
use crate::limits::BUSY;

/// What devices have told of their models.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Each model version.
    pub models: Vec<ModelStatistics>,
    /// Alarms, those of most installations first.
    pub alarms: Vec<AlarmCount>,
}

/// Reads what the server of a folder has received; it may be running.
///
/// # Errors
/// [`StoreError`] when there is no such database, or it cannot be read.
pub fn received(folder: &Path) -> Result<Received, StoreError> {
    let connection = Connection::open_with_flags(folder.join(FILE), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    match connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
        VERSION => Ok(Received { models: models(&connection)?, alarms: alarms(&connection)? }),
        found => Err(StoreError::Later { found }),
    }
}
