//! `Session::predict_batch`: order, refusals, the journal, and what it takes from the iterator when.

use std::cell::Cell;

use dunlin::counters::Counter;
use dunlin::journal::JournalConfig;
use dunlin::{Answer, AnsweredBy, PredictError, Record, TrialPolicy};
use dunlin_tests::challenger::biased;
use dunlin_tests::tiny_model;

use crate::place::{Place, small_ring, tiny_json, tiny_record};

fn probabilities(answer: &Result<Answer, PredictError>) -> Vec<f32> {
    answer.as_ref().unwrap().prediction.outputs.as_ref().unwrap()[0].values.clone()
}

#[test]
fn answers_come_in_the_order_of_the_records_and_are_those_of_the_model() {
    let place = Place::new();
    let (_runtime, mut session) = place.tiny(JournalConfig::default());
    let records: Vec<Record<'static>> = (0..300).map(|number| tiny_record(&session, number)).collect();
    // Borrowed and given away.
    let answers: Vec<_> = session.predict_batch(&records).collect();
    let again: Vec<_> = session.predict_batch(records).collect();
    assert_eq!((answers.len(), again.len()), (300, 300));
    for (number, (answer, again)) in answers.iter().zip(&again).enumerate() {
        let expected = tiny_model::answer(&tiny_json(number));
        for (found, expected) in probabilities(answer).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{number}: {found} for {expected}");
        }
        assert_eq!(probabilities(answer), probabilities(again));
    }
    assert!(answers.windows(2).all(|pair| pair[0].as_ref().unwrap().id < pair[1].as_ref().unwrap().id));
}

#[test]
fn a_record_that_is_refused_or_could_not_be_read_ends_nothing_and_is_on_the_record() {
    let place = Place::new();
    let (runtime, mut session) = place.tiny(JournalConfig::default());
    let schema = session.schema().clone();
    let lines = [
        serde_json::to_string(&tiny_json(1)).unwrap(),
        r#"{"age": 400, "visits": 1, "colour": "red", "member": true}"#.to_owned(),
        r#"{"age": "old"}"#.to_owned(),
        "no JSON".to_owned(),
        serde_json::to_string(&tiny_json(2)).unwrap(),
    ];
    let records = lines.iter().map(|line| Record::from_json_str(&schema, line));
    let answers: Vec<_> = session.predict_batch(records).collect();
    let codes: Vec<&str> =
        answers.iter().map(|answer| answer.as_ref().map_or_else(PredictError::code, |_| "answered")).collect();
    assert_eq!(codes, ["answered", "out_of_domain", "wrong_type", "not_an_object", "answered"]);
    assert_eq!(answers[1].as_ref().unwrap_err().feature(), Some("age"));
    runtime.flush().unwrap();
    assert_eq!(place.reader().totals().unwrap().predictions, 5);
    assert_eq!(runtime.health().counters[Counter::Refused.name()], 3);
}

#[test]
fn a_record_is_taken_when_its_answer_is_and_not_before() {
    let place = Place::new();
    let (_runtime, mut session) = place.tiny(JournalConfig::default());
    let (record, taken) = (tiny_record(&session, 1), Cell::new(0));
    let endless = std::iter::repeat_with(|| {
        taken.set(taken.get() + 1);
        &record
    });
    let mut batch = session.predict_batch(endless);
    assert_eq!(taken.get(), 0);
    for expected in 1..=10 {
        assert!(batch.next().unwrap().is_ok());
        assert_eq!(taken.get(), expected);
    }
}

#[test]
fn a_batch_that_is_faster_than_the_disk_loses_no_row_and_neither_do_its_labels() {
    const ROWS: usize = 3_000;
    let place = Place::new();
    let (runtime, mut session) = place.tiny(small_ring());
    let records: Vec<_> = (0..ROWS).map(|number| tiny_record(&session, number)).collect();
    for answer in session.predict_batch(&records) {
        let labelled = runtime.label(answer.unwrap().id, "low").unwrap();
        assert!(!labelled.is_lost());
    }
    runtime.flush().unwrap();
    let totals = place.reader().totals().unwrap();
    assert_eq!((totals.predictions, totals.labels), (ROWS as u64, ROWS as u64));
    let counters = runtime.health().counters;
    assert_eq!((counters[Counter::DroppedFull.name()], counters[Counter::WriteFailed.name()]), (0, 0));

    // After the batch the session is a live caller's again, which is not kept waiting: with this ring it loses rows.
    for record in records.iter().cycle().take(20 * ROWS) {
        session.predict(record).unwrap();
    }
    assert!(runtime.health().counters[Counter::DroppedFull.name()] > 0);
}

#[test]
fn a_candidate_watches_a_batch_as_it_watches_live_records() {
    let place = Place::new();
    let policy = TrialPolicy { shadow_share: 1.0, shadow_cpu: 100.0, min_compared: 1_000, ..TrialPolicy::default() };
    let config = dunlin::Config::new(place.path("runtime"), place.key.trusted()).trial(policy);
    let runtime = dunlin::Runtime::open(config);
    runtime.install(&place.bundle("tiny.dunlin", &dunlin_tests::fixture::tiny_parts())).unwrap();
    let mut proven = runtime.session("tiny").unwrap();
    let record = tiny_record(&proven, 1);
    proven.predict(&record).unwrap();
    runtime.install_candidate(&place.bundle("next.dunlin", &biased(8, [0.0; 3]))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let answers = session.predict_batch(std::iter::repeat_n(&record, 50));
    assert!(answers.into_iter().all(|answer| answer.unwrap().answered_by == AnsweredBy::Model));
    let figures = runtime.trials().unwrap()[0].figures.clone();
    // The first comparison proves that the candidate runs at all, and is not counted.
    assert_eq!(figures["compared"], serde_json::json!(49), "{figures}");
}
