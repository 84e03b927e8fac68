//! What a policy spends at most: the day's budget, and how often a service in trouble is tried.

use std::time::Duration;

use dunlin::fallback::FallbackPolicy;
use dunlin::outbox::TransportError;
use dunlin::{AnsweredBy, Config, Runtime};

use super::{Asker, START_US, answer, generous, good_answer, open_parts};
use crate::device::{Device, far, record};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

fn two_a_day() -> FallbackPolicy {
    FallbackPolicy { requests_a_day: 2, ..generous() }
}

#[test]
fn a_day_s_budget_is_spent_once_and_comes_back_a_day_later() {
    let mut asker = Asker::new(two_a_day());
    assert_eq!((0..5).filter(|_| asker.asks()).count(), 2);
    assert_eq!((asker.count("fallback.requests"), asker.count("fallback.over_budget")), (2, 3));
    asker.hand.advance(DAY - Duration::from_micros(1));
    assert!(!asker.asks());
    asker.hand.advance(Duration::from_micros(1));
    assert_eq!((0..5).filter(|_| asker.asks()).count(), 2);
}

#[test]
fn the_budget_holds_over_a_restart_and_over_a_clock_set_back_a_day() {
    let mut asker = Asker::new(two_a_day());
    assert!(asker.asks());
    let mut asker = asker.restart(START_US, two_a_day());
    assert!(asker.asks() && !asker.asks(), "one was left");
    asker.hand.set_wall(START_US - DAY_US);
    assert!(!asker.asks(), "set back while open");
    let mut asker = asker.restart(START_US - DAY_US, two_a_day());
    assert!(!asker.asks(), "set back over a restart");
    asker.hand.advance(DAY - Duration::from_secs(1));
    assert!(!asker.asks());
    asker.hand.advance(Duration::from_secs(1));
    assert!(asker.asks(), "a day has passed, whatever the clock on the wall says");
    assert!(asker.count("fallback.requests") == 3, "counters survive restarts too");
}

#[test]
fn a_budget_of_nothing_asks_nothing() {
    let mut asker = Asker::new(FallbackPolicy { requests_a_day: 0, ..generous() });
    assert!(!asker.asks());
    assert_eq!(asker.count("fallback.over_budget"), 1);
}

#[test]
fn sessions_share_the_budget() {
    let mut asker = Asker::new(two_a_day());
    let mut other = asker.runtime.session("tiny").unwrap();
    assert!(asker.asks());
    assert!(other.predict(&record(&other, &far())).unwrap().fallback.is_some());
    assert!(!asker.asks());
}

#[test]
fn the_circuit_opens_after_failures_in_a_row_lets_one_probe_through_and_closes() {
    let open_for = Duration::from_secs(60);
    let mut asker = Asker::new(FallbackPolicy { failures: 3, open_for, ..generous() });
    for failure in [answer(503, ""), Err(TransportError::new("timed out")), answer(200, "<html>")] {
        let request = asker.request();
        assert!(asker.session.resolve(&request, failure).is_err());
    }
    assert!(!asker.asks(), "open");
    asker.hand.advance(open_for - Duration::from_micros(1));
    assert!(!asker.asks(), "still open");
    asker.hand.advance(Duration::from_micros(1));
    let probe = asker.request();
    assert!(!asker.asks(), "half open: one probe at a time");
    assert!(asker.session.resolve(&probe, answer(500, "")).is_err());
    assert!(!asker.asks(), "open again");
    assert_eq!(asker.count("fallback.circuit_open"), 4);
    asker.hand.advance(open_for);
    let probe = asker.request();
    assert!(asker.session.resolve(&probe, good_answer(&probe)).is_ok());
    assert!(asker.asks() && asker.asks() && asker.asks(), "closed");
}

#[test]
fn a_probe_that_the_host_never_reports_makes_room_for_another_after_its_deadline() {
    let open_for = Duration::from_secs(60);
    let mut asker = Asker::new(FallbackPolicy { failures: 1, open_for, ..generous() });
    let request = asker.request();
    assert!(asker.session.resolve(&request, answer(500, "")).is_err());
    asker.hand.advance(open_for);
    assert!(asker.asks() && !asker.asks());
    asker.hand.advance(generous().deadline);
    assert!(asker.asks());
}

#[test]
fn an_open_circuit_holds_over_a_restart() {
    let policy = || FallbackPolicy { failures: 1, open_for: Duration::from_secs(60), ..generous() };
    let mut asker = Asker::new(policy());
    let request = asker.request();
    assert!(asker.session.resolve(&request, answer(500, "")).is_err());
    let mut asker = asker.restart(START_US + 30_000_000, policy());
    assert!(!asker.asks());
    asker.hand.advance(Duration::from_secs(30));
    assert!(asker.asks());
}

#[test]
fn a_service_that_has_no_answer_for_one_record_is_no_service_in_trouble() {
    let mut asker = Asker::new(FallbackPolicy { failures: 1, ..generous() });
    for status in [422, 422, 422] {
        let request = asker.request();
        assert!(asker.session.resolve(&request, answer(status, r#"{"error": "the model abstains"}"#)).is_err());
    }
    assert!(asker.asks());
}

#[test]
fn requests_made_while_the_folder_was_another_process_s_count_once_it_is_free() {
    let device = Device::new();
    let open = || Runtime::open(Config::new(device.folder(), device.key.trusted()).fallback(three_a_day()));
    fn asks(session: &mut dunlin::Session) -> bool {
        let answer = session.predict(&record(session, &far())).unwrap();
        assert_eq!(answer.answered_by, AnsweredBy::Nobody);
        answer.fallback.is_some()
    }
    let first = open();
    first.install(&device.bundle(&open_parts())).unwrap();
    let mut at_first = first.session("tiny").unwrap();
    let second = open();
    let mut at_second = second.session("tiny").unwrap();
    assert!(asks(&mut at_first) && asks(&mut at_second));
    drop(at_first);
    first.close().unwrap();
    assert!(asks(&mut at_second));
    drop(at_second);
    drop(second);
    let third = open();
    assert!(!asks(&mut third.session("tiny").unwrap()), "three were asked in all");
}

fn three_a_day() -> FallbackPolicy {
    FallbackPolicy { requests_a_day: 3, ..generous() }
}
