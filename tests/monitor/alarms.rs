//! Alarms: raised by a shift, not by chance; opened once, carried on, cleared when over; information is not an alarm.

use dunlin::monitor::{Against, Alarm};
use serde_json::{Map, Value, json};

use crate::population::{Watching, watched_parts};

/// Ten years older.
fn older(record: &mut Map<String, Value>) {
    let age = record["age"].as_f64().unwrap();
    record.insert("age".to_owned(), json!((age + 12.0).clamp(0.0, 120.0)));
}

fn open_drift(watching: &Watching) -> Vec<Alarm> {
    watching.runtime.alarms().unwrap().into_iter().filter(|alarm| alarm.kind == "drift").collect()
}

#[test]
fn no_shift_raises_no_alarm_and_a_shift_names_its_feature() {
    let mut watching = Watching::by(200);
    watching.see_usual(2_000);
    let reader = watching.reader();
    assert_eq!(watching.runtime.alarms().unwrap(), [], "ten windows without a shift");
    assert!(reader.windows(None, 20).unwrap()[0].judged.iter().any(|j| j.against == Against::Past));
    watching.see(200, older);
    let open = open_drift(&watching);
    assert_eq!(open.iter().map(|alarm| alarm.subject.as_str()).collect::<Vec<_>>(), ["age"]);
    let alarm = &open[0];
    let comparison = alarm.evidence.comparison.as_ref().unwrap();
    assert!(alarm.evidence.p_adjusted.unwrap() < 0.01 && comparison.effect >= 0.05);
    assert_eq!((comparison.n, comparison.reference_n), (200, 2_000));
    for text in [alarm.what(), alarm.how_sure(), alarm.what_to_do().to_owned()] {
        assert!(text.len() > 20, "{text}");
    }
    assert!(alarm.how_sure().contains("chi_square"), "{}", alarm.how_sure());
}

#[test]
fn an_alarm_is_opened_once_carried_on_and_cleared_when_it_is_over() {
    let mut watching = Watching::by(200);
    watching.see_usual(1_000);
    watching.see(600, older);
    let open = open_drift(&watching);
    assert_eq!((open.len(), open[0].windows), (1, 3));
    assert!(open[0].last_us > open[0].since_us);
    watching.see_usual(200);
    assert_eq!(open_drift(&watching), []);
    let events = watching.reader().events(100).unwrap();
    let of = |kind: &str| {
        let of_drift = events.iter().filter(|event| event.kind == kind && event.detail["kind"] == "drift");
        of_drift.count()
    };
    assert_eq!((of("alarm"), of("alarm_cleared")), (1, 1), "one of each, not one a window");
    let told = events.iter().find(|event| event.kind == "alarm").unwrap();
    for key in ["what", "how_sure", "what_to_do", "since_us", "subject"] {
        assert!(!told.detail[key].is_null(), "{key}");
    }
    watching.see(200, older);
    assert_eq!(open_drift(&watching).len(), 1, "it can come again");
    let all = watching.reader().alarms().unwrap();
    assert_eq!(all.iter().filter(|alarm| alarm.kind == "drift").count(), 2);
}

#[test]
fn a_shift_that_begins_in_the_middle_of_a_window_does_not_hide_itself() {
    let mut watching = Watching::by(200);
    watching.see_usual(1_100);
    watching.see(700, |record| {
        let age = record["age"].as_f64().unwrap();
        record.insert("age".to_owned(), json!((age + 36.0).clamp(0.0, 120.0)));
    });
    let open = open_drift(&watching);
    assert!(open.iter().any(|alarm| alarm.subject == "age" && alarm.windows >= 2), "{open:?}");
    let mut frozen = Watching::by(200);
    frozen.see_usual(1_100);
    frozen.see(700, |record| drop(record.insert("visits".to_owned(), json!(7))));
    let open = open_drift(&frozen);
    assert!(open.iter().any(|alarm| alarm.subject == "visits"), "{open:?}");
}

#[test]
fn a_window_with_too_little_evidence_clears_no_alarm() {
    let mut watching = Watching::by(200);
    watching.see_usual(1_000);
    watching.see(200, older);
    assert_eq!(open_drift(&watching).len(), 1);
    // Two hundred ages in order are worth a handful of independent ones.
    let age = std::cell::Cell::new(20.0);
    watching.see(200, |record| {
        age.set(age.get() + 0.4);
        record.insert("age".to_owned(), json!(age.get()));
    });
    let last = watching.reader().windows(None, 1).unwrap().remove(0);
    assert!(!last.judged.iter().any(|j| j.subject == "age" && j.against == Against::Past), "it was not judged");
    let open = open_drift(&watching);
    assert_eq!(open.iter().map(|alarm| (&*alarm.subject, alarm.windows)).collect::<Vec<_>>(), [("age", 1)]);
    watching.see_usual(200);
    assert_eq!(open_drift(&watching), [], "a calm window does");
}

#[test]
fn windows_with_drift_do_not_become_part_of_the_past() {
    let mut watching = Watching::by(200);
    watching.see_usual(400);
    watching.see(1_000, older);
    assert_eq!(open_drift(&watching)[0].windows, 5, "it is still drift in the fifth window");
    assert_eq!(watching.reader().watched().unwrap()[0].past["age"].total(), 400);
}

#[test]
fn the_past_is_full_at_two_thousand_rows_so_that_a_slow_drift_is_seen() {
    let mut watching = Watching::by(500);
    watching.see_usual(3_000);
    assert_eq!(watching.reader().watched().unwrap()[0].past["age"].total(), 2_000);
}

#[test]
fn a_population_of_its_own_is_a_mismatch_with_training_and_no_alarm() {
    let mut watching = Watching::by(200);
    watching.see(1_000, older);
    let open = watching.runtime.alarms().unwrap();
    assert!(open.iter().all(|alarm| alarm.kind == "training_mismatch"), "{open:?}");
    assert!(open.iter().any(|alarm| alarm.subject == "age" && alarm.windows == 5));
    assert!(open.iter().all(|alarm| alarm.severity == dunlin_wire::Severity::Information));
    let counters = watching.runtime.health().counters;
    assert_eq!(counters["monitor.alarms"], 0);
}

#[test]
fn more_missing_values_are_drift() {
    let mut watching = Watching::by(200);
    watching.see_usual(1_000);
    watching.see(200, |record| drop(record.remove("income")));
    assert!(open_drift(&watching).iter().any(|alarm| alarm.subject == "income"));
}

#[test]
fn a_guard_that_abstains_more_often_is_drift_of_the_verdict() {
    let mut parts = watched_parts();
    let scales = json!({"visits": {"center": 10.0, "scale": 10.0}});
    parts.reference.guard.distance = serde_json::from_value(json!({"scales": scales, "max": 50.0})).unwrap();
    let mut watching = Watching::with(&parts, 200);
    watching.see_usual(1_000);
    watching.see(200, |record| {
        if record["member"] == json!(true) {
            record.insert("visits".to_owned(), json!(100_000));
        }
    });
    let open = open_drift(&watching);
    assert!(open.iter().any(|alarm| alarm.subject == "verdict"), "{open:?}");
}

#[test]
fn a_feature_that_is_named_like_something_else_that_is_watched_costs_no_row() {
    let mut parts = watched_parts();
    let distribution = parts.reference.distributions["member"].clone();
    parts.schema.feature.push(
        serde_json::from_value(
            json!({"name": "verdict", "type": "BOOLEAN", "missing": {"policy": "impute", "value": false}}),
        )
        .unwrap(),
    );
    parts.reference.distributions.insert("verdict".to_owned(), distribution);
    let scales = json!({"visits": {"center": 10.0, "scale": 10.0}});
    parts.reference.guard.distance = serde_json::from_value(json!({"scales": scales, "max": 50.0})).unwrap();
    let mut watching = Watching::with(&parts, 100);
    watching.see(500, |record| drop(record.insert("verdict".to_owned(), json!(false))));
    watching.see(200, |record| {
        record.insert("verdict".to_owned(), json!(true));
        record.insert("visits".to_owned(), json!(100_000));
    });
    assert!(open_drift(&watching).iter().any(|alarm| alarm.subject == "verdict"));
    assert_eq!(watching.reader().totals().unwrap().predictions, 700, "every row is there");
}

#[test]
fn a_model_slower_than_its_bundle_allows_is_noticed() {
    let mut parts = watched_parts();
    parts.latency_budget_us = Some(1);
    // The clock by hand stands still during a prediction; the system's does not.
    let device = crate::device::Device::new();
    let monitor = dunlin::monitor::MonitorConfig { window_rows: 50, ..Default::default() };
    let runtime = dunlin::Runtime::open(device.config().monitor(monitor));
    runtime.install(&device.bundle(&parts)).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let mut dice = crate::population::Dice(3);
    for _ in 0..50 {
        let record = dunlin::Record::from_json(session.schema(), &dice.record()).unwrap();
        session.predict(&record).unwrap();
    }
    let open = runtime.alarms().unwrap();
    let latency = open.iter().find(|alarm| alarm.kind == "latency").unwrap();
    assert!(latency.evidence.value.unwrap() > latency.evidence.limit.unwrap());
    assert_eq!(latency.evidence.limit, Some(1.0));
}

#[test]
fn a_model_past_its_age_is_noticed_once() {
    let mut watching = Watching::by(50);
    watching.hand.advance(std::time::Duration::from_secs(91 * 24 * 3_600));
    watching.see_usual(150);
    let open = watching.runtime.alarms().unwrap();
    let stale: Vec<&Alarm> = open.iter().filter(|alarm| alarm.kind == "stale").collect();
    assert_eq!((stale.len(), stale[0].windows), (1, 3));
}
