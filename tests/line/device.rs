//! A device for tests: a folder, a trusted key, bundles to install, and looking into what was remembered.

use std::path::{Path, PathBuf};

use dunlin::journal::{Durability, JournalConfig, Reader, Recorded};
use dunlin::{Config, Record, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::{records, tiny_parts};
use dunlin_tests::signing::TestKey;
use serde_json::{Map, Value, json};

/// A folder of the runtime's beside a folder of bundles, both gone with the value.
pub(crate) struct Device {
    dir: tempfile::TempDir,
    pub(crate) key: TestKey,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), key: TestKey::generate() }
    }

    /// The runtime's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("runtime")
    }

    pub(crate) fn config(&self) -> Config {
        self.config_at(&self.folder())
    }

    /// Rows are on the disk when a prediction returns.
    pub(crate) fn config_at(&self, folder: &Path) -> Config {
        let journal = JournalConfig { durability: Durability::Sync, ..JournalConfig::default() };
        Config::new(folder, self.key.trusted()).journal(journal)
    }

    pub(crate) fn open(&self) -> Runtime {
        Runtime::open(self.config())
    }

    /// Writes a signed bundle and names its file.
    pub(crate) fn bundle(&self, parts: &Parts) -> PathBuf {
        let path = self.dir.path().join(format!("{}-{}-{}.dunlin", parts.model_id, parts.version, parts.sequence));
        std::fs::write(&path, self.key.sign_bundle(parts.write().unwrap()).unwrap()).unwrap();
        path
    }

    /// A runtime with `tiny` installed, and a session of it.
    pub(crate) fn ready(&self) -> (Runtime, Session) {
        let runtime = self.open();
        runtime.install(&self.bundle(&tiny_parts())).unwrap();
        let session = runtime.session("tiny").unwrap();
        (runtime, session)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.folder()).unwrap()
    }

    /// Every row, oldest first.
    pub(crate) fn rows(&self) -> Vec<Recorded> {
        let mut rows = self.reader().newest(None, u32::MAX).unwrap();
        rows.reverse();
        rows
    }
}

/// The parts of `tiny` as a later version.
pub(crate) fn version(sequence: u64) -> Parts {
    Parts { version: semver::Version::new(1, 2, sequence), sequence, ..tiny_parts() }
}

/// A record that `tiny` accepts.
pub(crate) fn good() -> Map<String, Value> {
    records()[2].clone()
}

/// The same record with one feature changed, or left out for `null`.
pub(crate) fn with(feature: &str, value: Value) -> Map<String, Value> {
    let mut record = good();
    record.insert(feature.to_owned(), value);
    record
}

/// A record that lies far from the training sample, so that the model's guard abstains; the baseline has no such guard.
pub(crate) fn far() -> Map<String, Value> {
    with("visits", json!(1_000_000))
}

/// A record in the session's schema.
pub(crate) fn record(session: &Session, object: &Map<String, Value>) -> Record<'static> {
    Record::from_json(session.schema(), object).unwrap()
}
