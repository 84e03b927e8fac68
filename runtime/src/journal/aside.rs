//! Journals that cannot be read: moved out of the way, whole, and only the last few kept.

use std::io;
use std::path::{Path, PathBuf};

use super::database::FILE;
use crate::store::policy::SET_ASIDE_KEPT;
use crate::store::sqlite::sibling;

/// What SQLite keeps beside a database; it must move along, or it would be taken for the next journal's.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Moves the journal of a folder aside and deletes all but the newest such; tells where it went.
pub(super) fn set_aside(folder: &Path, now_us: i64) -> io::Result<PathBuf> {
    let from = folder.join(FILE);
    let taken: Vec<i64> = list(folder)?.into_iter().map(|(stamp, _)| stamp).collect();
    let stamp = taken.iter().max().map_or(now_us, |&newest| now_us.max(newest.saturating_add(1)));
    let to = folder.join(format!("{FILE}.aside-{stamp}"));
    std::fs::rename(&from, &to)?;
    for companion in COMPANIONS {
        ignore_missing(std::fs::rename(sibling(&from, companion), sibling(&to, companion)))?;
    }
    delete_all_but(folder, SET_ASIDE_KEPT)?;
    Ok(to)
}

/// Deletes every journal that was set aside: a person's rows may be in them.
pub(super) fn delete_all(folder: &Path) -> io::Result<()> {
    delete_all_but(folder, 0)
}

fn delete_all_but(folder: &Path, kept: usize) -> io::Result<()> {
    let mut found = list(folder)?;
    found.sort_by_key(|(stamp, _)| std::cmp::Reverse(*stamp));
    for (_, path) in found.into_iter().skip(kept) {
        ignore_missing(std::fs::remove_file(&path))?;
        for companion in COMPANIONS {
            ignore_missing(std::fs::remove_file(sibling(&path, companion)))?;
        }
    }
    Ok(())
}

/// The journals set aside in a folder, with the numbers in their names.
fn list(folder: &Path) -> io::Result<Vec<(i64, PathBuf)>> {
    let prefix = format!("{FILE}.aside-");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(stamp) = name.to_str().and_then(|n| n.strip_prefix(&prefix)).and_then(|n| n.parse().ok()) {
            found.push((stamp, entry.path()));
        }
    }
    Ok(found)
}

fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
