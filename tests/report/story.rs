//! A folder with a story: quiet days, then older and more colourful customers; labels, refusals, uploads good and bad.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dunlin::clock::{Clock, Hand};
use dunlin::ids::PredictionId;
use dunlin::journal::{JournalConfig, Reader, Retention};
use dunlin::monitor::MonitorConfig;
use dunlin::outbox::{Link, Next, Response, TransportError};
use dunlin::{Config, Record, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_drift::{Bins, Histogram};
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::tiny_model::answer;
use serde_json::{Map, Value, json};

use crate::engine::SlowEngine;
use crate::program::Desk;

/// 25 November 2026, 06:00 UTC.
pub(crate) const START_US: i64 = 1_795_586_400_000_000;
pub(crate) const WINDOW_ROWS: u64 = 120;
/// Between two records.
const PACE: Duration = Duration::from_secs(240);

/// What the story did, counted as it did it.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) answered: u64,
    pub(crate) refused: u64,
    pub(crate) labelled: u64,
    pub(crate) wrong: u64,
    pub(crate) attempts: u64,
    pub(crate) delivered: u64,
}

/// A desk with a runtime's folder `device` on it.
pub(crate) struct Story {
    pub(crate) desk: Desk,
    pub(crate) done: Done,
    hand: Hand,
    clock: Clock,
    steps: u64,
}

impl Story {
    pub(crate) fn new() -> Self {
        let (clock, hand) = Clock::by_hand(START_US);
        Self { desk: Desk::new(), done: Done::default(), hand, clock, steps: 0 }
    }

    /// Quiet, then not, told to the end; the folder is closed.
    pub(crate) fn whole() -> Self {
        let mut story = Self::new();
        let runtime = story.open();
        story.install(&runtime, &rich_parts());
        let mut session = runtime.session("tiny").unwrap();
        story.live(&runtime, &mut session, 6 * WINDOW_ROWS, &quiet);
        story.send(&runtime, Ok(503));
        story.wait(Duration::from_secs(7200));
        story.send(&runtime, Err("no route"));
        story.wait(Duration::from_secs(14_400));
        for _ in 0..4 {
            story.send(&runtime, Ok(202));
        }
        story.live(&runtime, &mut session, 3 * WINDOW_ROWS, &shifted);
        story.send(&runtime, Ok(400));
        story.live(&runtime, &mut session, WINDOW_ROWS / 3, &shifted);
        drop(session);
        runtime.close().unwrap();
        story
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.desk.path("device")
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.folder()).unwrap()
    }

    pub(crate) fn open(&self) -> Runtime {
        let engine = Arc::new(SlowEngine(self.hand.clone()));
        let monitor = MonitorConfig { window_rows: WINDOW_ROWS, window_time: Duration::from_secs(30 * 24 * 3600) };
        let max_age = Duration::from_secs(3650 * 24 * 3600);
        let journal =
            JournalConfig { retention: Retention { max_age, ..Retention::default() }, ..JournalConfig::default() };
        let config = Config::with_engine(self.folder(), self.desk.key.trusted(), engine);
        Runtime::open(config.monitor(monitor).journal(journal).clock(self.clock.clone()))
    }

    pub(crate) fn install(&self, runtime: &Runtime, parts: &Parts) {
        let signed = self.desk.key.sign_bundle(parts.write().unwrap()).unwrap();
        self.desk.write("installed.dunlin", signed);
        runtime.install(&self.desk.path("installed.dunlin")).unwrap();
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.hand.advance(time);
    }

    /// Answers records, labels a part of them, and has some refused.
    pub(crate) fn live(
        &mut self,
        runtime: &Runtime,
        session: &mut Session,
        rows: u64,
        of: &dyn Fn(u64) -> Map<String, Value>,
    ) {
        for _ in 0..rows {
            self.step(runtime, session, of);
        }
        runtime.flush().unwrap();
    }

    fn step(&mut self, runtime: &Runtime, session: &mut Session, of: &dyn Fn(u64) -> Map<String, Value>) {
        self.wait(PACE);
        self.steps += 1;
        let mut object = of(self.steps);
        let model =
            session.schema().feature.iter().find(|feature| feature.kind == dunlin_bundle::schema::FeatureType::Number);
        let first = model.unwrap().name.clone();
        if self.steps % 40 == 11 {
            object.insert(first, json!(500.0));
        }
        let record = Record::from_json(session.schema(), &object).unwrap();
        match session.predict(&record) {
            Err(_) => self.done.refused += 1,
            Ok(answer) => {
                self.done.answered += 1;
                let class = answer.class().map(|class| class.name.to_string());
                if let Some(class) = class.filter(|_| self.steps.is_multiple_of(3)) {
                    self.label(runtime, answer.id, class, &object);
                }
            }
        }
    }

    /// Few labels are another class than the answer; of older customers, many are.
    fn label(&mut self, runtime: &Runtime, id: PredictionId, class: String, object: &Map<String, Value>) {
        let is_old = object.values().filter_map(Value::as_f64).next().is_some_and(|age| age > 55.0);
        let wrong = chance(self.steps, 7) < if is_old { 0.35 } else { 0.06 };
        let other = ["low", "middle", "high"].into_iter().filter(|other| *other != class);
        let other = other.take(1 + (self.steps % 2) as usize).last().unwrap();
        let _ = runtime.label(id, if wrong { other.to_owned() } else { class }).unwrap();
        self.done.labelled += 1;
        self.done.wrong += u64::from(wrong);
    }

    /// Sends the oldest summary and reports this status, or this failure; good ones acknowledge.
    pub(crate) fn send(&mut self, runtime: &Runtime, answer: Result<u16, &str>) {
        let Next::Upload(upload) = runtime.next_upload(Link::Unmetered).unwrap() else { panic!("nothing to be sent") };
        let body = json!({"id": upload.id, "receipt": "accepted", "windows": 1}).to_string();
        let response = answer.map(|status| Response { status, retry_after: None, body: body.into_bytes() });
        runtime.report_upload(&upload.id, response.map_err(TransportError::new)).unwrap();
        self.done.attempts += 1;
        self.done.delivered += u64::from(answer.is_ok_and(|status| status < 300));
    }

    /// Runs `dunlin report device` with more arguments.
    pub(crate) fn report(&self, arguments: &[&str]) -> crate::program::Ended {
        self.desk.run(&[&["report", "device"], arguments].concat())
    }

    /// The page of the folder.
    pub(crate) fn page(&self) -> String {
        self.report(&["--out", "page.html"]).expect(0, &["page.html"]);
        std::fs::read_to_string(self.desk.path("page.html")).unwrap()
    }
}

/// A number between 0 and 1 that looks like chance and is the same everywhere.
fn chance(step: u64, salt: u64) -> f64 {
    let mixed = (step * 1_000_003 + salt * 7_919).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Roughly normal: the sum of four.
fn around(step: u64, salt: u64, mean: f64, spread: f64) -> f64 {
    let sum: f64 = (0..4).map(|i| chance(step, salt + 100 * i)).sum();
    mean + spread * (sum - 2.0) * 1.732
}

fn customer(step: u64, age: f64, colours: &[&str]) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("age".to_owned(), json!(around(step, 1, age, 11.0).clamp(18.0, 95.0).round()));
    record.insert("visits".to_owned(), json!((chance(step, 2).powi(3) * 40.0) as u64));
    record
        .insert("colour".to_owned(), json!(colours[(chance(step, 3) * colours.len() as f64) as usize % colours.len()]));
    record.insert("member".to_owned(), json!(chance(step, 4) < 0.6));
    if chance(step, 5) > 0.15 {
        record.insert("income".to_owned(), json!(around(step, 6, 2_600.0, 800.0).max(0.0).round()));
    }
    record
}

/// As in training.
pub(crate) fn quiet(step: u64) -> Map<String, Value> {
    customer(step, 40.0, &["red", "red", "red", "green", "green", "blue"])
}

/// Older, and of another taste.
pub(crate) fn shifted(step: u64) -> Map<String, Value> {
    customer(step, 58.0, &["red", "green", "blue", "blue", "violet", "violet"])
}

/// `tiny` with the training distribution of 1,500 customers, so that there is something to compare with.
pub(crate) fn rich_parts() -> Parts {
    let mut parts = tiny_parts();
    let training: Vec<Map<String, Value>> = (0..1_500).map(|i| quiet(1_000_000 + i)).collect();
    let number = |name: &str| {
        let values: Vec<f64> = training.iter().filter_map(|record| record.get(name)?.as_f64()).collect();
        let mut histogram = Histogram::empty(Bins::fit_ordered(&values, 32));
        values.iter().for_each(|value| histogram.add_number(*value));
        (values.len()..training.len()).for_each(|_| histogram.add_missing());
        histogram
    };
    let mut colours = Histogram::empty(Bins::levels(["red", "green", "blue"]));
    training.iter().filter_map(|record| record["colour"].as_str()).for_each(|level| colours.add_level(level));
    let distributions = &mut parts.reference.distributions;
    for name in ["age", "visits", "income"] {
        distributions.insert(name.to_owned(), number(name));
    }
    distributions.insert("colour".to_owned(), colours);
    let mut confidence = Histogram::empty(Bins::Edges((1..20).map(|i| f64::from(i) / 20.0).collect()));
    let surest = |record: &Map<String, Value>| answer(record).into_iter().fold(0.0, f32::max);
    training.iter().for_each(|record| confidence.add_number(surest(record).into()));
    distributions.insert("tier.confidence".to_owned(), confidence);
    parts.reference.sample_size = 1_500;
    parts.latency_budget_us = Some(2_000);
    parts
}
