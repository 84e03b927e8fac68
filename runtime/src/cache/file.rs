//! The file of a model's answers: `cache/<digest>.answers`, written whole or not at all, sealed.
//!
//! ```text
//! "DnlAnsw1"  count u64  bytes of an entry u64  keys, sorted: count x 16  entries: count x (distance f64, elements f32)  seal 32
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hmac::Mac;

use super::key::{Keys, seal};
use super::{Answers, KEY_BYTES, Key, Owner, entry_bytes};

/// Folder of the files, inside the runtime's.
const FOLDER: &str = "cache";
const ENDING: &str = "answers";
const MAGIC: &[u8; 8] = b"DnlAnsw1";
/// Before the keys.
const HEAD_BYTES: usize = 24;
const SEAL_BYTES: usize = 32;
/// What a file takes besides its keys and entries.
pub(super) const FRAME_BYTES: usize = HEAD_BYTES + SEAL_BYTES;

/// Where a model's answers are.
pub(crate) fn path(folder: &Path, digest: &str) -> PathBuf {
    folder.join(FOLDER).join(format!("{digest}.{ENDING}"))
}

/// Deletes a model's answers, where it has some.
pub(crate) fn remove(folder: &Path, digest: &str) {
    discard(&path(folder, digest));
}

/// Deletes the answers of models that are not there any more, and what a process that was killed left behind.
pub(crate) fn sweep(folder: &Path, is_known: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder.join(FOLDER)) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let digest = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_none_or(|ending| ending != ENDING) || !is_known(digest) {
            discard(&path);
        }
    }
}

fn discard(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        log::warn!("{} could not be removed: {error}", path.display());
    }
}

impl Answers {
    /// Opens a model's answers, where it has some that are whole and its own; says in the log where they are not.
    pub(crate) fn open(folder: &Path, owner: Owner<'_>) -> Option<Self> {
        let path = path(folder, owner.digest);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            read => read.inspect_err(|error| log::warn!("{} cannot be read: {error}", path.display())).ok()?,
        };
        let answers = Self::read(&bytes, owner);
        if answers.is_none() {
            log::warn!("{} is damaged, or of another installation: passed over; precompute again", path.display());
        }
        answers
    }

    fn read(bytes: &[u8], owner: Owner<'_>) -> Option<Self> {
        let (sealed, found) = bytes.split_last_chunk::<SEAL_BYTES>()?;
        seal(owner.key, owner.digest, sealed).verify_slice(found).ok()?;
        let (head, rest) = sealed.split_first_chunk::<HEAD_BYTES>()?;
        let number = |at: usize| Some(u64::from_le_bytes(*head.get(at..)?.first_chunk()?));
        let (count, size) = (usize::try_from(number(8)?).ok()?, usize::try_from(number(16)?).ok()?);
        let (keys, entries) = rest.split_at_checked(count.checked_mul(KEY_BYTES)?)?;
        let is_ours = head.starts_with(MAGIC) && size == entry_bytes(&owner.shapes);
        if !is_ours || Some(entries.len()) != count.checked_mul(size) {
            return None;
        }
        let sorted = keys.as_chunks().0.to_vec();
        let (keys, shapes) = (Keys::new(owner.key, owner.digest), owner.shapes);
        Some(Self { keys, shapes, sorted, entries: entries.to_vec() })
    }
}

/// Writes a model's answers, sorted by key; tells how many bytes there are.
pub(super) fn write<'e>(
    folder: &Path,
    owner: &Owner<'_>,
    answers: impl ExactSizeIterator<Item = (&'e Key, &'e Vec<u8>)> + Clone,
) -> io::Result<u64> {
    let mut bytes = MAGIC.to_vec();
    for number in [answers.len(), entry_bytes(&owner.shapes)] {
        bytes.extend((number as u64).to_le_bytes());
    }
    answers.clone().for_each(|(key, _)| bytes.extend(key));
    answers.for_each(|(_, entry)| bytes.extend(entry));
    let sealed = seal(owner.key, owner.digest, &bytes).finalize().into_bytes();
    bytes.extend(sealed);
    let path = path(folder, owner.digest);
    let unfinished = path.with_extension("tmp");
    fs::create_dir_all(folder.join(FOLDER))?;
    // A disk that fills up on the way must not be left fuller than it was.
    let written = File::create(&unfinished).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| fs::rename(&unfinished, &path)).inspect_err(|_| discard(&unfinished))?;
    Ok(bytes.len() as u64)
}
