//! Where two versions do not run on the same records, they are compared by what came of the records that each answered.

use dunlin::journal::Reader;
use dunlin::{Answer, Runtime, Session, TrialPolicy};
use dunlin_bundle::Parts;
use dunlin_bundle::manifest::{Direction, Objective};
use dunlin_tests::challenger::biased;
use dunlin_tests::fixture::tiny_parts;
use serde_json::{Map, Value};

use crate::device::{Device, truth};

/// Half of the records go to the candidate, and the two run together often enough to leave the shadow and no more.
fn policy() -> TrialPolicy {
    TrialPolicy {
        shadow_share: 0.05,
        shadow_cpu: 100.0,
        canary_share: 0.5,
        min_compared: 5,
        min_agreement: 0.0,
        ..TrialPolicy::default()
    }
}

fn with_objective(direction: Direction) -> Parts {
    Parts { objective: Some(Objective { outcome: "minutes".into(), direction }), ..biased(8, [0.01, 0.0, 0.0]) }
}

/// A device on which a candidate has just come into canary.
struct Canary {
    device: Device,
    runtime: Runtime,
    session: Session,
}

impl Canary {
    fn of(candidate: &Parts) -> Self {
        let mut device = Device::with(policy());
        let (runtime, mut session) = device.ready();
        runtime.install_candidate(&device.bundle(candidate)).unwrap();
        while device.changes().is_empty() {
            session.renew().unwrap();
            device.predict(&mut session);
        }
        assert_eq!(device.changes()[0][1..3], ["shadow", "canary"]);
        session.renew().unwrap();
        Self { device, runtime, session }
    }

    /// Predicts until something becomes of the candidate, for so many records at most; gives what.
    fn predict(&mut self, records: usize, then: impl Fn(&Runtime, &Map<String, Value>, &Answer, bool)) -> Vec<String> {
        for _ in 0..records {
            let (record, answer) = self.device.predict(&mut self.session);
            let row = Reader::open(&self.device.folder()).unwrap().prediction(answer.id).unwrap().unwrap();
            then(&self.runtime, &record, &answer, row.version == "1.2.8");
            self.runtime.flush().unwrap();
            if let [_, change, ..] = &self.device.changes()[..] {
                return change.to_vec();
            }
        }
        vec![]
    }

    /// Why the trial waits, and how many pairs of records were compared.
    fn waits_for(&self) -> (&'static str, u64) {
        let trial = &self.runtime.trials().unwrap()[0];
        assert_eq!(trial.verdict, "wait", "{trial:?}");
        let pairs = ["better", "same", "worse"].map(|side| trial.figures["apart"][side].as_u64().unwrap());
        (trial.cause, pairs.iter().sum())
    }
}

#[test]
fn the_version_whose_answers_come_out_better_is_promoted() {
    for (direction, challenger, incumbent) in [(Direction::Maximize, 9.5, 4), (Direction::Minimize, 3.0, 4)] {
        let change = Canary::of(&with_objective(direction)).predict(1_000, |runtime, _, answer, by_challenger| {
            let minutes = if by_challenger { challenger } else { f64::from(incumbent) };
            let _ = runtime.outcome(answer.id, "minutes", minutes).unwrap();
        });
        assert_eq!(change, ["1.2.8", "candidate", "active", "quality_better"], "{direction:?}");
    }
}

#[test]
fn the_version_whose_answers_come_out_worse_is_thrown_out() {
    // A yes or no is an outcome too.
    let change =
        Canary::of(&with_objective(Direction::Maximize)).predict(1_000, |runtime, _, answer, by_challenger| {
            let _ = runtime.outcome(answer.id, "minutes", !by_challenger).unwrap();
        });
    assert_eq!(change, ["1.2.8", "candidate", "refused", "quality_worse"]);
}

#[test]
fn a_bundle_that_is_there_for_an_outcome_stays_in_canary_until_outcomes_come() {
    let mut canary = Canary::of(&with_objective(Direction::Maximize));
    let nothing = canary.predict(600, |runtime, record, answer, _| {
        let _ = runtime.label(answer.id, truth(record)).unwrap();
        let _ = runtime.outcome(answer.id, "hours", 1.0).unwrap();
        let _ = runtime.outcome(answer.id, "minutes", "many").unwrap();
    });
    assert_eq!((nothing.len(), canary.waits_for()), (0, ("too_few_outcomes", 0)));
}

#[test]
fn an_outcome_counts_once_whether_its_record_is_labelled_before_or_after() {
    let mut canary = Canary::of(&with_objective(Direction::Maximize));
    canary.predict(60, |runtime, record, answer, _| {
        let _ = runtime.outcome(answer.id, "minutes", 1.0).unwrap();
        let _ = runtime.label(answer.id, truth(record)).unwrap();
        let _ = runtime.outcome(answer.id, "minutes", 9.0).unwrap();
    });
    let (_, pairs) = canary.waits_for();
    assert!((3..=30).contains(&pairs), "{pairs} pairs of 60 records");
    // Of the first values all are the same; of the second ones they are not the first's.
    let apart = &canary.runtime.trials().unwrap()[0].figures["apart"];
    assert_eq!((&apart["better"], &apart["worse"]), (&0.into(), &0.into()));
    canary.predict(60, |runtime, record, answer, _| {
        let _ = runtime.label(answer.id, truth(record)).unwrap();
        let _ = runtime.outcome(answer.id, "minutes", 1.0).unwrap();
    });
    assert!(canary.runtime.trials().unwrap().is_empty() || canary.waits_for().1 > pairs);
}

#[test]
fn labels_of_records_that_only_one_version_answered_find_a_worse_one_too() {
    let change = Canary::of(&biased(8, [-9.0, -9.0, 9.0])).predict(1_000, |runtime, record, answer, _| {
        let _ = runtime.label(answer.id, truth(record)).unwrap();
    });
    assert_eq!(change, ["1.2.8", "candidate", "refused", "quality_worse"]);
}

#[test]
fn records_of_a_few_people_are_not_taken_for_drawn_ones() {
    let mut canary = Canary::of(&with_objective(Direction::Maximize));
    for turn in 0..600 {
        let record = dunlin::Record::from_json(canary.session.schema(), &canary.device.draw()).unwrap();
        let answer = canary.session.predict_for(["ada", "grace"][turn % 2], &record).unwrap();
        let _ = canary.runtime.outcome(answer.id, "minutes", 1.0).unwrap();
    }
    assert_eq!(canary.waits_for(), ("too_few_outcomes", 0));
}

#[test]
fn an_objective_without_a_name_is_refused_by_the_field() {
    for outcome in ["", &"n".repeat(5_000)] {
        let objective = Some(Objective { outcome: outcome.into(), direction: Direction::Minimize });
        let error = Parts { objective, ..tiny_parts() }.write().unwrap_err().to_string();
        assert!(error.contains("manifest.json"), "{error}");
    }
}
