//! What a resolved request changes: the journal's row, the labels, the counters; and nothing else.

use std::time::Duration;

use dunlin::fallback::FallbackError;
use dunlin::journal::{JournalConfig, Retention, Scalar};
use dunlin::outbox::TransportError;
use dunlin::{Runtime, Verdict};
use serde_json::json;

use super::{Asker, generous, good_answer, open_parts};
use crate::device::{Device, far, good, record};

#[test]
fn a_good_answer_is_read_as_the_guard_reads_and_the_row_holds_it() {
    let mut asker = Asker::new(generous());
    let request = asker.request();
    assert_eq!(asker.row(&request).output, None);
    let resolved = asker.session.resolve(&request, good_answer(&request)).unwrap();
    assert_eq!((resolved.id, resolved.verdict.clone()), (request.id, Verdict::Accept));
    let class = resolved.class().unwrap();
    assert_eq!((&*class.name, class.index), ("middle", 1));
    assert!((resolved.confidence.unwrap() - 0.8).abs() < 1e-6 && resolved.outputs[0].values == [0.1, 0.8, 0.1]);
    let row = asker.row(&request);
    assert_eq!((row.answered_by.as_str(), row.verdict.as_str()), ("cloud", "abstain"));
    assert_eq!(row.output, Some(json!({"tier": "middle"})));
    assert_eq!((asker.count("fallback.resolved"), asker.count("fallback.requests")), (1, 1));
}

#[test]
fn a_later_label_stands_beside_the_cloud_s_answer() {
    let mut asker = Asker::new(generous());
    let request = asker.request();
    asker.session.resolve(&request, good_answer(&request)).unwrap();
    let _ = asker.runtime.label(request.id, "high").unwrap();
    let row = asker.row(&request);
    assert_eq!((row.answered_by.as_str(), row.label), ("cloud", Some(Scalar::from("high"))));
}

#[test]
fn a_request_is_resolved_once_and_in_its_own_session() {
    let mut asker = Asker::new(generous());
    let request = asker.request();
    let mut other = asker.runtime.session("tiny").unwrap();
    let not_waiting = Err(FallbackError::NotWaiting { id: request.id });
    assert_eq!(other.resolve(&request, good_answer(&request)), not_waiting);
    assert!(asker.session.resolve(&request, good_answer(&request)).is_ok());
    let mut second = super::reply(&request);
    second["outputs"][0]["data"] = json!([0.9, 0.05, 0.05]);
    assert_eq!(asker.session.resolve(&request, super::answer(200, second.to_string())), not_waiting);
    assert_eq!(asker.row(&request).output, Some(json!({"tier": "middle"})), "the first answer stands");
    assert_eq!((asker.count("fallback.resolved"), asker.count("fallback.refused")), (1, 2));
}

#[test]
fn an_answer_that_failed_is_not_waited_for_again() {
    let mut asker = Asker::new(generous());
    let request = asker.request();
    let none = asker.session.resolve(&request, Err(TransportError::new("no route")));
    assert_eq!(none, Err(FallbackError::NoAnswer(TransportError::new("no route"))));
    let again = asker.session.resolve(&request, good_answer(&request));
    assert_eq!(again, Err(FallbackError::NotWaiting { id: request.id }));
    assert_eq!(asker.row(&request).answered_by, "none");
}

#[test]
fn an_answer_at_the_deadline_is_taken_and_one_after_it_is_not() {
    let mut asker = Asker::new(generous());
    let deadline = generous().deadline;
    let request = asker.request();
    asker.hand.advance(deadline);
    assert!(asker.session.resolve(&request, good_answer(&request)).is_ok());
    let request = asker.request();
    let after = deadline + Duration::from_micros(1);
    asker.hand.advance(after);
    // The wall clock has no say in it.
    asker.hand.set_wall(super::START_US);
    let late = asker.session.resolve(&request, good_answer(&request));
    assert_eq!(late, Err(FallbackError::TooLate { after, deadline }));
    assert_eq!((asker.row(&request).answered_by.as_str(), asker.count("fallback.refused")), ("none", 1));
}

#[test]
fn the_answer_to_an_evicted_prediction_is_given_and_the_missing_row_is_counted() {
    let device = Device::new();
    let retention = Retention { max_rows: 1, ..Retention::default() };
    let runtime = Runtime::open(device.config().journal(JournalConfig { retention, ..sync() }).fallback(generous()));
    runtime.install(&device.bundle(&open_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let request = session.predict(&record(&session, &far())).unwrap().fallback.unwrap();
    session.predict(&record(&session, &good())).unwrap();
    assert!(session.resolve(&request, good_answer(&request)).is_ok());
    assert_eq!(device.reader().prediction(request.id).unwrap(), None);
    assert_eq!(runtime.health().counters["journal.unknown_id"], 1);
}

#[test]
fn an_answer_brings_no_row_back_of_a_person_who_was_forgotten() {
    let mut asker = Asker::new(generous());
    let record = record(&asker.session, &far());
    let request = asker.session.predict_for("ada", &record).unwrap().fallback.unwrap();
    assert_eq!(asker.runtime.forget("ada").unwrap(), 1);
    assert!(asker.session.resolve(&request, good_answer(&request)).is_ok());
    assert_eq!(asker.device.reader().prediction(request.id).unwrap(), None);
}

fn sync() -> JournalConfig {
    JournalConfig { durability: dunlin::journal::Durability::Sync, ..JournalConfig::default() }
}
