//! A candidate watches, answers for some, answers for all, and has earned its place; or is thrown out.

use dunlin::{AnsweredBy, InstallOutcome, TrialPolicy};
use dunlin_tests::challenger::{biased, overflowing};
use dunlin_tests::fixture::tiny_parts;

use crate::device::{Device, slots};

#[test]
fn the_first_bundle_of_a_model_has_nobody_to_be_compared_with() {
    let device = Device::new();
    let runtime = device.open();
    let report = runtime.install_candidate(&device.bundle(&tiny_parts())).unwrap();
    assert_eq!(report.outcome, InstallOutcome::Activated);
}

#[test]
fn a_candidate_watches_and_the_active_one_answers() {
    let mut device = Device::new();
    let (runtime, _) = device.ready();
    let candidate = device.bundle(&biased(8, [0.0, 0.0, 0.0]));
    assert_eq!(runtime.install_candidate(&candidate).unwrap().outcome, InstallOutcome::Candidate);
    assert_eq!(runtime.install_candidate(&candidate).unwrap().outcome, InstallOutcome::AlreadyInstalled);
    let mut session = runtime.session("tiny").unwrap();
    for _ in 0..20 {
        let (_, answer) = device.predict(&mut session);
        assert_eq!(answer.answered_by, AnsweredBy::Model);
    }
    assert_eq!(session.model_version(), "1.2.3");
    assert_eq!(slots(&runtime), [("1.2.3", "active"), ("1.2.8", "candidate")].map(|(v, s)| (v.into(), s.into())));
}

#[test]
fn a_candidate_that_does_as_well_goes_through_every_stage_and_earns_its_place() {
    let mut device = Device::new();
    let (runtime, mut session) = device.ready();
    runtime.install_candidate(&device.bundle(&biased(8, [0.01, 0.0, 0.0]))).unwrap();
    let mut answered = Vec::new();
    for _ in 0..2_000 {
        session.renew().unwrap();
        device.predict_and_label(&runtime, &mut session);
        if answered.last().is_none_or(|last| *last != session.model_version()) {
            answered.push(session.model_version().to_owned());
        }
        if device.changes().len() == 3 {
            break;
        }
    }
    let change = |from: &str, to: &str, cause: &str| ["1.2.8", from, to, cause].map(str::to_owned);
    let changes = device.changes();
    assert_eq!(changes[0][..3], change("shadow", "canary", "")[..3]);
    assert_eq!(
        changes[1..],
        [change("candidate", "active", "quality_not_worse"), change("probation", "active", "quality_not_worse"),]
    );
    assert_eq!(answered, ["1.2.3", "1.2.8"]);
    assert_eq!(slots(&runtime), [("1.2.8", "active"), ("1.2.3", "previous")].map(|(v, s)| (v.into(), s.into())));
}

#[test]
fn without_labels_the_proven_one_is_the_measure() {
    let mut device = Device::new();
    let (runtime, mut session) = device.ready();
    // It says "high" far more often: who agrees with the proven one on every second record only does not go on.
    runtime.install_candidate(&device.bundle(&biased(8, [-9.0, -9.0, 9.0]))).unwrap();
    for _ in 0..300 {
        session.renew().unwrap();
        device.predict(&mut session);
    }
    assert_eq!(device.changes(), Vec::<[String; 4]>::new());
    // One that agrees does.
    runtime.install_candidate(&device.bundle(&biased(9, [0.0, 0.01, 0.0]))).unwrap();
    for _ in 0..300 {
        session.renew().unwrap();
        device.predict(&mut session);
    }
    let causes: Vec<[String; 4]> = device.changes();
    assert_eq!(causes.len(), 3, "{causes:?}");
    assert!(causes.iter().all(|change| change[0] == "1.2.9" && change[3] == "behaves_as_well"), "{causes:?}");
}

#[test]
fn a_candidate_that_is_worse_by_its_labels_is_thrown_out_before_it_answers_and_not_taken_again() {
    let mut device = Device::with(TrialPolicy {
        shadow_share: 1.0,
        shadow_cpu: 100.0,
        min_compared: 100_000,
        ..TrialPolicy::default()
    });
    let (runtime, mut session) = device.ready();
    let worse = device.bundle(&biased(8, [0.0, 0.0, 0.6]));
    runtime.install_candidate(&worse).unwrap();
    for _ in 0..1_000 {
        session.renew().unwrap();
        device.predict_and_label(&runtime, &mut session);
        assert_eq!(session.model_version(), "1.2.3");
    }
    assert_eq!(device.changes(), [["1.2.8", "candidate", "refused", "quality_worse"].map(str::to_owned)]);
    assert_eq!(slots(&runtime), [("1.2.3".into(), "active".into())]);
    for again in [runtime.install_candidate(&worse), runtime.install(&worse)] {
        let error = again.unwrap_err();
        assert_eq!(error.code(), "thrown_out");
        assert!(error.to_string().contains("quality_worse"), "{error}");
    }
    // The app that ships it goes on with what is active; a higher sequence is taken.
    assert_eq!(runtime.install_shipped(&worse).unwrap().outcome, InstallOutcome::PassedOver);
    let next = runtime.install_candidate(&device.bundle(&biased(9, [0.0; 3]))).unwrap();
    assert_eq!(next.outcome, InstallOutcome::Candidate);
}

#[test]
fn a_candidate_whose_numbers_overflow_is_thrown_out_while_it_watches() {
    let mut device = Device::new();
    let (runtime, _) = device.ready();
    runtime.install_candidate(&device.bundle(&overflowing(8))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    for _ in 0..5 {
        let rich = crate::rollback::rich(&session);
        assert_eq!(session.predict(&rich).unwrap().answered_by, AnsweredBy::Model);
    }
    assert_eq!(device.changes(), [["1.2.8", "candidate", "refused", "non_finite"].map(str::to_owned)]);
}

#[test]
fn a_trial_goes_on_after_a_restart_with_what_it_has_counted() {
    let mut device = Device::new();
    let (runtime, session) = device.ready();
    drop((session, runtime));
    let bundle = device.bundle(&biased(8, [0.0; 3]));
    // Sixty records are asked for; each opening sees twenty, the first of them one more, which proves the candidate.
    for opening in 0..3 {
        let runtime = device.open();
        runtime.install_candidate(&bundle).unwrap();
        let mut session = runtime.session("tiny").unwrap();
        assert_eq!(device.changes().len(), 0, "opening {opening}");
        (0..20 + u32::from(opening == 0)).for_each(|_| drop(device.predict(&mut session)));
    }
    assert_eq!(device.changes()[0][..3], ["1.2.8", "shadow", "canary"].map(str::to_owned));
}

#[test]
fn in_canary_a_subject_always_has_the_same_model_and_the_share_is_kept() {
    let mut device = Device::with(TrialPolicy {
        canary_share: 0.3,
        shadow_share: 1.0,
        shadow_cpu: 100.0,
        min_compared: 10,
        min_agreement: 2.0,
        ..TrialPolicy::default()
    });
    let (runtime, mut session) = device.ready();
    runtime.install_candidate(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    // A label that says nothing yet lets it into canary, and no farther; the first record proves the candidate.
    session.renew().unwrap();
    device.predict(&mut session);
    device.predict_and_label(&runtime, &mut session);
    (0..20).for_each(|_| drop(device.predict(&mut session)));
    assert!(session.renew().unwrap());
    let mut of_subject = std::collections::BTreeMap::new();
    for round in 0..2 {
        for subject in 0..400 {
            let object = device.draw();
            let record = dunlin::Record::from_json(session.schema(), &object).unwrap();
            session.predict_for(&format!("user {subject}"), &record).unwrap();
            let reader = dunlin::journal::Reader::open(&device.folder()).unwrap();
            let slot = reader.newest(None, 1).unwrap().remove(0).slot;
            let first = of_subject.entry(subject).or_insert_with(|| slot.clone());
            assert_eq!(*first, slot, "round {round}, subject {subject}");
        }
    }
    let chosen = of_subject.values().filter(|slot| *slot == "candidate").count();
    assert!((80..=160).contains(&chosen), "{chosen} of 400 subjects have the candidate, 120 were expected");
}

#[test]
fn a_candidate_whose_features_stand_in_another_order_sees_the_same_record() {
    let mut device = Device::new();
    let (runtime, _) = device.ready();
    let mut parts = biased(8, [0.0; 3]);
    // Positions mean nothing between versions: age and income, both numbers, change places.
    parts.schema.feature.swap(0, 4);
    runtime.install_candidate(&device.bundle(&parts)).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    (0..40).for_each(|_| drop(device.predict(&mut session)));
    let trial = runtime.trials().unwrap().remove(0);
    assert_eq!(trial.figures["agreement"], 1.0, "{}", trial.figures);
    // The session's records stay as they are when it answers.
    runtime.activate("tiny").unwrap();
    assert!(session.renew().unwrap());
    for _ in 0..20 {
        let (object, answer) = device.predict(&mut session);
        assert_eq!(&*answer.class().unwrap().name, crate::device::truth(&object));
    }
    assert_eq!(session.model_version(), "1.2.8");
    assert_eq!(runtime.session("tiny").unwrap().schema().feature[0].name, "income");
}

#[test]
fn a_session_is_not_renewed_to_a_version_that_wants_other_records() {
    let mut device = Device::new();
    let (runtime, mut session) = device.ready();
    let mut parts = biased(8, [0.0; 3]);
    parts.schema.feature[4].missing = serde_json::from_str(r#"{"policy": "refuse"}"#).unwrap();
    parts.schema.feature[4].name = "wealth".to_owned();
    for transforms in [&mut parts.transforms, &mut parts.baseline.as_mut().unwrap().transforms] {
        let renamed = serde_json::to_string(transforms).unwrap().replace("\"income\"", "\"wealth\"");
        *transforms = serde_json::from_str(&renamed).unwrap();
    }
    for case in &mut parts.golden.cases {
        let income = case.record.remove("income").unwrap_or(2000.0.into());
        case.record.insert("wealth".to_owned(), income);
    }
    parts.schema.feature[4].presence = serde_json::from_str(r#"{"min_fraction": 1.0}"#).unwrap();
    parts.reference.distributions.remove("income");
    runtime.install_shipped(&device.bundle(&parts)).unwrap();
    let error = session.renew().unwrap_err();
    assert!(error.to_string().contains("wealth"), "{error}");
    let (_, answer) = device.predict(&mut session);
    assert_eq!((answer.answered_by, session.model_version()), (AnsweredBy::Model, "1.2.3"));
    assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.8", "another session takes it");
}

#[test]
fn a_candidate_that_has_gone_on_is_thrown_out_by_a_session_that_never_renewed_as_well() {
    let mut device = Device::with(TrialPolicy {
        shadow_share: 1.0,
        shadow_cpu: 100.0,
        min_compared: 60,
        min_agreement: 0.0,
        ..TrialPolicy::default()
    });
    let (runtime, _) = device.ready();
    runtime.install_candidate(&device.bundle(&biased(8, [0.0, 0.0, 0.6]))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    (0..80).for_each(|_| drop(device.predict(&mut session)));
    assert_eq!(device.changes()[0][..3], ["1.2.8", "shadow", "canary"].map(str::to_owned));
    (0..600).for_each(|_| drop(device.predict_and_label(&runtime, &mut session)));
    assert_eq!(device.changes()[1..], [["1.2.8", "candidate", "refused", "quality_worse"].map(str::to_owned)]);
}

#[test]
fn sessions_of_one_record_each_are_compared_as_often_as_long_ones() {
    let policy = TrialPolicy { shadow_share: 0.3, shadow_cpu: 100.0, ..TrialPolicy::default() };
    let mut device = Device::with(policy);
    let (runtime, session) = device.ready();
    drop(session);
    runtime.install_candidate(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    // The first run of a version is not counted.
    device.predict(&mut runtime.session("tiny").unwrap());
    for _ in 0..200 {
        device.predict(&mut runtime.session("tiny").unwrap());
    }
    let compared = runtime.trials().unwrap()[0].figures["compared"].as_u64().unwrap();
    // 60 are expected; six standard deviations to either side.
    assert!((21..=99).contains(&compared), "{compared} of 200");
}
