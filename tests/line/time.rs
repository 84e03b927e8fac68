//! Time: models that have grown stale, clocks that jump, and an app that is suspended.

use std::time::Duration;

use dunlin::clock::{Clock, Hand};
use dunlin::journal::Retention;
use dunlin::journal::{Durability, JournalConfig};
use dunlin::{Config, Runtime, Session};
use dunlin_tests::fixture::tiny_parts;

use crate::device::{Device, good, record};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const START_US: i64 = 1_800_000_000_000_000;

fn by_hand(device: &Device) -> (Runtime, Hand) {
    let (clock, hand) = Clock::by_hand(START_US);
    let journal = JournalConfig {
        durability: Durability::Sync,
        retention: Retention { max_age: DAY * 3_650, ..Retention::default() },
    };
    let config = Config::new(device.folder(), device.key.trusted()).journal(journal).clock(clock);
    (Runtime::open(config), hand)
}

fn is_stale(session: &mut Session) -> bool {
    session.predict(&record(session, &good())).unwrap().stale
}

#[test]
fn answers_are_marked_stale_from_the_day_that_the_bundle_says_and_are_given_all_the_same() {
    let device = Device::new();
    let (runtime, hand) = by_hand(&device);
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    assert!(!is_stale(&mut session));
    hand.advance(DAY * 90 - Duration::from_secs(1));
    assert!(!is_stale(&mut session));
    hand.advance(Duration::from_secs(1));
    let answer = session.predict(&record(&session, &good())).unwrap();
    assert!(answer.stale && answer.outputs.is_some() && answer.verdict().is_accept());
    assert!(is_stale(&mut runtime.session("tiny").unwrap()), "age counts from the installation, not from the session");
    hand.set_wall(START_US);
    assert!(!is_stale(&mut session), "a clock set back is believed");
}

#[test]
fn installing_the_same_bundle_again_does_not_make_it_younger() {
    let device = Device::new();
    let bundle = device.bundle(&tiny_parts());
    let (runtime, hand) = by_hand(&device);
    runtime.install_shipped(&bundle).unwrap();
    hand.advance(DAY * 91);
    runtime.install_shipped(&bundle).unwrap();
    assert!(is_stale(&mut runtime.session("tiny").unwrap()));
}

#[test]
fn a_model_without_a_maximal_age_never_grows_stale() {
    let device = Device::new();
    let mut parts = tiny_parts();
    parts.max_age_days = None;
    let (runtime, hand) = by_hand(&device);
    runtime.install(&device.bundle(&parts)).unwrap();
    hand.advance(DAY * 3_600);
    assert!(!is_stale(&mut runtime.session("tiny").unwrap()));
}

#[test]
fn a_wall_clock_that_jumps_back_while_predicting_never_makes_a_negative_latency() {
    let device = Device::new();
    let (runtime, hand) = by_hand(&device);
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    hand.set_wall(-5);
    let answer = session.predict(&record(&session, &good())).unwrap();
    assert_eq!(answer.latency, Duration::ZERO);
    assert_eq!(device.reader().prediction(answer.id).unwrap().unwrap().wall_us, -5);
}

#[test]
fn a_suspended_runtime_gives_its_lock_back_and_goes_on_when_asked() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let before = session.predict(&record(&session, &good())).unwrap().id;
    runtime.suspend().unwrap();
    {
        let other = device.open();
        assert!(other.health().is_ok(), "the folder is free");
        let mut theirs = other.session("tiny").unwrap();
        let id = theirs.predict(&record(&theirs, &good())).unwrap().id;
        assert_ne!(id.epoch(), before.epoch());
    }
    let after = session.predict(&record(&session, &good())).unwrap().id;
    assert_eq!((after.epoch(), after.counter()), (before.epoch(), before.counter() + 1));
    assert!(runtime.health().is_ok());
    assert_eq!(device.reader().totals().unwrap().predictions, 3);
    drop(session);
    runtime.close().unwrap();
    device.reader().check().unwrap();
}

#[test]
fn an_app_that_is_killed_while_suspended_has_lost_nothing() {
    let device = Device::new();
    let batched = JournalConfig::default();
    let runtime = Runtime::open(Config::new(device.folder(), device.key.trusted()).journal(batched));
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let ids: Vec<_> = (0..50).map(|_| session.predict(&record(&session, &good())).unwrap().id).collect();
    runtime.suspend().unwrap();
    // A killed process runs no destructor.
    std::mem::forget((session, runtime));
    for id in ids {
        assert!(device.reader().prediction(id).unwrap().is_some());
    }
    assert_eq!(device.open().health().counters["journal.crash_lost_at_least"], 0);
}
