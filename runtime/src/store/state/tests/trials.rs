//! Trials in `state.db`, and a file of the first version.

use rusqlite::Connection;

use super::*;
use crate::store::state::{SCHEMA, Stage};

/// What the first version left behind: an installation, two models, a refusal, a counter.
const FIRST_VERSION: &str = include_str!("state-version-1.sql");

fn stage(state: &State) -> Option<(String, String, Stage)> {
    state.trial("digits").unwrap().map(|trial| (trial.incumbent, trial.challenger, trial.stage))
}

fn digest(version: &str) -> String {
    model(version, 0).digest
}

#[test]
fn a_state_of_the_first_version_is_taken_over_with_its_models() {
    let dir = tempfile::tempdir().unwrap();
    let old = Connection::open(dir.path().join("state.db")).unwrap();
    old.execute_batch(FIRST_VERSION).unwrap();
    old.close().unwrap();
    let mut state = open(dir.path());
    assert_eq!((state.problem(), state.epoch().number()), (None, 5));
    assert_eq!(slots(&state), [("1.1.0".to_owned(), Slot::Active), ("1.0.0".to_owned(), Slot::Previous)]);
    assert_eq!((state.refusals().unwrap().len(), state.highest_sequence("digits").unwrap()), (1, Some(2)));
    assert_eq!((stage(&state), state.thrown_out("digits").unwrap()), (None, None));
    assert_eq!(state.begin_start(&digest("1.1.0")), Ok(None), "what answered for the first version has answered");
    state.record_candidate(&model("1.2.0", 3)).unwrap();
    assert_eq!(SCHEMA.migrations.len(), 3);
}

#[test]
fn a_candidate_is_tried_against_the_active_one_and_then_watched_by_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    assert_eq!(stage(&state), None, "the first has nobody to be compared with");
    state.record_candidate(&model("1.1.0", 2)).unwrap();
    let pair = |stage| Some((digest("1.0.0"), digest("1.1.0"), stage));
    assert_eq!(stage(&state), pair(Stage::Shadow));
    assert_eq!(state.begin_canary("digits", &digest("1.1.0")), Ok(true));
    assert_eq!(state.begin_canary("digits", &digest("1.1.0")), Ok(false), "it is in canary already");
    assert_eq!(stage(&state), pair(Stage::Canary));
    assert_eq!(state.promote("digits", &digest("1.0.0")), Ok(None), "it is no candidate");
    let switched = state.promote("digits", &digest("1.1.0")).unwrap().unwrap();
    assert_eq!((switched.active.model.version.as_str(), switched.gone), ("1.1.0", vec![]));
    assert_eq!(stage(&state), pair(Stage::Probation));
    assert_eq!(state.confirm("digits", &digest("1.1.0")), Ok(true));
    assert_eq!((stage(&state), state.confirm("digits", &digest("1.1.0"))), (None, Ok(false)));
    assert_eq!(slots(&state), [("1.1.0".to_owned(), Slot::Active), ("1.0.0".to_owned(), Slot::Previous)]);
}

#[test]
fn what_was_thrown_out_is_not_taken_again_until_a_higher_sequence_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    assert_eq!(state.throw_out("digits", &digest("1.0.0"), "latency"), Ok(None), "nothing could take its place");
    state.record_install(&model("1.1.0", 2)).unwrap();
    let switched = state.throw_out("digits", &digest("1.1.0"), "latency").unwrap().unwrap();
    assert_eq!((switched.active.model.version.as_str(), switched.gone[0].slot), ("1.0.0", Slot::Active));
    for again in [state.record_install(&model("1.1.0", 2)), state.record_candidate(&model("1.1.1", 2))] {
        assert!(matches!(again, Err(InstallError::ThrownOut { sequence: 2, .. })), "{again:?}");
    }
    drop(state);
    let mut state = open(dir.path());
    assert_eq!(state.thrown_out("digits").unwrap().unwrap().cause, "latency");
    assert_eq!(state.active("digits").unwrap().unwrap().model.version, "1.0.0");
    assert_eq!(state.record_candidate(&model("1.2.0", 3)), Ok(Installed::Now { retired: vec![] }));
    assert_eq!(
        state.throw_out("digits", &digest("1.2.0"), "quality_worse").unwrap().unwrap().gone[0].slot,
        Slot::Candidate
    );
    assert_eq!((stage(&state), slots(&state).len()), (None, 1));
}

#[test]
fn a_newer_candidate_takes_the_place_of_an_older_one_and_an_installation_that_of_both() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    state.record_candidate(&model("1.1.0", 2)).unwrap();
    let second = state.record_candidate(&model("1.2.0", 3)).unwrap();
    assert!(matches!(second, Installed::Now { retired } if retired[0].model.version == "1.1.0"));
    assert_eq!(stage(&state), Some((digest("1.0.0"), digest("1.2.0"), Stage::Shadow)));
    let third = state.record_install(&model("1.3.0", 4)).unwrap();
    assert!(matches!(third, Installed::Now { retired } if retired[0].model.version == "1.2.0"));
    assert_eq!(stage(&state), Some((digest("1.0.0"), digest("1.3.0"), Stage::Probation)));
    // The candidate itself may be installed: nothing of it is deleted.
    state.record_candidate(&model("1.4.0", 5)).unwrap();
    assert_eq!(
        state.record_install(&model("1.4.0", 5)),
        Ok(Installed::Now {
            retired: vec![InstalledModel {
                slot: Slot::Previous,
                model: model("1.0.0", 1),
                installed_us: 1_700_000_000_000_000,
            }]
        })
    );
}

#[test]
fn starts_that_end_are_not_counted_and_those_that_do_not_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    let digest = digest("1.0.0");
    for _ in 0..5 {
        assert_eq!(state.begin_start(&digest), Ok(Some(0)));
        state.end_start(&digest, false).unwrap();
    }
    for begun in 0..3 {
        assert_eq!(state.begin_start(&digest), Ok(Some(begun)));
    }
    state.end_start(&digest, true).unwrap();
    assert_eq!(state.begin_start(&digest), Ok(None), "it has answered");
}
