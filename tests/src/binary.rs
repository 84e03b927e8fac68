//! The `dunlin` command that belongs to the tests being run, and the programs beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binary beside the tests' own, built by the cargo that runs them: once, and quick when nothing changed.
///
/// # Panics
/// When it does not build.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("the test has a path");
        let profile = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--bins"])
            .args(["--package", "dunlin-cli", "--package", "dunlin-bench", "--package", "dunlin-daemon"])
            .args(if profile.ends_with("release") { &["--release"][..] } else { &[] });
        build.env("CARGO_TARGET_DIR", profile.parent().expect("target")).current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().expect("cargo runs").success(), "the binary does not build");
        profile.join(format!("dunlin{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The daemon of the same build.
///
/// # Panics
/// As [`binary`].
#[must_use]
pub fn daemon() -> PathBuf {
    binary().with_file_name("dunlind")
}
