//! The registry's copies: one read-only file for each digest, never half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use dunlin_bundle::limits::MAX_BUNDLE_BYTES;

use crate::cache;

/// Folder of the copies, inside the runtime's.
const MODELS: &str = "models";
/// A copy that is being made and not verified yet; there is one at a time, under the folder's lock.
const INCOMING: &str = "incoming.tmp";

/// Where a copy is found.
pub(super) fn path(folder: &Path, file: &str) -> PathBuf {
    folder.join(MODELS).join(file)
}

/// A copy's file name.
pub(super) fn name(digest: &str) -> String {
    format!("{digest}.dunlin")
}

/// The digest that a copy is named by.
fn digest(file: &str) -> &str {
    file.strip_suffix(".dunlin").unwrap_or(file)
}

/// Opens a bundle that is to be installed; what is no file (a folder, a pipe) is refused here.
pub(super) fn open_source(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a file")) }
}

/// Copies a bundle into the registry's folder under a name that no session opens.
pub(super) fn copy_in(folder: &Path, source: File) -> io::Result<PathBuf> {
    let incoming = path(folder, INCOMING);
    fs::create_dir_all(folder.join(MODELS))?;
    remove_if_there(&incoming)?;
    // A disk that fills up on the way must not be left fuller than it was.
    copy(source, &incoming).inspect_err(|_| discard(&incoming))?;
    Ok(incoming)
}

fn copy(source: File, incoming: &Path) -> io::Result<()> {
    let mut from = source.take(MAX_BUNDLE_BYTES.saturating_add(1));
    let mut to = OpenOptions::new().write(true).create_new(true).open(incoming)?;
    io::copy(&mut from, &mut to)?;
    let mut permissions = to.metadata()?.permissions();
    permissions.set_readonly(true);
    to.set_permissions(permissions)?;
    to.sync_all()
}

/// Whether two files hold the same bytes; one that cannot be read is like no other.
pub(super) fn are_equal(left: &Path, right: &Path) -> bool {
    let open = |path| {
        let file = File::open(path)?;
        io::Result::Ok((file.metadata()?.len(), BufReader::new(file).bytes()))
    };
    let (Ok((length, left)), Ok((other_length, right))) = (open(left), open(right)) else { return false };
    length == other_length && left.zip(right).all(|bytes| matches!(bytes, (Ok(l), Ok(r)) if l == r))
}

/// Gives a verified copy its final name, durably. A copy of that name is replaced; a session that has it mapped goes on
/// with it.
pub(super) fn keep(folder: &Path, incoming: &Path, file: &str) -> io::Result<()> {
    fs::rename(incoming, path(folder, file))?;
    sync_folder(&folder.join(MODELS))
}

/// Removes a copy that is no longer wanted, and what it answered in advance. A session that has it mapped goes on with it.
pub(super) fn remove(folder: &Path, file: &str) {
    cache::remove(folder, digest(file));
    let path = path(folder, file);
    if let Err(error) = remove_if_there(&path) {
        log::warn!("{} could not be removed: {error}", path.display());
    }
}

/// Removes what a process that was killed left behind: copies that never got their place in the registry, and answers
/// computed in advance by a model that is not there.
pub(super) fn sweep(folder: &Path, is_known: impl Fn(&str) -> bool) {
    cache::sweep(folder, |digest| is_known(&name(digest)));
    let Ok(entries) = fs::read_dir(folder.join(MODELS)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_str().is_some_and(&is_known) {
            discard(&entry.path());
        }
    }
}

/// Removes a copy that was refused.
pub(super) fn discard(incoming: &Path) {
    if let Err(error) = remove_if_there(incoming) {
        log::warn!("{} could not be removed: {error}", incoming.display());
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a rename survive a power cut. Elsewhere than on Unix a folder cannot be opened, and the system does it.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
