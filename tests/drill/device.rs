//! One device of the fleet: a real runtime in a folder of its own, whose owner labels what it predicts.

use std::path::PathBuf;
use std::time::Duration;

use dunlin::clock::Clock;
use dunlin::journal::Reader;
use dunlin::outbox::{Fetch, Link, Response, Transport, TransportError, Upload};
use dunlin::{AnsweredBy, Config, Record, Runtime, TrialPolicy, TrustedKeys, UpdatePolicy};
use dunlin_tests::tiny_model;
use serde_json::{Map, Value, json};

/// An income on which the latent fault shows.
const RICH: u64 = 90_000;

/// What all devices have in common at a moment.
pub(crate) struct World<'a> {
    pub(crate) url: &'a str,
    pub(crate) root: &'a [u8],
    /// The moment, in microseconds since the Unix epoch.
    pub(crate) now_us: i64,
    /// How long a visit lasts.
    pub(crate) visit: Duration,
    /// Predictions of a visit.
    pub(crate) predictions: u64,
    /// One record in so many is of a person richer than any seen in training; 0: none.
    pub(crate) rich_one_in: u64,
    /// Sequence of the bad release.
    pub(crate) bad: u64,
}

pub(crate) struct Device {
    folder: PathBuf,
    number: u64,
    drawn: u64,
    /// Versions in the slots after the last visit: active, candidate.
    pub(crate) active: Option<u64>,
    pub(crate) candidate: Option<u64>,
    pub(crate) exposure: Exposure,
}

/// What the bad release did on a device.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exposure {
    /// Answers that it gave.
    pub(crate) answers: u64,
    /// Records on which it was asked, and made NaN, which nobody got to see.
    pub(crate) failed: u64,
    /// From its first to its last answer, in microseconds of the virtual clock.
    pub(crate) first_us: Option<i64>,
    pub(crate) last_us: i64,
}

/// How a device got rid of the bad release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    NeverTaken,
    /// From which slot it was thrown out, and why.
    ThrownOut(String, String),
    StillThere,
}

impl Device {
    pub(crate) fn new(folder: PathBuf, number: u64) -> Self {
        let exposure = Exposure::default();
        Self { folder, number, drawn: number * 7_919, active: None, candidate: None, exposure }
    }

    /// The app is opened, follows the channel, predicts for a while, and is closed.
    pub(crate) fn visit(&mut self, world: &World<'_>) {
        let (clock, hand) = Clock::by_hand(world.now_us);
        let runtime = self.open(world, clock.clone());
        runtime.update(&mut Http(world.url), Link::Unmetered).unwrap();
        if let Ok(mut session) = runtime.session("tiny") {
            let pause = world.visit / u32::try_from(world.predictions).unwrap();
            for _ in 0..world.predictions {
                self.predict(world, &runtime, &mut session, &clock);
                hand.advance(pause);
                session.renew().unwrap();
            }
        }
        let sequence = |slot: &str| {
            runtime.health().models.into_iter().find(|m| m.slot.as_deref() == Some(slot)).map(|m| m.sequence)
        };
        (self.active, self.candidate) = (sequence("active"), sequence("candidate"));
        runtime.close().unwrap();
    }

    fn open(&self, world: &World<'_>, clock: Clock) -> Runtime {
        let mut updates = UpdatePolicy::new(world.root, "stable");
        updates.models = vec!["tiny".to_owned()];
        // Few records, each labelled: both versions run on all of them.
        let trial = TrialPolicy { shadow_share: 1.0, shadow_cpu: 100.0, min_compared: 60, ..TrialPolicy::default() };
        let config = Config::new(&self.folder, TrustedKeys::new()).updates(updates).trial(trial).clock(clock);
        Runtime::open(config)
    }

    fn predict(&mut self, world: &World<'_>, runtime: &Runtime, session: &mut dunlin::Session, clock: &Clock) {
        let object = self.draw(world.rich_one_in);
        let record = Record::from_json(session.schema(), &object).unwrap();
        let answer = session.predict_for(&format!("person {}", self.drawn % 50), &record).unwrap();
        let row = runtime.label(answer.id, truth(&object));
        assert!(row.is_ok());
        if !answer.verdict().is_accept() {
            // A minute of the virtual clock passes before the next record: what there is to judge has been judged by then.
            runtime.flush().unwrap();
        }
        let finite = answer.outputs.iter().flatten().all(|output| output.values.iter().all(|v| v.is_finite()));
        assert!(finite, "nobody ever gets NaN");
        self.note(world, session.model_version(), &answer, clock.now().wall_us);
    }

    fn note(&mut self, world: &World<'_>, version: &str, answer: &dunlin::Answer, now_us: i64) {
        let exposure = &mut self.exposure;
        let is_nan = answer.verdict().reasons().iter().any(|reason| reason.code() == "non_finite");
        let by_bad = version == format!("1.2.{}", world.bad) && answer.answered_by == AnsweredBy::Model;
        if is_nan {
            exposure.failed += 1;
        } else if by_bad {
            exposure.answers += 1;
            exposure.first_us.get_or_insert(now_us);
            exposure.last_us = now_us;
        }
    }

    /// Another record each time, within what the model was trained on but for the rich.
    fn draw(&mut self, rich_one_in: u64) -> Map<String, Value> {
        self.drawn += 1;
        let at = |step: u64| self.drawn.wrapping_mul(step) % 101;
        let is_rich = rich_one_in > 0 && (self.drawn + self.number).is_multiple_of(rich_one_in);
        let income = if is_rich { RICH } else { 100 * at(23) };
        let colours = ["red", "green", "blue", "violet"];
        let record = json!({
            "age": 20 + at(7) / 2, "visits": at(13) / 2, "colour": colours[at(17) as usize % 4],
            "member": at(19) > 50, "income": income,
        });
        record.as_object().unwrap().clone()
    }

    /// How it got rid of the bad release, by its own journal.
    pub(crate) fn end(&self, bad: u64) -> End {
        let version = format!("1.2.{bad}");
        let events = Reader::open(&self.folder).unwrap().events(1_000).unwrap();
        let of_bad: Vec<_> = events.iter().filter(|e| e.detail["version"] == *version).collect();
        let out = of_bad.iter().find(|event| event.kind == "model_state" && event.detail["to"] == "refused");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match (out, self.active == Some(bad) || self.candidate == Some(bad)) {
            (_, true) => End::StillThere,
            (Some(out), _) => End::ThrownOut(text(&out.detail["from"]), text(&out.detail["cause"])),
            (None, _) => End::NeverTaken,
        }
    }
}

/// The class that the tiny model gives a record: what its owner says is right.
fn truth(record: &Map<String, Value>) -> &'static str {
    let answer = tiny_model::answer(record);
    let best = (0..3).max_by(|a, b| answer[*a].total_cmp(&answer[*b])).unwrap();
    ["low", "middle", "high"][best]
}

/// Real HTTP.
struct Http<'a>(&'a str);

impl Transport for Http<'_> {
    fn send(&mut self, _: &Upload) -> Result<Response, TransportError> {
        Err(TransportError::new("this drill uploads nothing"))
    }

    fn fetch(&mut self, fetch: &Fetch) -> Result<Response, TransportError> {
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(20))).build().into();
        let mut request = agent.get(format!("{}{}", self.0, fetch.path));
        if let Some(range) = &fetch.range {
            request = request.header("Range", range);
        }
        let mut answer = request.call().map_err(TransportError::new)?;
        let body = answer.body_mut().with_config().limit(fetch.max_bytes).read_to_vec().map_err(TransportError::new)?;
        Ok(Response { status: answer.status().as_u16(), retry_after: None, body })
    }
}
