//! A bad day ends in the previous model.

use std::time::{Duration, Instant};

use dunlin::monitor::MonitorConfig;
use dunlin::outbox::{Link, Next, Response};
use dunlin::{AnsweredBy, Record, Runtime, Session, SwitchError, TrialPolicy};
use dunlin_tests::challenger::{biased, latent, overflowing};
use dunlin_tests::fixture::tiny_parts;
use dunlin_wire::decode;

use crate::device::{Device, slots};

/// A record on which the overflowing model answers NaN.
pub(crate) fn rich(session: &Session) -> Record<'static> {
    let record = r#"{"age": 40, "visits": 3, "colour": "red", "member": true, "income": 90000}"#;
    Record::from_json_str(session.schema(), record).unwrap()
}

#[test]
fn a_model_whose_numbers_overflow_is_rolled_back_within_a_second_also_in_sessions_that_are_open() {
    let mut device = Device::new();
    let (runtime, _) = device.ready();
    runtime.install(&device.bundle(&overflowing(8))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(session.model_version(), "1.2.8");
    let began = Instant::now();
    let mut by_model = 0;
    while by_model == 0 {
        assert!(began.elapsed() < Duration::from_secs(1));
        let answer = session.predict(&rich(&session)).unwrap();
        // NaN is never an answer, whoever's turn it is.
        assert!(answer.outputs.iter().flatten().all(|output| output.values.iter().all(|v| v.is_finite())));
        by_model += u32::from(answer.answered_by == AnsweredBy::Model);
    }
    assert_eq!(session.model_version(), "1.2.3");
    let change = |version: &str, from: &str, to: &str| [version, from, to, "non_finite"].map(str::to_owned);
    assert_eq!(device.changes(), [change("1.2.8", "active", "refused"), change("1.2.3", "previous", "active")]);
    assert_eq!(slots(&runtime), [("1.2.3".into(), "active".into())]);
    drop((session, runtime));
    let runtime = device.open();
    assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.3", "after a restart as well");
    assert_eq!(runtime.install(&device.bundle(&overflowing(8))).unwrap_err().code(), "thrown_out");
}

#[test]
fn a_model_that_had_earned_its_place_and_then_answers_nan_is_watched_again_and_rolled_back_within_a_second() {
    let mut device = Device::new();
    let (runtime, _) = device.ready();
    runtime.install(&device.bundle(&latent(8))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    while !runtime.trials().unwrap().is_empty() {
        device.predict_and_label(&runtime, &mut session);
    }
    session.renew().unwrap();
    assert_eq!((session.model_version(), device.changes().len()), ("1.2.8", 1), "nobody watches any more");
    let began = Instant::now();
    let mut by_nobody = 0;
    while session.model_version() == "1.2.8" {
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", device.changes());
        let answer = session.predict(&rich(&session)).unwrap();
        by_nobody += u32::from(answer.answered_by != AnsweredBy::Model);
    }
    assert!(by_nobody >= 3);
    let change = |version: &str, from: &str, to: &str| [version, from, to, "non_finite"].map(str::to_owned);
    let (again, out) = (change("1.2.8", "active", "probation"), change("1.2.8", "active", "refused"));
    assert_eq!(device.changes()[1..], [again, out, change("1.2.3", "previous", "active")]);
    // A session of the first model of all has nobody to be watched by, and goes on to abstain.
    let mut device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&latent(8))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    device.predict(&mut session);
    (0..10).for_each(|_| assert_ne!(session.predict(&rich(&session)).unwrap().answered_by, AnsweredBy::Model));
    assert_eq!((session.model_version(), device.changes()), ("1.2.8", vec![]));
}

#[test]
fn a_subtly_worse_model_is_rolled_back_by_two_thousand_labels_of_which_a_tenth_is_compared() {
    let mut device = Device::with(TrialPolicy { shadow_cpu: 100.0, ..TrialPolicy::default() });
    let (runtime, _) = device.ready();
    runtime.install(&device.bundle(&biased(8, [0.0, 0.0, 0.45]))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let mut wrong = 0;
    let mut labelled = 0;
    while session.model_version() == "1.2.8" && labelled < 2_000 {
        let (object, answer) = device.predict(&mut session);
        let truth = crate::device::truth(&object);
        labelled += 1;
        wrong += u32::from(answer.class().is_some_and(|class| *class.name != *truth));
        let _ = runtime.label(answer.id, truth).unwrap();
        session.renew().unwrap();
    }
    assert_eq!(session.model_version(), "1.2.3", "{wrong} of {labelled} were wrong");
    let change = |version: &str, from: &str, to: &str| [version, from, to, "quality_worse"].map(str::to_owned);
    assert_eq!(device.changes(), [change("1.2.8", "active", "refused"), change("1.2.3", "previous", "active")]);
    eprintln!("rolled back after {labelled} labels, of which it had {wrong} wrong");
}

#[test]
fn by_hand_one_goes_back_forward_and_nowhere() {
    let mut device = Device::new();
    let (runtime, mut session) = device.ready();
    assert_eq!(runtime.rollback("tiny"), Err(SwitchError::NoPrevious { model_id: "tiny".into() }));
    assert_eq!(runtime.activate("tiny"), Err(SwitchError::NoCandidate { model_id: "tiny".into() }));
    assert_eq!(runtime.reject("tiny"), Err(SwitchError::NoCandidate { model_id: "tiny".into() }));
    assert!(runtime.rollback("nobody").is_err());
    runtime.install_candidate(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    assert_eq!(runtime.activate("tiny").unwrap().version, "1.2.8");
    assert!(session.renew().unwrap() && !session.renew().unwrap());
    assert_eq!(session.model_version(), "1.2.8");
    assert_eq!(runtime.rollback("tiny").unwrap().version, "1.2.3");
    // Not renewed: what was thrown out answers no more all the same.
    device.predict(&mut session);
    assert_eq!(session.model_version(), "1.2.3");
    runtime.install_candidate(&device.bundle(&biased(9, [0.0; 3]))).unwrap();
    assert_eq!(runtime.reject("tiny").unwrap().version, "1.2.3");
    let causes: Vec<String> = device
        .changes()
        .into_iter()
        .map(|[version, from, to, cause]| {
            assert_eq!(cause, "by_hand");
            format!("{version} {from} {to}")
        })
        .collect();
    assert_eq!(
        causes,
        ["1.2.8 candidate active", "1.2.8 active refused", "1.2.3 previous active", "1.2.9 candidate refused",]
    );
    let copies = std::fs::read_dir(device.folder().join("models")).unwrap().count();
    assert_eq!(copies, 1, "the copy of the active one, and nothing else");
}

#[test]
fn what_became_of_a_version_is_told_by_the_next_summary_once() {
    let device = Device::new();
    let config = device.config().monitor(MonitorConfig { window_rows: 50, ..MonitorConfig::default() });
    let runtime = Runtime::open(config);
    let mut device = device;
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    device.predict(&mut runtime.session("tiny").unwrap());
    runtime.install(&device.bundle(&overflowing(8))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    while session.model_version() == "1.2.8" {
        session.predict(&rich(&session)).unwrap();
    }
    (0..130).for_each(|_| drop(device.predict(&mut session)));
    let mut told = std::collections::BTreeMap::new();
    while let Next::Upload(upload) = runtime.next_upload(Link::Unmetered).unwrap() {
        for (change, count) in decode(&upload.body).unwrap().data.model_states {
            *told.entry(change).or_insert(0) += count;
        }
        let body = format!(r#"{{"id": "{}", "receipt": "accepted"}}"#, upload.id).into_bytes();
        runtime.report_upload(&upload.id, Ok(Response { status: 200, retry_after: None, body })).unwrap();
    }
    let told: Vec<(&str, u64)> = told.iter().map(|(change, count)| (change.as_str(), *count)).collect();
    assert_eq!(
        told,
        [
            ("1.2.3 active non_finite", 1),
            ("1.2.3 golden_checked installation", 1),
            ("1.2.3 verified installation", 1),
            ("1.2.8 golden_checked installation", 1),
            ("1.2.8 refused non_finite", 1),
            ("1.2.8 verified installation", 1),
        ]
    );
}
