//! A folder that cannot be used as it should: the app still gets its answers, and health says why there is no more.

use std::fs;

use dunlin::health::Part;
use dunlin::{AnsweredBy, InstallOutcome, Runtime};

use crate::device::{Device, ordinary, record};

fn degraded(part: &Part) -> &str {
    match part {
        Part::Degraded(notice) => &notice.what,
        Part::Ok => panic!("it should be degraded"),
    }
}

/// The bundle that the app ships with answers from memory.
fn answers_from_memory(device: &Device, runtime: &Runtime) {
    let report = runtime.install_shipped(&device.bundle(1)).expect("the bundle is good");
    assert_eq!(report.outcome, InstallOutcome::HeldInMemory);
    assert!(report.golden.is_some(), "it is proved all the same");
    let mut session = runtime.session("tiny").expect("it is held");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    assert_eq!(answer.answered_by, AnsweredBy::Model);
    assert!(answer.id.epoch().is_provisional());
}

#[test]
fn a_damaged_state_is_left_as_it_is_and_the_shipped_model_answers() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    runtime.close().expect("nothing is open");
    let state = device.folder().join("state.db");
    let mut bytes = fs::read(&state).expect("readable");
    bytes[..64].fill(0x5a);
    fs::write(&state, &bytes).expect("writable");

    let runtime = device.open();
    let health = runtime.health();
    assert!(degraded(&health.state).contains("state.db"), "{health:?}");
    assert!(runtime.session("tiny").is_err(), "what state.db said is not guessed");
    answers_from_memory(&device, &runtime);
    drop(runtime);
    assert_eq!(fs::read(&state).expect("readable"), bytes, "nothing was written over it");
}

#[test]
fn a_damaged_journal_is_set_aside_and_everything_goes_on() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    runtime.close().expect("nothing is open");
    fs::write(device.folder().join("journal.db"), vec![0x5a; 8192]).expect("writable");

    let runtime = device.open();
    let health = runtime.health();
    assert!(health.is_ok());
    assert!(health.notices.iter().any(|notice| notice.what.contains("journal.db")), "{health:?}");
    assert_eq!(health.counters["journal.set_aside"], 1);
    let mut session = runtime.session("tiny").expect("the registry is whole");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    assert!(device.reader().prediction(answer.id).expect("readable").is_some());
    let files = fs::read_dir(device.folder()).expect("readable").flatten();
    assert!(files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("journal.db.aside-")));
}

#[test]
fn a_folder_in_use_by_another_runtime_is_read_and_its_model_answers() {
    let device = Device::new();
    let first = device.open();
    first.install(&device.bundle(1)).expect("the bundle is good");
    let second = device.open();
    assert!(degraded(&second.health().state).contains("in use"), "{:?}", second.health());
    let mut session = second.session("tiny").expect("what is installed can be read");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    assert_eq!(answer.answered_by, AnsweredBy::Model);
    assert_eq!(second.health().counters["journal.write_failed"], 1, "the row is counted");
    assert!(first.health().is_ok(), "the first does not notice");
}

#[test]
fn a_file_in_the_folder_s_place_is_named_and_the_shipped_model_answers() {
    let device = Device::new();
    fs::write(device.folder(), "mine").expect("writable");
    let runtime = device.open();
    assert!(degraded(&runtime.health().journal).contains("not a folder"));
    answers_from_memory(&device, &runtime);
    drop(runtime);
    assert_eq!(fs::read_to_string(device.folder()).expect("readable"), "mine");
}

#[test]
fn an_older_bundle_is_refused_even_where_nothing_can_be_written() {
    let device = Device::new();
    let first = device.open();
    first.install(&device.bundle(2)).expect("the bundle is good");
    let second = device.open();
    assert_eq!(second.install(&device.bundle(1)).expect_err("it is older").code(), "older");
}
