//! What an unfinished output was made from, and how far it came: a small file beside it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::commands::answerer::Tally;
use crate::error::{CliError, Kind};

/// Bytes at the beginning and at the end of the input that are hashed: a file that was cut, appended to or made anew shows
/// there, and a file of any size is told at once.
const HASHED_BYTES: u64 = 1 << 20;

/// What rows are made from: with anything else a run cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) input: Identity,
    pub(super) model: String,
    pub(super) columns: Vec<String>,
    pub(super) format: String,
}

/// Which file the input is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    bytes: u64,
    modified_us: u64,
    /// Of its beginning and its end.
    sha256: String,
}

/// A moment at which whole rows were on the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reached {
    pub(super) stamp: Stamp,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) tally: Tally,
}

impl Identity {
    /// Looks at a file.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let about = file.metadata()?;
        let modified = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut hashed = Vec::new();
        (&file).take(HASHED_BYTES).read_to_end(&mut hashed)?;
        file.seek(SeekFrom::Start(about.len().saturating_sub(HASHED_BYTES)))?;
        (&file).take(HASHED_BYTES).read_to_end(&mut hashed)?;
        let sha256 = Sha256::digest(&hashed).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes: about.len(), modified_us: u64::try_from(modified.as_micros()).unwrap_or(0), sha256 })
    }
}

impl Stamp {
    /// Refuses to go on with something else than what was begun with, and says what differs.
    pub(super) fn must_be(&self, begun: &Self, path: &Path) -> Result<(), CliError> {
        let what = if self.input != begun.input {
            "the input has changed since".to_owned()
        } else if self.model != begun.model {
            format!("it was begun with {}, and this is {}", begun.model, self.model)
        } else if self != begun {
            "it was begun with other columns or in another format".to_owned()
        } else {
            return Ok(());
        };
        let message = format!("cannot go on: {what}; --force begins anew");
        Err(CliError::new(Kind::Failed, "cannot_resume", message).of(path))
    }
}

impl Reached {
    /// Reads what was reached.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let bytes = std::fs::read(path).map_err(|error| CliError::file(path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("says not how far the run came ({error}); --force begins anew");
            CliError::new(Kind::Failed, "cannot_resume", message).of(path)
        })
    }

    /// Writes it, whole or not at all, and to the disk.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let unfinished = beside(path, ".new");
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        rename(&unfinished, path)
    }
}

/// A path with something after its name.
pub(super) fn beside(path: &Path, after: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(after);
    name.into()
}

/// Renames a file so that a power cut does not undo it.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    #[cfg(unix)]
    {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
