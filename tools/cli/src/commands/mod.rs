//! One file a command.

mod answerer;
pub(crate) mod batch;
pub(crate) mod bench;
pub(crate) mod budget;
pub(crate) mod channel;
pub(crate) mod compat;
pub(crate) mod completions;
#[cfg(unix)]
pub(crate) mod ctl;
pub(crate) mod events;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod keygen;
pub(crate) mod models;
pub(crate) mod pack;
mod planned;
pub(crate) mod precompute;
pub(crate) mod predict;
pub(crate) mod publish;
pub(crate) mod quantize;
mod records;
pub(crate) mod report;
pub(crate) mod retrain;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod simulate;
pub(crate) mod switch;
pub(crate) mod sync;
pub(crate) mod train;
pub(crate) mod update;
pub(crate) mod verify;
pub(crate) mod watch;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use dunlin::Admission;
use dunlin_bundle::TrustedKeys;
use dunlin_bundle::limits::MAX_BUNDLE_BYTES;

use crate::error::{CliError, Kind};

/// Reads a bundle's file, refusing one that no bundle can be as large as.
pub(crate) fn read_bundle(path: &Path) -> Result<Vec<u8>, CliError> {
    let length = std::fs::metadata(path).map_err(|e| CliError::file(path, &e))?.len();
    if length > MAX_BUNDLE_BYTES {
        let message = format!("{}: {length} bytes are more than a bundle can have", path.display());
        return Err(CliError::new(Kind::Bundle, "too_large", message));
    }
    std::fs::read(path).map_err(|e| CliError::file(path, &e))
}

/// Writes a file, whole or not at all: a full disk must not cost the bundle that is being signed in place. What is no
/// regular file (a pipe, a device) is written to as it is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let written = match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => std::fs::write(path, bytes),
        _ => replace(path, bytes),
    };
    written.map_err(|e| CliError::file(path, &e))
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut unfinished = tempfile::Builder::new();
    unfinished.prefix(".dunlin-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        unfinished.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut unfinished = unfinished.tempfile_in(folder)?;
    unfinished.write_all(bytes)?;
    unfinished.persist(path)?;
    Ok(())
}

/// The app's policy on bundles; without a file, the one that admits all.
pub(crate) fn policy(path: Option<&Path>) -> Result<Admission, CliError> {
    let Some(path) = path else { return Ok(Admission::default()) };
    let text = std::fs::read(path).map_err(|error| CliError::file(path, &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        let message = format!("{} is no policy on bundles ({error}); docs/adaptability.md has one", path.display());
        CliError::new(Kind::Failed, "not_a_policy", message)
    })
}

/// Reads public keys; each is named by its file.
pub(crate) fn read_keys(paths: &[PathBuf]) -> Result<TrustedKeys, CliError> {
    let mut keys = TrustedKeys::new();
    for path in paths {
        let text = std::fs::read(path).map_err(|e| CliError::file(path, &e))?;
        keys.add(&path.display().to_string(), &String::from_utf8_lossy(&text))?;
    }
    Ok(keys)
}
