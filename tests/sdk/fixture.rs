//! The folder that `sdk_fixture` makes, once a test process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::cases::Cases;

/// Bundles, keys and cases.
pub(crate) struct Fixture {
    dir: tempfile::TempDir,
    pub(crate) cases: Cases,
}

pub(crate) static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_sdk_fixture")).arg(dir.path()).status().unwrap();
    assert!(made.success());
    let text = std::fs::read_to_string(dir.path().join("cases.json")).unwrap();
    Fixture { dir, cases: serde_json::from_str(&text).unwrap() }
});

impl Fixture {
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub(crate) fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    /// Names and texts of the trusted keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, String)> {
        self.cases.keys.iter().map(|key| (key.name.as_str(), self.text(&key.file)))
    }

    /// The models and their bundles.
    pub(crate) fn bundles(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.cases.models.iter().map(|(model, file)| (model.as_str(), self.path(file)))
    }
}

/// A folder for a runtime, gone with the value.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
