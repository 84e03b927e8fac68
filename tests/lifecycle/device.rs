//! A device whose owner labels what it predicts.

use std::path::PathBuf;

use dunlin::journal::{Durability, JournalConfig, Reader};
use dunlin::{Answer, Config, Record, Runtime, Session, TrialPolicy};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use dunlin_tests::tiny_model;
use serde_json::{Map, Value, json};

pub(crate) struct Device {
    dir: tempfile::TempDir,
    pub(crate) key: TestKey,
    policy: TrialPolicy,
    drawn: u64,
}

impl Device {
    /// Every record is compared, and stages are short.
    pub(crate) fn new() -> Self {
        let policy = TrialPolicy { shadow_share: 1.0, shadow_cpu: 100.0, min_compared: 60, ..TrialPolicy::default() };
        Self::with(policy)
    }

    pub(crate) fn with(policy: TrialPolicy) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), key: TestKey::generate(), policy, drawn: 0 }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("runtime")
    }

    /// Rows are on the disk, and have been judged, when a prediction returns.
    pub(crate) fn config(&self) -> Config {
        let journal = JournalConfig { durability: Durability::Sync, ..JournalConfig::default() };
        Config::new(self.folder(), self.key.trusted()).journal(journal).trial(self.policy)
    }

    pub(crate) fn open(&self) -> Runtime {
        Runtime::open(self.config())
    }

    pub(crate) fn bundle(&self, parts: &Parts) -> PathBuf {
        let path = self.dir.path().join(format!("{}-{}.dunlin", parts.model_id, parts.sequence));
        std::fs::write(&path, self.key.sign_bundle(parts.write().unwrap()).unwrap()).unwrap();
        path
    }

    /// A runtime on which `tiny` has proved itself, with a session of it.
    pub(crate) fn ready(&mut self) -> (Runtime, Session) {
        let runtime = self.open();
        runtime.install(&self.bundle(&tiny_parts())).unwrap();
        let mut session = runtime.session("tiny").unwrap();
        self.predict(&mut session);
        (runtime, session)
    }

    /// Another record each time, within what `tiny` was trained on.
    pub(crate) fn draw(&mut self) -> Map<String, Value> {
        self.drawn += 1;
        let at = |step: u64| self.drawn.wrapping_mul(step) % 101;
        let colours = ["red", "green", "blue", "violet"];
        let record = json!({
            "age": 20 + at(7) / 2, "visits": at(13) / 2, "colour": colours[at(17) as usize % 4],
            "member": at(19) > 50, "income": 100 * at(23),
        });
        record.as_object().unwrap().clone()
    }

    pub(crate) fn predict(&mut self, session: &mut Session) -> (Map<String, Value>, Answer) {
        let object = self.draw();
        let record = Record::from_json(session.schema(), &object).unwrap();
        let answer = session.predict(&record).unwrap();
        (object, answer)
    }

    /// Predicts and labels what `tiny` itself would say, so that whoever disagrees with it is wrong.
    pub(crate) fn predict_and_label(&mut self, runtime: &Runtime, session: &mut Session) -> Answer {
        let (object, answer) = self.predict(session);
        let _ = runtime.label(answer.id, truth(&object)).unwrap();
        answer
    }

    /// Every change of state since a bundle was installed, oldest first: version, from, to, cause.
    pub(crate) fn changes(&self) -> Vec<[String; 4]> {
        let mut events = Reader::open(&self.folder()).unwrap().events(1_000).unwrap();
        events.reverse();
        let is_later = |detail: &Value| !["installation", "made_room"].iter().any(|cause| detail["cause"] == *cause);
        let changes = events.into_iter().filter(|event| event.kind == "model_state" && is_later(&event.detail));
        let text = |detail: &Value, name: &str| detail[name].as_str().unwrap().to_owned();
        changes.map(|event| ["version", "from", "to", "cause"].map(|name| text(&event.detail, name))).collect()
    }
}

/// The class that `tiny` gives a record.
pub(crate) fn truth(record: &Map<String, Value>) -> &'static str {
    let answer = tiny_model::answer(record);
    let best = (0..3).max_by(|a, b| answer[*a].total_cmp(&answer[*b])).unwrap();
    ["low", "middle", "high"][best]
}

/// Versions and slots, active first.
pub(crate) fn slots(runtime: &Runtime) -> Vec<(String, String)> {
    runtime.health().models.into_iter().map(|m| (m.version, m.slot.unwrap())).collect()
}
