//! A runtime's folder as the reading commands meet it: there or not, and which version wrote it.

use std::path::Path;

use dunlin::journal::Reader;
use dunlin::store::StorageProblemKind;

use crate::error::{CliError, Kind};

/// The file that every runtime's folder holds.
const JOURNAL: &str = "journal.db";

/// Refuses a path that is no runtime's folder: opening it would make one of a mistyped name.
pub(crate) fn must_exist(dir: &Path) -> Result<(), CliError> {
    let wrong = |what: &str| Err(CliError::new(Kind::Storage, "no_folder", what).of(dir));
    match std::fs::metadata(dir) {
        Err(error) => Err(CliError::new(Kind::Storage, "no_folder", format!("{error}; check the path")).of(dir)),
        Ok(found) if !found.is_dir() => wrong("not a folder; give the path of a runtime's folder"),
        Ok(_) if !dir.join(JOURNAL).exists() => {
            wrong("no runtime has kept a journal here yet; check the path, or predict first: dunlin predict --dir")
        }
        Ok(_) => Ok(()),
    }
}

/// Opens the journal for reading, also while another process writes it.
pub(crate) fn reader(dir: &Path) -> Result<Reader, CliError> {
    must_exist(dir)?;
    Reader::open(dir).map_err(|problem| match problem.kind {
        StorageProblemKind::Io { .. } => {
            let remedy = "the app that owns the folder does so when it starts, and so does dunlin predict --dir";
            CliError::new(Kind::Storage, "storage", format!("{problem} ({remedy})"))
        }
        _ => CliError::from(&problem),
    })
}
