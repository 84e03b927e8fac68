//! Why a folder or a database cannot be used: one typed error that names the file and says what to do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::health::Notice;

/// A folder or a database that cannot be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {kind}", path.display())]
pub struct StorageProblem {
    /// The folder or file concerned.
    pub path: PathBuf,
    /// What is the matter with it.
    pub kind: StorageProblemKind,
}

/// What can be the matter with a folder or a database.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StorageProblemKind {
    /// Another process has opened the folder for writing.
    #[error("in use by another process")]
    InUse,
    /// The path of the folder names something that is not a folder.
    #[error("not a folder")]
    NotAFolder,
    /// The file system or the permissions do not allow writing.
    #[error("cannot be written")]
    NotWritable,
    /// No room is left on the device.
    #[error("the disk is full")]
    DiskFull,
    /// The file is damaged, or not a database at all.
    #[error("not a readable database ({detail})")]
    Corrupt {
        /// What SQLite found.
        detail: String,
    },
    /// A database of another program.
    #[error("a database of another program (application id {application_id:#x})")]
    Foreign {
        /// The id that it carries.
        application_id: i32,
    },
    /// A database of a later version.
    #[error("written by a later version (schema {found}, this one knows {known})")]
    Newer {
        /// Schema version of the file.
        found: i64,
        /// Latest schema version known here.
        known: i64,
    },
    /// Anything else that the system reports.
    #[error("{detail}")]
    Io {
        /// What the system says.
        detail: String,
    },
}

impl StorageProblem {
    /// A problem of one path.
    pub(crate) fn new(path: &Path, kind: StorageProblemKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// Reads an error of the file system.
    pub(crate) fn from_io(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        };
        let kind = match error.kind() {
            NotADirectory | AlreadyExists => StorageProblemKind::NotAFolder,
            PermissionDenied | ReadOnlyFilesystem => StorageProblemKind::NotWritable,
            StorageFull | QuotaExceeded => StorageProblemKind::DiskFull,
            _ => StorageProblemKind::Io { detail: error.to_string() },
        };
        Self::new(path, kind)
    }

    /// Reads an error of SQLite.
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        Self::new(path, StorageProblemKind::from_sqlite(error))
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            StorageProblemKind::InUse => "close the other process, or give this one a folder of its own",
            StorageProblemKind::NotAFolder => "give the path of a folder",
            StorageProblemKind::NotWritable => "allow this user to write there, or give another folder",
            StorageProblemKind::DiskFull => "free some space; writing resumes by itself",
            StorageProblemKind::Corrupt { .. } | StorageProblemKind::Foreign { .. } => {
                "restore the file from a backup, or move it away to start anew"
            }
            StorageProblemKind::Newer { .. } => "update this program; the file is left as it is",
            StorageProblemKind::Io { .. } => "check the device and its permissions",
        }
    }

    /// The problem as health shows it.
    #[must_use]
    pub fn notice(&self, since_us: i64) -> Notice {
        Notice { what: self.to_string(), since_us, remedy: self.remedy().to_owned() }
    }
}

impl StorageProblemKind {
    /// Whether the file's content is at fault, so that trying again is of no use.
    pub(crate) fn is_of_content(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Foreign { .. } | Self::Newer { .. })
    }

    fn from_sqlite(error: &rusqlite::Error) -> Self {
        let Some(failure) = error.sqlite_error() else {
            return Self::Corrupt { detail: error.to_string() };
        };
        match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt { detail: error.to_string() },
            // Our statements are fixed: one that does not compile means that the tables are not ours.
            _ if failure.extended_code == rusqlite::ffi::SQLITE_ERROR => Self::Corrupt { detail: error.to_string() },
            ErrorCode::DiskFull => Self::DiskFull,
            // The shared-memory file of a WAL database could not grow: the same full disk by another name.
            ErrorCode::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => {
                Self::DiskFull
            }
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::NotWritable,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::InUse,
            _ => Self::Io { detail: error.to_string() },
        }
    }
}
