//! A device for a test: a folder, a trusted key, and bundles of the small model signed with it.

use std::path::{Path, PathBuf};

use dunlin::clock::Clock;
use dunlin::journal::{Durability, JournalConfig, Reader};
use dunlin::{Config, Record, Runtime};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use serde_json::{Map, Value, json};

pub(crate) struct Device {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) key: TestKey,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder"), key: TestKey::generate() }
    }

    /// The runtime's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("device")
    }

    /// Every row is on the disk when its prediction returns.
    pub(crate) fn config(&self) -> Config {
        let journal = JournalConfig { durability: Durability::Sync, ..JournalConfig::default() };
        Config::new(self.folder(), self.key.trusted()).journal(journal)
    }

    pub(crate) fn open(&self) -> Runtime {
        Runtime::open(self.config())
    }

    pub(crate) fn open_at(&self, clock: Clock) -> Runtime {
        Runtime::open(self.config().clock(clock))
    }

    /// A signed bundle of the small model with the given sequence.
    pub(crate) fn bundle(&self, sequence: u64) -> PathBuf {
        self.bundle_of(Parts { sequence, version: semver::Version::new(1, sequence, 0), ..tiny_parts() })
    }

    pub(crate) fn bundle_of(&self, parts: Parts) -> PathBuf {
        let path = self.dir.path().join(format!("{}-{}.dunlin", parts.model_id, parts.sequence));
        let signed = self.key.sign_bundle(parts.write().expect("the parts are good")).expect("the bundle is good");
        std::fs::write(&path, signed).expect("it can be written");
        path
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.folder()).expect("the journal is readable")
    }
}

/// A record of the small model as JSON, every feature ordinary.
pub(crate) fn ordinary() -> Map<String, Value> {
    let record = json!({"age": 46.0, "visits": 12, "colour": "red", "member": true, "income": 2500.0});
    record.as_object().expect("it is an object").clone()
}

/// The ordinary record with one feature changed.
pub(crate) fn with(feature: &str, value: Value) -> Map<String, Value> {
    let mut record = ordinary();
    record.insert(feature.to_owned(), value);
    record
}

/// Reads a JSON record by the small model's schema.
pub(crate) fn record(object: &Map<String, Value>) -> Record<'static> {
    Record::from_json(&tiny_parts().schema, object).expect("it is a record of the schema")
}

/// Whether any file below a folder holds these bytes.
pub(crate) fn folder_holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("the folder is readable").flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return folder_holds(&path, needle);
        }
        let bytes = std::fs::read(&path).expect("the file is readable");
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
