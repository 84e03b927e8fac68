//! The data partition: an ext4 image, and what a cut leaves of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const SIZE: &str = "64M";

/// An empty one.
pub(crate) fn make(path: &Path) {
    run("truncate", &["-s", SIZE], &[path]);
    run("mke2fs", &["-q", "-t", "ext4", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0"], &[path]);
}

/// The daemon's folder as it is on the disk. The disk itself stays as the cut left it: its journal is for the board to replay.
pub(crate) fn read(disk: &Path, work: &Path) -> PathBuf {
    let copy = work.join("copy.img");
    replay(disk, &copy);
    run("e2fsck", &["-fn"], &[&copy]);
    let out = work.join("state");
    let _ = std::fs::remove_dir_all(&out);
    std::fs::create_dir(&out).unwrap();
    let ask = format!("rdump /dunlin {}", out.display());
    run("debugfs", &["-R", &ask], &[&copy]);
    out.join("dunlin")
}

/// What can be wrong with a partition.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    /// Its superblock is gone, and what lies behind it: it cannot be mounted.
    Unreadable,
    /// The journal's inode is gone and its name is not: ext4 finds out when the file is opened, and makes itself read-only.
    Inconsistent,
}

/// A damaged copy.
pub(crate) fn damage(disk: &Path, damage: Damage, work: &Path) -> PathBuf {
    let copy = work.join("damaged.img");
    replay(disk, &copy);
    match damage {
        Damage::Unreadable => {
            let mut image = std::fs::File::options().write(true).open(&copy).unwrap();
            image.write_all(&vec![0; 64 << 10]).unwrap();
        }
        Damage::Inconsistent => run("debugfs", &["-w", "-R", "clri /dunlin/journal.db"], &[&copy]),
    }
    copy
}

/// Makes a copy whose journal is replayed.
fn replay(disk: &Path, copy: &Path) {
    std::fs::copy(disk, copy).unwrap();
    let checked = Command::new("e2fsck").arg("-fp").arg(copy).output().unwrap();
    let code = checked.status.code();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(matches!(code, Some(0 | 1)), "the file system is damaged ({code:?}): {said}");
}

fn run(program: &str, words: &[&str], paths: &[&Path]) {
    let ended = Command::new(program).args(words).args(paths).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(ended.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&ended.stderr));
}
