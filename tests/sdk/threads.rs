//! Several threads on one session, and on one runtime while it is closed.

use std::collections::BTreeSet;
use std::sync::Barrier;

use dunlin_uniffi::{AnsweredBy, DunlinError};

use crate::sdk::{Sdk, case, good};

#[test]
fn two_threads_on_one_session_each_get_their_own_answers() {
    let sdk = Sdk::ready();
    let session = sdk.session("every");
    let (yes, no) = ("every_takes_each_type_of_feature", "every_answers_no_below_one_half");
    let start = Barrier::new(2);
    let ask = |name: &'static str, class: &'static str| {
        let record = crate::sdk::record(case(name));
        start.wait();
        let answers = (0..300).map(|_| session.predict(&record).unwrap());
        let ids = answers.map(|answer| {
            assert_eq!(answer.class.unwrap().name, class);
            answer.id
        });
        ids.collect::<BTreeSet<i64>>()
    };
    let (mut ids, others) = std::thread::scope(|scope| {
        let other = scope.spawn(|| ask(no, "no"));
        (ask(yes, "yes"), other.join().unwrap())
    });
    ids.extend(others);
    assert_eq!(ids.len(), 600, "no two predictions share an id");
}

#[test]
fn a_runtime_that_is_closed_under_several_threads_leaves_each_with_an_answer_or_closed() {
    for _ in 0..10 {
        let sdk = Sdk::ready();
        let session = sdk.session("every");
        let start = Barrier::new(3);
        let predict = || {
            let record = good();
            start.wait();
            loop {
                match session.predict(&record) {
                    Ok(answer) => assert_eq!(answer.answered_by, AnsweredBy::Model),
                    Err(DunlinError::Closed { .. }) => return,
                    Err(other) => panic!("{other:?}"),
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(predict);
            scope.spawn(predict);
            start.wait();
            sdk.runtime.close().unwrap();
        });
    }
}
