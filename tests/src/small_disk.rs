//! A small file system that a test may fill or make read-only, in a mount namespace of a child process of its own.

use std::path::Path;
use std::process::Command;

/// Set in the child, to the folder where the file system goes.
const FOLDER: &str = "DUNLIN_TEST_SMALL_DISK";

/// Runs a test's body on an empty file system of 600 KB. The child is this same test program, asked for the one test
/// `test` (its full path within the program). Skipped aloud where the machine allows no private mount namespace.
///
/// # Panics
/// When the body does.
pub fn run(test: &str, body: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        call("mount", &["-t", "tmpfs", "-o", "size=600k", "tmpfs", text(folder)]);
        body(folder);
        return;
    }
    let Some(unshare) = unshare() else {
        eprintln!("SKIPPED {test}: no private mount namespace here (neither as root nor by user namespaces)");
        return;
    };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("a test program knows where it is");
    let mut child = Command::new(unshare[0]);
    child.args(&unshare[1..]).arg(program).args(["--exact", test, "--nocapture", "--include-ignored"]);
    let done = child.env(FOLDER, dir.path()).output().expect("unshare runs");
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the child ran no test: {said}");
}

/// Mounts the file system again, read-only (`ro`) or not (`rw`).
///
/// # Panics
/// When the system refuses.
pub fn remount(folder: &Path, mode: &str) {
    call("mount", &["-o", &format!("remount,{mode}"), text(folder)]);
}

/// Writes a file until no byte more fits.
///
/// # Panics
/// When the file cannot be made.
pub fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).expect("an empty file fits");
    for size in [4_096, 1] {
        while std::io::Write::write_all(&mut file, &vec![0_u8; size]).is_ok() {}
    }
}

/// The way to a private mount namespace that works here, if one does.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["unshare", "--mount"], &["unshare", "--user", "--map-root-user", "--mount"]];
    let works = |way: &&[&str]| {
        let probe = Command::new(way[0]).args(&way[1..]).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
        probe.is_ok_and(|done| done.status.success())
    };
    WAYS.into_iter().find(works)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders are UTF-8")
}

fn call(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().expect("it runs");
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}
