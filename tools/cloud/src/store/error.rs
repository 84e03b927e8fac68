//! Why something is not stored.

use rusqlite::ErrorCode;

/// The store refused, or could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("it cannot be made: {source}; check its parent and who may write there")]
    Folder {
        /// What the system says.
        source: std::io::Error,
    },
    /// A later version of the program made the database.
    #[error("its database is of version {found}, made by a later program; update, or take another folder")]
    Later {
        /// The version found.
        found: i64,
    },
    /// The id is known, of another message.
    #[error("upload id '{id}' came before with another message; an id belongs to one message for ever")]
    IdTaken {
        /// The upload's id.
        id: String,
    },
    /// A window of the upload was counted under another id.
    #[error("{windows} of the upload's windows were counted under another id already; nothing of it is counted")]
    WindowSeen {
        /// How many.
        windows: u64,
    },
    /// The summary does not add to those of its model version.
    #[error("it does not add to what is known of its model version: {reason}")]
    DoesNotAdd {
        /// Why.
        reason: String,
    },
    /// SQLite failed.
    #[error("database: {source}{}", remedy(source))]
    Database {
        /// What SQLite says.
        #[from]
        source: rusqlite::Error,
    },
    /// What the database holds is not what was written there.
    #[error("the database's counts of a model version cannot be read: {source}; take another folder")]
    Damaged {
        /// What the parser says.
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Whether the same upload may be taken later: a full disk, a database that another process holds.
    pub(crate) fn is_passing(&self) -> bool {
        let passing = [
            ErrorCode::DiskFull,
            ErrorCode::DatabaseBusy,
            ErrorCode::DatabaseLocked,
            ErrorCode::SystemIoFailure,
            ErrorCode::CannotOpen,
            ErrorCode::ReadOnly,
            ErrorCode::OutOfMemory,
        ];
        matches!(self, Self::Database { source } if source.sqlite_error_code().is_some_and(|code| passing.contains(&code)))
    }
}

fn remedy(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "; free some space",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "; another process holds it",
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "; check that the folder can be written"
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => "; it is damaged, take another folder",
        _ => "",
    }
}
