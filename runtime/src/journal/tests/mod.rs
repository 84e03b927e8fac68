//! The journal's tests, by topic, on real files.

mod durability;
mod labels;
mod measure;
mod retention;
mod trouble;
mod upgrade;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::{Clock, Hand, Moment};
use crate::counters::{Counter, Counters};
use crate::ids::Epoch;
use crate::store::Folder;

/// A folder, its clock, and the counters of the present opening.
struct Bench {
    dir: tempfile::TempDir,
    clock: Clock,
    hand: Hand,
    counters: Arc<Counters>,
    epoch: u32,
}

impl Bench {
    fn new() -> Self {
        let (clock, hand) = Clock::by_hand(1_700_000_000_000_000);
        Self { dir: tempfile::tempdir().unwrap(), clock, hand, counters: Arc::default(), epoch: 0 }
    }

    /// Opens the journal as the next opening, with fresh counters.
    fn open(&mut self, config: JournalConfig) -> Journal {
        self.counters = Arc::default();
        self.epoch += 1;
        let folder = Arc::new(Folder::new(self.path()));
        let epoch = Epoch::counted(self.epoch).unwrap();
        Journal::open(folder, self.clock.clone(), epoch, config, self.counters.clone())
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn reader(&self) -> Reader {
        Reader::open(self.path()).unwrap()
    }

    fn row(&self) -> Row {
        row(self.clock.now())
    }

    fn count(&self, counter: Counter) -> u64 {
        self.counters.get(counter)
    }
}

fn row(at: Moment) -> Row {
    Row {
        context: Arc::new(Context {
            model_id: "digits".into(),
            version: "1.0.0".into(),
            sequence: 3,
            slot: "active".into(),
            kernel_set: "scalar".into(),
        }),
        answered_by: "model".into(),
        verdict: "accept".into(),
        reasons: vec![],
        culprit: None,
        confidence: Some(0.93),
        distance: Some(1.25),
        latency_us: 52,
        at,
        subject: None,
        features: None,
        output: Some(r#"{"digit":7}"#.into()),
        observation: None,
        compared: None,
    }
}

fn sync() -> JournalConfig {
    JournalConfig { durability: Durability::Sync, ..JournalConfig::default() }
}

/// Nothing is written before a flush or a full batch.
fn patient(max_rows: usize) -> JournalConfig {
    let durability = Durability::Batched { max_delay: Duration::from_secs(3600), max_rows };
    JournalConfig { durability, ..JournalConfig::default() }
}
