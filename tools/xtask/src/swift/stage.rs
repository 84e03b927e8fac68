//! Copies that leave alone what has not changed, so that a build after them compiles no more than it must.

use std::fs;
use std::io;
use std::path::Path;

/// Makes `to` hold what `from` holds, and nothing else.
pub(super) fn mirror(from: &Path, to: &Path) -> Result<(), String> {
    let entries = names(from)?;
    for gone in names(to).unwrap_or_default().into_iter().filter(|name| !entries.contains(name)) {
        remove(&to.join(gone)).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    for name in entries {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() { mirror(&from, &to)? } else { copy_if_changed(&from, &to)? }
    }
    Ok(())
}

/// Copies a file, and makes the folder that it goes to, unless it is there already.
pub(super) fn copy_if_changed(from: &Path, to: &Path) -> Result<(), String> {
    let told = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let bytes = fs::read(from).map_err(|error| told(from, error))?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| told(folder, error))?;
    }
    // And not `write`: a copied program stays one.
    fs::copy(from, to).map_err(|error| told(to, error)).map(|_| ())
}

fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.file_name()).collect())
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_holds_the_same_files_and_touches_no_file_that_is_right_already() {
        let (from, to) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let write = |path: std::path::PathBuf, text: &str| {
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(path, text).expect("written");
        };
        write(from.path().join("same"), "1");
        write(from.path().join("deep/changed"), "2");
        write(to.path().join("same"), "1");
        write(to.path().join("deep/changed"), "old");
        write(to.path().join("gone/file"), "3");
        let old = std::time::SystemTime::UNIX_EPOCH;
        let same = fs::File::options().write(true).open(to.path().join("same")).expect("there");
        same.set_modified(old).expect("dated");
        mirror(from.path(), to.path()).expect("mirrored");
        assert_eq!(fs::read_to_string(to.path().join("deep/changed")).expect("there"), "2");
        assert!(!to.path().join("gone").exists());
        assert_eq!(fs::metadata(to.path().join("same")).and_then(|it| it.modified()).expect("dated"), old);
    }
}
