//! Many records, and answers computed in advance.

use std::sync::Arc;

use dunlin_uniffi::{AnsweredBy, Asking, DunlinError, PrecomputeReport, RecordBuilder, packed};

use crate::sdk::{Sdk, good, is_closed};

fn record(json: &str) -> Arc<RecordBuilder> {
    let record = RecordBuilder::new();
    record.json(json.to_owned());
    Arc::new(record)
}

fn tiny(age: u32) -> Arc<RecordBuilder> {
    record(&format!(r#"{{"age": {age}, "visits": 4, "colour": "blue", "member": true, "income": 1800}}"#))
}

#[test]
fn a_record_of_a_batch_is_answered_as_any_other_and_no_row_is_lost() {
    let sdk = Sdk::ready();
    let session = sdk.session("tiny");
    let alone = session.predict(&tiny(35)).unwrap();
    for _ in 0..20_000 {
        let answer = session.predict_patiently(&tiny(35)).unwrap();
        assert_eq!((answer.outputs, answer.confidence), (alone.outputs.clone(), alone.confidence));
    }
    assert!(matches!(session.predict_patiently(&record("{}")), Err(DunlinError::Record { .. })));
    sdk.runtime.flush().unwrap();
    let counters = sdk.runtime.health().unwrap().counters;
    assert_eq!(
        (counters["journal.predictions"], counters.get("journal.dropped_full").copied().unwrap_or(0)),
        (20_002, 0)
    );
}

#[test]
fn what_is_computed_in_advance_is_found_and_told_as_such() {
    let sdk = Sdk::ready();
    let session = sdk.session("tiny");
    session.predict(&tiny(35)).unwrap();
    let given = vec![tiny(35), tiny(36), tiny(35), record("[]")];
    let report = session.precompute(given, 100_000).unwrap();
    let PrecomputeReport { records, kept, repeated, refused, .. } = report;
    assert_eq!([records, kept, repeated, refused], [4, 2, 1, 1]);
    let later = sdk.session("tiny");
    let by = [35, 36, 37].map(|age| later.predict(&tiny(age)).unwrap().answered_by);
    assert_eq!(by, [AnsweredBy::Cache, AnsweredBy::Cache, AnsweredBy::Model]);
}

#[test]
fn a_file_that_holds_no_answer_and_a_closed_session_are_refused() {
    let sdk = Sdk::ready();
    let session = sdk.session("tiny");
    let error = session.precompute(vec![tiny(35)], 10).unwrap_err();
    assert!(matches!(&error, DunlinError::InvalidArgument { message } if message.contains("10 bytes")), "{error}");
    let handle = session.handle().unwrap();
    session.close().unwrap();
    is_closed(session.precompute(vec![tiny(35)], 100_000));
    is_closed(session.predict_patiently(&good()));
    is_closed(packed::predict(handle, Asking::InBatch, &[], &mut []));
}
