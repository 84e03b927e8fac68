//! A folder with a key, and bundles signed with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::journal::{Durability, JournalConfig, Reader};
use dunlin::{Config, Record, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use serde_json::{Map, Value, json};

pub(crate) struct Place {
    dir: tempfile::TempDir,
    pub(crate) key: TestKey,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), key: TestKey::generate() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn signed(&self, name: &str, unsigned: Vec<u8>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, self.key.sign_bundle(unsigned).unwrap()).unwrap();
        path
    }

    pub(crate) fn bundle(&self, name: &str, parts: &Parts) -> PathBuf {
        self.signed(name, parts.write().unwrap())
    }

    /// A runtime with a bundle, and a session of it.
    pub(crate) fn open(&self, bundle: &Path, journal: JournalConfig) -> (Runtime, Session) {
        let runtime = Runtime::open(Config::new(self.path("runtime"), self.key.trusted()).journal(journal));
        let installed = runtime.install(bundle).unwrap();
        let session = runtime.session(&installed.model_id).unwrap();
        (runtime, session)
    }

    /// The same with `tiny`.
    pub(crate) fn tiny(&self, journal: JournalConfig) -> (Runtime, Session) {
        self.open(&self.bundle("tiny.dunlin", &tiny_parts()), journal)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.path("runtime")).unwrap()
    }
}

/// A journal whose ring holds four rows: any caller is faster than that.
pub(crate) fn small_ring() -> JournalConfig {
    let durability = Durability::Batched { max_delay: Duration::from_secs(1), max_rows: 1 };
    JournalConfig { durability, ..JournalConfig::default() }
}

/// A record of `tiny` in JSON form, another for each number; the guard accepts what the model makes of it.
pub(crate) fn tiny_json(number: usize) -> Map<String, Value> {
    let colour = ["red", "green", "blue"][number % 3];
    let age = 20.0 + (number % 500) as f64 / 10.0;
    let object =
        json!({"age": age, "visits": number % 40, "colour": colour, "member": number.is_multiple_of(2), "income": 900});
    object.as_object().unwrap().clone()
}

pub(crate) fn tiny_record(session: &Session, number: usize) -> Record<'static> {
    Record::from_json(session.schema(), &tiny_json(number)).unwrap()
}
