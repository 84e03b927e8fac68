//! A device with `tiny` on it, and its cache file.

use std::path::PathBuf;

use dunlin::journal::{JournalConfig, Reader};
use dunlin::{Config, PrecomputeReport, Record, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use serde_json::{Map, Value, json};

/// Room for whatever a test keeps.
pub(crate) const MUCH: u64 = 1 << 20;

pub(crate) struct Device {
    dir: tempfile::TempDir,
    pub(crate) key: TestKey,
}

impl Device {
    /// With `tiny` installed and proven.
    pub(crate) fn new() -> Self {
        let device = Self { dir: tempfile::tempdir().unwrap(), key: TestKey::generate() };
        let runtime = device.open();
        runtime.install(&device.bundle(&tiny_parts())).unwrap();
        let mut session = runtime.session("tiny").unwrap();
        session.predict(&record(&session, 1)).unwrap();
        device
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn open(&self) -> Runtime {
        let config = Config::new(self.path("runtime"), self.key.trusted()).journal(JournalConfig::default());
        Runtime::open(config)
    }

    pub(crate) fn bundle(&self, parts: &Parts) -> PathBuf {
        let path = self.path(&format!("{}-{}.dunlin", parts.model_id, parts.sequence));
        std::fs::write(&path, self.key.sign_bundle(parts.write().unwrap()).unwrap()).unwrap();
        path
    }

    /// The cache's files.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("runtime/cache")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.path("runtime")).unwrap()
    }
}

/// Computes the answers to so many records in advance.
pub(crate) fn fill(runtime: &Runtime, records: usize, max_bytes: u64) -> PrecomputeReport {
    let mut session = runtime.session("tiny").unwrap();
    let all: Vec<_> = (0..records).map(|number| record(&session, number)).collect();
    let mut filling = session.precompute(max_bytes).unwrap();
    all.iter().for_each(|record| filling.add(record));
    filling.finish().unwrap()
}

/// Another record for each number below a thousand; the guard accepts what the model makes of it.
pub(crate) fn json_of(number: usize) -> Map<String, Value> {
    let colour = ["red", "green"][number % 2];
    let age = 20.0 + number as f64 / 128.0;
    let object = json!({"age": age, "visits": 0, "colour": colour, "member": true, "income": 900});
    object.as_object().unwrap().clone()
}

pub(crate) fn record(session: &Session, number: usize) -> Record<'static> {
    Record::from_json(session.schema(), &json_of(number)).unwrap()
}
