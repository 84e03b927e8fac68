//! What is on the record after a prediction, a refusal, a label, an outcome, and after a person was forgotten.

use std::collections::BTreeMap;

use dunlin::journal::{LabelError, Scalar};
use dunlin::{AnsweredBy, Record, Value};
use serde_json::json;

use crate::device::{Device, far, good, record};

#[test]
fn a_prediction_is_a_row_with_verdict_answerer_latency_version_and_kernels() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let answer = session.predict(&record(&session, &good())).unwrap();
    assert_eq!(answer.answered_by, AnsweredBy::Model);
    let row = device.reader().prediction(answer.id).unwrap().unwrap();
    assert_eq!((row.verdict.as_str(), row.answered_by.as_str()), ("accept", "model"));
    assert_eq!((row.model_id.as_str(), row.version.as_str(), row.sequence), ("tiny", "1.2.3", 7));
    assert_eq!((row.slot.as_str(), row.kernel_set.as_str()), ("active", session.kernel_set()));
    assert!(row.kernel_set.starts_with("plan/"), "{}", row.kernel_set);
    assert_eq!(u128::from(row.latency_us), answer.latency.as_micros());
    assert_eq!((row.confidence, row.distance), (answer.prediction.confidence, answer.prediction.distance));
    assert_eq!(row.output, Some(json!({"tier": &*answer.class().unwrap().name})));
    assert!(row.reasons.is_empty() && row.culprit.is_none() && row.subject_hash.is_none());
    drop(session);
    runtime.close().unwrap();
    device.reader().check().unwrap();
}

#[test]
fn a_refused_record_is_a_row_with_code_and_culprit_and_no_features() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let schema = session.schema().clone();
    let mut too_old = record(&session, &good());
    too_old.set(&schema, "age", 121.0).unwrap();
    let mut nan = record(&session, &good());
    nan.set(&schema, "income", f64::NAN).unwrap();
    let cases = [
        (Record::empty(&schema), "missing", Some("age")),
        (too_old, "out_of_domain", Some("age")),
        (nan, "non_finite", Some("income")),
        (Record::new(vec![Some(Value::Number(1.0))]), "wrong_length", None),
    ];
    for (record, code, culprit) in &cases {
        let error = session.predict(record).unwrap_err();
        assert_eq!((error.code(), error.feature()), (*code, *culprit), "{error}");
    }
    let rows = device.rows();
    for (row, (_, code, culprit)) in rows.iter().zip(&cases) {
        assert_eq!((row.verdict.as_str(), row.answered_by.as_str()), ("refused", "none"));
        assert_eq!((row.reasons.as_slice(), row.culprit.as_deref()), (&[(*code).to_owned()][..], *culprit));
        assert!(row.features.is_none() && row.output.is_none() && row.confidence.is_none());
    }
    let counters = runtime.health().counters;
    assert_eq!((rows.len(), counters["journal.refused"], counters["journal.predictions"]), (4, 4, 4));
}

#[test]
fn a_refusal_before_there_is_a_record_can_be_put_on_the_record_without_the_callers_own_text() {
    let device = Device::new();
    let (_runtime, session) = device.ready();
    for (text, code, culprit) in
        [(r#"{"age": "old"}"#, "wrong_type", Some("age")), (r#"{"ada@home": 1}"#, "unknown_feature", None)]
    {
        let error = Record::from_json_str(session.schema(), text).unwrap_err();
        assert_eq!(session.refuse(error).code(), code);
        let row = device.rows().pop().unwrap();
        assert_eq!((row.reasons, row.culprit.as_deref()), (vec![code.to_owned()], culprit));
    }
}

#[test]
fn labels_and_outcomes_join_their_prediction_and_the_last_one_stands() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let record = record(&session, &good());
    let (labelled, bare) = (session.predict(&record).unwrap().id, session.predict(&record).unwrap().id);
    let _ = runtime.label(labelled, "low").unwrap();
    let _ = runtime.label(labelled, "high").unwrap();
    let _ = runtime.outcome(labelled, "clicked", true).unwrap();
    let _ = runtime.outcome(labelled, "revenue", 12.5).unwrap();
    let row = |id| device.reader().prediction(id).unwrap().unwrap();
    assert_eq!(row(labelled).label, Some(Scalar::Text("high".to_owned())));
    let outcomes = [("clicked".to_owned(), true.into()), ("revenue".to_owned(), 12.5.into())];
    assert_eq!(row(labelled).outcomes, BTreeMap::from(outcomes));
    assert_eq!((row(bare).label, row(bare).outcomes.len()), (None, 0));
}

#[test]
fn a_label_of_an_earlier_opening_still_joins() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let id = session.predict(&record(&session, &good())).unwrap().id;
    drop(session);
    runtime.close().unwrap();
    let runtime = device.open();
    let _ = runtime.label(id, "high").unwrap();
    assert_eq!(device.reader().prediction(id).unwrap().unwrap().label, Some("high".into()));
}

#[test]
fn a_label_that_cannot_be_kept_is_an_error_that_says_why() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let id = session.predict(&record(&session, &good())).unwrap().id;
    let never = dunlin::ids::PredictionId::from_i64(id.to_i64() + 1000).unwrap();
    assert!(matches!(runtime.label(never, 1), Err(LabelError::UnknownPrediction { id }) if id == never));
    assert!(matches!(runtime.label(id, f64::NAN), Err(LabelError::NotFinite { .. })));
    assert!(matches!(runtime.outcome(id, "note", "x".repeat(5_000)), Err(LabelError::TooLong { .. })));
    assert!(matches!(runtime.outcome(id, &"n".repeat(5_000), 1), Err(LabelError::TooLong { .. })));
}

#[test]
fn a_forgotten_person_has_no_rows_left_and_nobody_else_lost_any() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let record = record(&session, &good());
    let ada = session.predict_for("ada", &record).unwrap().id;
    let _ = runtime.label(ada, "high").unwrap();
    let others = [session.predict_for("bob", &record).unwrap().id, session.predict(&record).unwrap().id];
    assert!(session.predict_for("ada", &Record::empty(session.schema())).is_err());
    assert_eq!(runtime.forget("ada"), Ok(2), "the refused record was hers too");
    assert_eq!(runtime.forget("ada"), Ok(0));
    assert!(device.reader().prediction(ada).unwrap().is_none());
    for id in others {
        assert!(device.reader().prediction(id).unwrap().is_some());
    }
    let after = session.predict_for("ada", &record).unwrap().id;
    assert!(device.reader().prediction(after).unwrap().is_some(), "she may come back");
}

#[test]
fn what_a_session_of_a_person_does_leaves_no_trace_on_the_next_prediction() {
    let device = Device::new();
    let (_runtime, mut session) = device.ready();
    let record = record(&session, &far());
    session.predict_for("ada", &record).unwrap();
    session.predict(&record).unwrap();
    let subjects: Vec<bool> = device.rows().iter().map(|row| row.subject_hash.is_some()).collect();
    assert_eq!(subjects, [true, false]);
}
