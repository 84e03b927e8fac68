//! Whatever is done in whatever order, the counters and the rows tell the same story.

use dunlin::ids::PredictionId;
use dunlin::journal::{JournalConfig, Reader};
use dunlin::{Config, Record, Runtime, Session};
use proptest::prelude::*;

use crate::device::{Device, far, good, record, version};

#[derive(Clone, Debug)]
enum Act {
    Predict,
    PredictFar,
    Refuse,
    RefuseBefore,
    Label(prop::sample::Index),
    Outcome(prop::sample::Index, u8),
    Forget,
    Flush,
    Suspend,
    Install(u64),
    NewSession,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Predict),
        2 => Just(Act::PredictFar),
        2 => Just(Act::Refuse),
        1 => Just(Act::RefuseBefore),
        4 => any::<prop::sample::Index>().prop_map(Act::Label),
        4 => (any::<prop::sample::Index>(), 0_u8..3).prop_map(|(at, name)| Act::Outcome(at, name)),
        1 => Just(Act::Forget),
        2 => Just(Act::Flush),
        1 => Just(Act::Suspend),
        2 => (6_u64..12).prop_map(Act::Install),
        1 => Just(Act::NewSession),
        1 => Just(Act::Restart),
    ]
}

/// What should have been counted.
#[derive(Debug, Default, PartialEq)]
struct Story {
    predictions: u64,
    refused: u64,
    labels: u64,
    outcomes: u64,
    forgotten: u64,
    bundles_refused: u64,
}

struct World {
    device: Device,
    open: Option<(Runtime, Session)>,
    ids: Vec<PredictionId>,
    hers: Vec<PredictionId>,
    highest: u64,
    expected: Story,
}

impl World {
    fn new() -> Self {
        let device = Device::new();
        let runtime = open(&device);
        runtime.install(&device.bundle(&version(7))).unwrap();
        let session = runtime.session("tiny").unwrap();
        let open = Some((runtime, session));
        Self { device, open, ids: vec![], hers: vec![], highest: 7, expected: Story::default() }
    }

    fn act(&mut self, act: &Act) {
        let (runtime, session) = self.open.as_mut().unwrap();
        match act {
            Act::Predict => self.ids.push(session.predict(&record(session, &good())).unwrap().id),
            Act::PredictFar => self.hers.push(session.predict_for("ada", &record(session, &far())).unwrap().id),
            Act::Refuse => drop(session.predict(&Record::empty(session.schema())).unwrap_err()),
            Act::RefuseBefore => drop(session.refuse(Record::from_json_str(session.schema(), "[]").unwrap_err())),
            Act::Label(at) if !self.ids.is_empty() => {
                assert!(!runtime.label(*at.get(&self.ids), "high").unwrap().is_lost());
                self.expected.labels += 1;
            }
            Act::Outcome(at, name) if !self.ids.is_empty() => {
                assert!(!runtime.outcome(*at.get(&self.ids), &format!("name {name}"), 1).unwrap().is_lost());
                self.expected.outcomes += 1;
            }
            Act::Label(_) | Act::Outcome(..) => {}
            Act::Forget => {
                let forgotten = std::mem::take(&mut self.hers).len() as u64;
                assert_eq!(runtime.forget("ada"), Ok(forgotten));
                self.expected.forgotten += forgotten;
            }
            Act::Flush => runtime.flush().unwrap(),
            Act::Suspend => runtime.suspend().unwrap(),
            Act::Install(sequence) => {
                let installed = runtime.install(&self.device.bundle(&version(*sequence)));
                assert_eq!(installed.is_ok(), *sequence >= self.highest, "{installed:?} after {}", self.highest);
                self.highest = self.highest.max(*sequence);
                self.expected.bundles_refused += u64::from(installed.is_err());
            }
            Act::NewSession => {
                *session = runtime.session("tiny").unwrap();
                assert_eq!(session.model_version(), format!("1.2.{}", self.highest));
            }
            Act::Restart => self.restart(),
        }
        match act {
            Act::Predict | Act::PredictFar => self.expected.predictions += 1,
            Act::Refuse | Act::RefuseBefore => {
                self.expected.predictions += 1;
                self.expected.refused += 1;
            }
            _ => {}
        }
    }

    fn restart(&mut self) {
        let (runtime, session) = self.open.take().unwrap();
        drop(session);
        runtime.close().unwrap();
        let runtime = open(&self.device);
        let session = runtime.session("tiny").unwrap();
        self.open = Some((runtime, session));
    }

    /// Compares counters, rows and what was done.
    fn check(mut self) {
        self.restart();
        let counters = self.open.take().unwrap().0.health().counters;
        let of = |name: &str| counters[name];
        let counted = Story {
            predictions: of("journal.predictions"),
            refused: of("journal.refused"),
            labels: of("journal.labels"),
            outcomes: of("journal.outcomes"),
            forgotten: of("journal.forgotten"),
            bundles_refused: of("registry.refused"),
        };
        assert_eq!(counted, self.expected);
        for lost in ["dropped_full", "write_failed", "unknown_id", "crash_lost_at_most", "set_aside", "evicted_rows"] {
            assert_eq!(of(&format!("journal.{lost}")), 0, "{lost}");
        }
        let reader = Reader::open(&self.device.folder()).unwrap();
        reader.check().unwrap();
        assert_eq!(reader.totals().unwrap().predictions, counted.predictions - counted.forgotten);
        let refused = reader.verdicts().unwrap().into_iter().filter(|v| v.verdict == "refused").map(|v| v.count);
        assert_eq!(refused.sum::<u64>(), counted.refused);
        for id in self.ids.iter().chain(&self.hers) {
            assert!(reader.prediction(*id).unwrap().is_some(), "{id} is gone");
        }
    }
}

fn open(device: &Device) -> Runtime {
    Runtime::open(Config::new(device.folder(), device.key.trusted()).journal(JournalConfig::default()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn counters_equal_rows_after_any_interleaving(acts in prop::collection::vec(act(), 1..40)) {
        let mut world = World::new();
        acts.iter().for_each(|act| world.act(act));
        world.check();
    }
}
