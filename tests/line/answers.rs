//! What a session answers, and that all of it is on the record.

use std::time::Duration;

use dunlin::clock::Clock;
use dunlin::journal::Scalar;
use dunlin::{AnsweredBy, PredictError};
use dunlin_bundle::reference::GuardThresholds;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::tiny_model;
use serde_json::json;

use crate::device::{Device, ordinary, record, with};

#[test]
fn an_accepted_answer_is_the_model_s_and_its_row_says_everything_about_it() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");

    assert_eq!(answer.answered_by, AnsweredBy::Model);
    let expected = tiny_model::answer(&ordinary());
    let outputs = answer.outputs.as_deref().expect("it was answered");
    let close = outputs[0].values.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-5);
    assert!(close, "{:?} against {expected:?} by hand", outputs[0].values);

    let row = device.reader().prediction(answer.id).expect("readable").expect("it is on the disk");
    assert_eq!((row.model_id.as_str(), row.version.as_str(), row.sequence), ("tiny", "1.1.0", 1));
    assert_eq!((row.answered_by.as_str(), row.verdict.as_str()), ("model", "accept"));
    assert_eq!(row.kernel_set, session.kernel_set());
    assert_eq!(u128::from(row.latency_us), answer.latency.as_micros());
    assert_eq!(row.confidence, answer.prediction.confidence);
    let class = &answer.class().expect("it is a classification").name;
    assert_eq!(row.output, Some(json!({ "tier": **class })));
}

#[test]
fn a_refused_record_is_a_row_with_its_code_and_culprit_and_nothing_of_the_record() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let refused = session.predict(&record(&with("age", json!(121.0)))).expect_err("the age is out of its domain");
    assert!(matches!(&refused, PredictError::Feature(e) if e.code() == "out_of_domain" && e.feature() == Some("age")));

    let rows = device.reader().newest(Some("tiny"), 10).expect("readable");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].verdict.as_str(), rows[0].answered_by.as_str()), ("refused", "none"));
    assert_eq!(rows[0].reasons, ["out_of_domain"]);
    assert_eq!(rows[0].culprit.as_deref(), Some("age"));
    assert!(rows[0].features.is_none() && rows[0].output.is_none());
    assert_eq!(runtime.health().counters["journal.refused"], 1);
}

#[test]
fn the_baseline_answers_when_the_model_abstains_and_the_verdict_stays_the_model_s() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&with("visits", json!(1000)))).expect("it is within its domain");
    assert_eq!(answer.answered_by, AnsweredBy::Baseline);
    assert!(answer.outputs.is_some());
    assert_eq!(
        answer.verdict().reasons().iter().map(|r| (r.code(), r.culprit())).collect::<Vec<_>>(),
        [("far_from_reference", "visits")]
    );
    let row = device.reader().prediction(answer.id).expect("readable").expect("it is on the disk");
    assert_eq!((row.answered_by.as_str(), row.verdict.as_str()), ("baseline", "abstain"));
}

#[test]
fn nobody_answers_when_the_baseline_abstains_too() {
    let device = Device::new();
    let mut parts = tiny_parts();
    parts.reference.baseline_guard = Some(parts.reference.guard.clone());
    let runtime = device.open();
    runtime.install(&device.bundle_of(parts)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&with("visits", json!(1000)))).expect("it is within its domain");
    assert_eq!(answer.answered_by, AnsweredBy::Nobody);
    assert_eq!((answer.outputs.as_ref(), answer.class()), (None, None));
    let row = device.reader().prediction(answer.id).expect("readable").expect("it is on the disk");
    assert_eq!((row.answered_by.as_str(), row.output), ("none", None));
}

#[test]
fn a_model_without_a_baseline_abstains_alone() {
    let device = Device::new();
    let mut parts = tiny_parts();
    parts.baseline = None;
    parts.reference.baseline_guard = None;
    parts.reference.guard = GuardThresholds { min_confidence: Some(1.0), distance: None };
    let runtime = device.open();
    runtime.install(&device.bundle_of(parts)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    assert_eq!(answer.answered_by, AnsweredBy::Nobody);
    assert_eq!(answer.verdict().reasons()[0].code(), "low_confidence");
}

#[test]
fn labels_and_outcomes_join_their_prediction_and_the_last_stands() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    for label in ["high", "low"] {
        let _ = runtime.label(answer.id, label).expect("the prediction is known");
    }
    let _ = runtime.outcome(answer.id, "bought", true).expect("the prediction is known");
    runtime.flush().expect("the disk is there");
    let row = device.reader().prediction(answer.id).expect("readable").expect("it is on the disk");
    assert_eq!(row.label, Some(Scalar::Text("low".to_owned())));
    assert_eq!(row.outcomes.get("bought"), Some(&Scalar::Boolean(true)));
}

#[test]
fn a_person_who_asks_is_forgotten_and_nobody_else_is() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    for subject in ["ada", "grace", "ada"] {
        session.predict_for(subject, &record(&ordinary())).expect("the record is good");
    }
    session.predict(&record(&ordinary())).expect("the record is good");
    assert_eq!(runtime.forget("ada").expect("the disk is there"), 2);
    assert_eq!(runtime.forget("ada").expect("the disk is there"), 0);
    let rows = device.reader().newest(None, 10).expect("readable");
    assert_eq!(rows.iter().map(|row| row.subject_hash.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn past_its_age_a_model_answers_and_says_that_it_is_stale() {
    let device = Device::new();
    let (clock, hand) = Clock::by_hand(1_700_000_000_000_000);
    let runtime = device.open_at(clock);
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let day = Duration::from_secs(24 * 3600);
    hand.advance(89 * day);
    assert!(!session.predict(&record(&ordinary())).expect("the record is good").stale);
    hand.advance(2 * day);
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    assert!(answer.stale && answer.outputs.is_some());
}

#[test]
fn two_sessions_give_equal_answers_and_different_ids() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let one = || {
            let mut session = runtime.session("tiny").expect("it is installed");
            (0..50).map(|_| session.predict(&record(&ordinary())).expect("the record is good")).collect::<Vec<_>>()
        };
        let threads = [scope.spawn(one), scope.spawn(one)];
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(answers.iter().all(|answer| answer.outputs == answers[0].outputs));
    let ids: std::collections::BTreeSet<_> = answers.iter().map(|answer| answer.id).collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn after_suspending_and_after_closing_the_device_goes_on_where_it_was() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    session.predict(&record(&ordinary())).expect("the record is good");
    runtime.suspend().expect("the disk is there");
    session.predict(&record(&ordinary())).expect("the record is good");
    assert!(matches!(runtime.close(), Err(dunlin::CloseError::SessionsOpen)));
    drop(session);

    let runtime = device.open();
    assert!(runtime.health().is_ok());
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    assert_eq!(answer.id.epoch().number(), 2);
    drop(session);
    runtime.close().expect("nothing is open");
    assert_eq!(device.reader().totals().expect("readable").predictions, 3);
}
