//! Fetching: one request, one answer, and a file that holds nothing but verified parts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use dunlin_channel::{Channel, Part, Parts, Release};

use super::report::UpdateError;
use crate::outbox::{Fetch, Transport};
use crate::store::StorageProblem;

/// Folder of what is being fetched, inside the runtime's.
const DOWNLOADS: &str = "downloads";
/// Times that a part is asked for before the update gives up for now.
const TRIES: u32 = 2;

/// The host's transport, and what it has cost.
pub(super) struct Fetcher<'a> {
    transport: &'a mut dyn Transport,
    pub(super) bytes: u64,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(transport: &'a mut dyn Transport) -> Self {
        Self { transport, bytes: 0 }
    }

    /// Fetches a file.
    pub(super) fn fetch(&mut self, path: &str, max_bytes: u64) -> Result<Vec<u8>, UpdateError> {
        let absent = || UpdateError::Status { path: path.to_owned(), status: 404, retry_after: None };
        self.fetch_if_there(path, max_bytes)?.ok_or_else(absent)
    }

    /// Fetches a file that may not be there.
    pub(super) fn fetch_if_there(&mut self, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, UpdateError> {
        self.ask(Fetch { path: path.to_owned(), range: None, max_bytes })
    }

    /// Fetches a part of a file. A server that does not know ranges sends more than was asked for, which is refused, unless
    /// the part is the whole.
    fn fetch_part(&mut self, path: &str, part: Part) -> Result<Vec<u8>, UpdateError> {
        let fetch = Fetch { path: path.to_owned(), range: Some(part.range()), max_bytes: part.length };
        let absent = || UpdateError::Status { path: path.to_owned(), status: 404, retry_after: None };
        self.ask(fetch)?.ok_or_else(absent)
    }

    fn ask(&mut self, fetch: Fetch) -> Result<Option<Vec<u8>>, UpdateError> {
        let answer = self.transport.fetch(&fetch);
        let path = fetch.path;
        let answer = answer.map_err(|error| UpdateError::NoAnswer { path: path.clone(), reason: error.to_string() })?;
        let length = answer.body.len() as u64;
        self.bytes = self.bytes.saturating_add(length);
        match answer.status {
            200 | 206 if length > fetch.max_bytes => {
                let reason = format!("an answer of {length} bytes, where at most {} were asked for", fetch.max_bytes);
                Err(UpdateError::NoAnswer { path, reason })
            }
            200 | 206 => Ok(Some(answer.body)),
            404 | 410 => Ok(None),
            status => Err(UpdateError::Status { path, status, retry_after: answer.retry_after }),
        }
    }
}

/// Where a release is put together.
pub(super) fn path(folder: &Path, release: &Release) -> PathBuf {
    folder.join(DOWNLOADS).join(format!("{}.part", release.digest))
}

/// Removes what the channel no longer offers.
pub(super) fn sweep(folder: &Path, channel: &Channel) {
    let wanted: Vec<PathBuf> = channel.releases.iter().map(|release| path(folder, release)).collect();
    for entry in fs::read_dir(folder.join(DOWNLOADS)).into_iter().flatten().flatten() {
        if !wanted.contains(&entry.path()) {
            remove(&entry.path());
        }
    }
}

/// Removes a file that is done with.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        log::warn!("{} could not be removed: {error}", path.display());
    }
}

/// Fetches what is missing of a release; at the end the file is whole, and on the disk.
pub(super) fn complete(file: &Path, release: &Release, fetcher: &mut Fetcher<'_>) -> Result<(), UpdateError> {
    let failed = |error: io::Error| UpdateError::Storage(StorageProblem::from_io(file, &error));
    let mut parts = Parts::of(release);
    let mut to = resume(file, &mut parts).map_err(failed)?;
    let path = format!("/v1/channel/{}", release.path);
    while let Some(part) = parts.next() {
        let bytes = verified(&mut parts, part, &path, fetcher)?;
        to.write_all(&bytes).map_err(failed)?;
    }
    to.sync_all().map_err(failed)
}

/// Opens the file, with what it holds of verified parts and nothing behind them.
fn resume(file: &Path, parts: &mut Parts) -> io::Result<File> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut there = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file)?;
    let mut verified_bytes = 0;
    while let Some(part) = parts.next() {
        let mut bytes = Vec::new();
        (&mut there).take(part.length).read_to_end(&mut bytes)?;
        if parts.check(part.index, &bytes).is_err() {
            break;
        }
        verified_bytes += part.length;
    }
    there.set_len(verified_bytes)?;
    io::Seek::seek(&mut there, io::SeekFrom::Start(verified_bytes))?;
    Ok(there)
}

/// A part as it was signed.
fn verified(parts: &mut Parts, part: Part, path: &str, fetcher: &mut Fetcher<'_>) -> Result<Vec<u8>, UpdateError> {
    let mut tries = 1;
    loop {
        let bytes = fetcher.fetch_part(path, part)?;
        match parts.check(part.index, &bytes) {
            Ok(()) => return Ok(bytes),
            Err(source) if tries == TRIES => return Err(UpdateError::Part { path: path.to_owned(), source }),
            Err(_) => tries += 1,
        }
    }
}
