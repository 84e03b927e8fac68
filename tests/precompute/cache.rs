//! What is found, what is not, and what stands in the journal of it.

use dunlin::{AnsweredBy, Record};
use dunlin_tests::challenger::biased;
use dunlin_tests::tiny_model;

use crate::device::{Device, MUCH, fill, json_of, record};

#[test]
fn a_record_that_was_computed_in_advance_is_answered_from_the_cache_as_the_model_answers_it_and_logged_as_such() {
    let device = Device::new();
    let runtime = device.open();
    let mut alone = runtime.session("tiny").unwrap();
    let report = fill(&runtime, 50, MUCH);
    assert_eq!((report.records, report.kept, report.refused), (50, 50, 0));
    let mut session = runtime.session("tiny").unwrap();
    for number in 0..60 {
        let record = record(&session, number);
        let (answer, computed) = (session.predict(&record).unwrap(), alone.predict(&record).unwrap());
        let by = if number < 50 { AnsweredBy::Cache } else { AnsweredBy::Model };
        assert_eq!((answer.answered_by, computed.answered_by), (by, AnsweredBy::Model), "{number}");
        // Outputs, verdict, confidence and distance.
        assert_eq!(answer.prediction, computed.prediction);
        assert_eq!(answer.outputs, computed.outputs);
        let expected = tiny_model::answer(&json_of(number));
        let found = &answer.outputs.unwrap()[0].values;
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-5));
        runtime.flush().unwrap();
        let row = device.reader().prediction(answer.id).unwrap().unwrap();
        assert_eq!((row.answered_by.as_str(), row.verdict.as_str()), (by.name(), "accept"));
        assert!(row.features.is_some(), "its features are kept as ever");
    }
}

#[test]
fn answers_outlive_the_process_and_a_record_that_differs_in_anything_is_computed() {
    let device = Device::new();
    let _ = fill(&device.open(), 10, MUCH);
    let runtime = device.open();
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(session.predict(&record(&session, 3)).unwrap().answered_by, AnsweredBy::Cache);
    let changes =
        [("age", "20.03"), ("visits", "1"), ("colour", "\"green \""), ("member", "false"), ("income", "null")];
    for (feature, value) in changes {
        let mut object = json_of(3);
        object.insert(feature.to_owned(), serde_json::from_str(value).unwrap());
        let changed = Record::from_json(session.schema(), &object).unwrap();
        assert_ne!(session.predict(&changed).unwrap().answered_by, AnsweredBy::Cache, "{feature}");
    }
    let mut wrong = json_of(3);
    wrong.insert("age".to_owned(), serde_json::json!(400));
    let wrong = Record::from_json(session.schema(), &wrong).unwrap();
    assert_eq!(session.predict(&wrong).unwrap_err().code(), "out_of_domain");
}

#[test]
fn only_accepted_answers_are_kept_each_once_and_no_more_bytes_than_allowed() {
    let device = Device::new();
    let runtime = device.open();
    let mut session = runtime.session("tiny").unwrap();
    let mut far = json_of(0);
    far.insert("visits".to_owned(), serde_json::json!(900));
    let far = Record::from_json(session.schema(), &far).unwrap();
    assert!(!session.predict(&far).unwrap().verdict().is_accept());
    let (near, refused) = (record(&session, 1), Record::empty(session.schema()));
    let mut filling = session.precompute(MUCH).unwrap();
    [&far, &near, &near, &refused].into_iter().for_each(|record| filling.add(record));
    let report = filling.finish().unwrap();
    assert_eq!([report.kept, report.repeated, report.not_accepted, report.refused], [1; 4]);

    let report = fill(&runtime, 1_000, 4_096);
    assert!(report.bytes <= 4_096 && report.kept > 50, "{report:?}");
    assert_eq!(report.kept + report.left_out, 1_000);
    let files = device.files();
    assert_eq!(files.iter().map(|file| file.metadata().unwrap().len()).collect::<Vec<_>>(), [report.bytes]);
    assert!(runtime.session("tiny").unwrap().precompute(60).is_err());
}

#[test]
fn a_file_that_is_damaged_cut_or_of_another_installation_answers_nothing() {
    let device = Device::new();
    fill(&device.open(), 20, MUCH);
    let file = device.files().remove(0);
    let whole = std::fs::read(&file).unwrap();
    let answered_by = |device: &Device| {
        let runtime = device.open();
        let mut session = runtime.session("tiny").unwrap();
        let answer = session.predict(&record(&session, 5)).unwrap();
        let expected = tiny_model::answer(&json_of(5));
        let found = &answer.outputs.unwrap()[0].values;
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-5));
        answer.answered_by
    };
    assert_eq!(answered_by(&device), AnsweredBy::Cache);
    for at in (0..whole.len()).step_by(37) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(answered_by(&device), AnsweredBy::Model, "a bit of byte {at}");
    }
    for length in [0, 10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(answered_by(&device), AnsweredBy::Model, "{length} bytes");
    }
    // The same model elsewhere, with a secret of its own.
    let other = Device::new();
    fill(&other.open(), 1, MUCH);
    std::fs::write(other.files().remove(0), &whole).unwrap();
    assert_eq!(answered_by(&other), AnsweredBy::Model);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(answered_by(&device), AnsweredBy::Cache);
}

#[test]
fn another_version_does_not_see_the_answers_and_they_go_with_their_model() {
    let device = Device::new();
    let runtime = device.open();
    fill(&runtime, 5, MUCH);
    let first = device.files();
    for (sequence, bias) in [(8, [2.0, 0.0, 0.0]), (9, [0.0; 3])] {
        runtime.install(&device.bundle(&biased(sequence, bias))).unwrap();
        let mut session = runtime.session("tiny").unwrap();
        assert_eq!(session.predict(&record(&session, 1)).unwrap().answered_by, AnsweredBy::Model, "{sequence}");
        // The version before is kept to go back to, and its answers with it.
        assert_eq!(device.files() == first, sequence == 8);
    }
    assert!(device.files().is_empty());
    let stray = device.path("runtime/cache/0123.answers");
    std::fs::write(&stray, "of a model that is not here").unwrap();
    drop(runtime);
    drop(device.open());
    assert!(!stray.exists());
}

#[test]
fn during_a_trial_the_model_itself_answers() {
    let device = Device::new();
    let runtime = device.open();
    fill(&runtime, 5, MUCH);
    runtime.install_candidate(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(session.predict(&record(&session, 1)).unwrap().answered_by, AnsweredBy::Model);
    runtime.reject("tiny").unwrap();
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(session.predict(&record(&session, 1)).unwrap().answered_by, AnsweredBy::Cache);
}
