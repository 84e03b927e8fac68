//! Records drawn at random for `tiny`, its reference counted on as many, and a device that watches them in small windows.

use std::time::Duration;

use dunlin::clock::{Clock, Hand};
use dunlin::journal::{Durability, JournalConfig};
use dunlin::monitor::MonitorConfig;
use dunlin::{Answer, Config, Record, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_drift::{Bins, Histogram};
use dunlin_tests::fixture::tiny_parts;
use serde_json::{Map, Value, json};

use crate::device::Device;

/// Records of the reference.
const REFERENCE: usize = 4_000;
/// A Friday in 2027.
pub(crate) const START_US: i64 = 1_800_000_000_000_000;

/// A small generator (SplitMix64, Steele et al. 2014), so that every run draws the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// One record of the population.
    pub(crate) fn record(&mut self) -> Map<String, Value> {
        let colours = ["red", "green", "blue"];
        let mut record = Map::new();
        record.insert("age".to_owned(), json!((45.0 + 12.0 * self.normal()).clamp(0.0, 120.0)));
        record.insert("visits".to_owned(), json!((-10.0 * (1.0 - self.uniform()).ln()) as i64));
        record.insert("colour".to_owned(), json!(colours[(self.uniform() * 3.0) as usize]));
        record.insert("member".to_owned(), json!(self.uniform() < 0.4));
        if self.uniform() < 0.7 {
            record.insert("income".to_owned(), json!((3_000.0 + 800.0 * self.normal()).max(0.0)));
        }
        record
    }
}

/// `tiny` with a reference counted on the population, and a guard wide enough to accept all of it.
pub(crate) fn watched_parts() -> Parts {
    let mut parts = tiny_parts();
    let mut dice = Dice(1);
    let records: Vec<Map<String, Value>> = (0..REFERENCE).map(|_| dice.record()).collect();
    let numbers = |name: &str| -> Vec<f64> { records.iter().filter_map(|r| r.get(name)?.as_f64()).collect() };
    for name in ["age", "visits", "income"] {
        let values = numbers(name);
        let mut histogram = Histogram::empty(Bins::fit_ordered(&values, 32));
        values.iter().for_each(|value| histogram.add_number(*value));
        (values.len()..records.len()).for_each(|_| histogram.add_missing());
        parts.reference.distributions.insert(name.to_owned(), histogram);
    }
    let mut colours = Histogram::empty(Bins::levels(["red", "green", "blue"]));
    records.iter().filter_map(|r| r["colour"].as_str()).for_each(|level| colours.add_level(level));
    let mut member = Histogram::empty(Bins::levels(["false", "true"]));
    records.iter().for_each(|r| member.add_level(if r["member"] == json!(true) { "true" } else { "false" }));
    parts.reference.distributions.extend([("colour".to_owned(), colours), ("member".to_owned(), member)]);
    parts.reference.sample_size = REFERENCE as u64;
    parts.reference.guard = serde_json::from_value(json!({})).unwrap();
    parts.latency_budget_us = None;
    parts
}

/// A device that watches, and the hand of its clock.
pub(crate) struct Watching {
    pub(crate) device: Device,
    pub(crate) runtime: Runtime,
    pub(crate) session: Session,
    pub(crate) hand: Hand,
    clock: Clock,
    pub(crate) dice: Dice,
}

impl Watching {
    /// Windows of so many rows.
    pub(crate) fn by(window_rows: u64) -> Self {
        Self::with(&watched_parts(), window_rows)
    }

    pub(crate) fn with(parts: &Parts, window_rows: u64) -> Self {
        let (clock, hand) = Clock::by_hand(START_US);
        let device = Device::new();
        let runtime = open(&device, &clock, window_rows);
        runtime.install(&device.bundle(parts)).unwrap();
        let session = runtime.session("tiny").unwrap();
        Self { device, runtime, session, hand, clock, dice: Dice(7) }
    }

    /// Closes the runtime, or kills it by forgetting to, and opens it again on the same clock.
    pub(crate) fn reopen(self, window_rows: u64) -> Self {
        let Self { device, runtime, session, hand, clock, dice } = self;
        drop(session);
        runtime.close().unwrap();
        let runtime = open(&device, &clock, window_rows);
        let session = runtime.session("tiny").unwrap();
        Self { device, runtime, session, hand, clock, dice }
    }

    /// Answers so many records of the population, each changed by `change`, a second apart.
    pub(crate) fn see(&mut self, count: usize, change: impl Fn(&mut Map<String, Value>)) -> Vec<Answer> {
        let answers = (0..count).map(|_| {
            let mut object = self.dice.record();
            change(&mut object);
            self.hand.advance(Duration::from_secs(1));
            let record = Record::from_json(self.session.schema(), &object).unwrap();
            self.session.predict(&record).unwrap()
        });
        answers.collect()
    }

    /// The same without a change.
    pub(crate) fn see_usual(&mut self, count: usize) -> Vec<Answer> {
        self.see(count, |_| {})
    }

    /// Everything so far is on the disk; then a reader.
    pub(crate) fn reader(&self) -> dunlin::journal::Reader {
        self.runtime.flush().unwrap();
        self.device.reader()
    }
}

fn open(device: &Device, clock: &Clock, window_rows: u64) -> Runtime {
    // Never so many rows that one is dropped: a clock by hand does not make the writer faster.
    let durability = Durability::Batched { max_delay: Duration::from_millis(5), max_rows: 100_000 };
    let journal = JournalConfig { durability, ..JournalConfig::default() };
    let monitor = MonitorConfig { window_rows, ..MonitorConfig::default() };
    Runtime::open(
        Config::new(device.folder(), device.key.trusted()).journal(journal).clock(clock.clone()).monitor(monitor),
    )
}
