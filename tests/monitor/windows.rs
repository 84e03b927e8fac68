//! Windows: when they close, what they count, and that nothing of them is counted twice or lost on the way.

use std::time::Duration;

use dunlin::journal::{Durability, JournalConfig};
use dunlin::{Config, Record, Runtime};
use serde_json::json;

use crate::device::Device;
use crate::population::{Dice, Watching, watched_parts};

#[test]
fn a_window_closes_with_its_last_row_and_its_counts_are_those_of_the_rows() {
    let mut watching = Watching::by(100);
    watching.see_usual(250);
    let reader = watching.reader();
    let windows = reader.windows(None, 10).unwrap();
    assert_eq!(windows.iter().map(|w| w.summary.rows).collect::<Vec<_>>(), [100, 100]);
    let open = reader.watched().unwrap()[0].open.clone().unwrap();
    assert_eq!(open.rows, 50);
    let rows = watching.device.rows();
    let first = &rows[..100];
    let summary = &windows[1].summary;
    let accepted = first.iter().filter(|row| row.verdict == "accept").count() as u64;
    assert_eq!(summary.verdicts.get("accept").copied().unwrap_or(0), accepted);
    let visits = summary.features.iter().find(|f| f.name == "visits").unwrap();
    assert_eq!(visits.counts.iter().sum::<u64>(), 100);
    let bins = reader.watched().unwrap()[0].reference["visits"].bins().clone();
    let zeros = first.iter().filter(|row| row.features.as_ref().unwrap()["visits"] == json!(0)).count() as u64;
    assert_eq!(visits.counts[bins.of_number(0.0).unwrap()], zeros, "the counts are of these very rows");
    let income = summary.features.iter().find(|f| f.name == "income").unwrap();
    assert_eq!(income.counts.iter().sum::<u64>() + income.missing, 100);
    assert!(income.missing > 10);
}

#[test]
fn a_row_that_is_synced_by_itself_rewrites_only_what_differs() {
    const ROWS: u64 = 20;
    /// As they lie in the write-ahead log: with a header each.
    const PAGE_BYTES: u64 = 4_096 + 24;
    let (device, mut dice) = (Device::new(), Dice(7));
    let journal = JournalConfig { durability: Durability::Sync, ..JournalConfig::default() };
    let runtime = Runtime::open(Config::new(device.folder(), device.key.trusted()).journal(journal));
    runtime.install(&device.bundle(&watched_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let mut see = |rows| {
        (0..rows).for_each(|_| {
            let record = Record::from_json(session.schema(), &dice.record()).unwrap();
            session.predict(&record).unwrap();
        });
    };
    let bytes = || std::fs::metadata(device.folder().join("journal.db-wal")).unwrap().len();
    see(10);
    let before = bytes();
    see(ROWS);
    let pages = (bytes() - before) as f64 / PAGE_BYTES as f64 / ROWS as f64;
    // 6.4 here, and 10.1 where each text of the window has a length of its own.
    assert!((3.0..=8.0).contains(&pages), "{pages} pages a row");
}

#[test]
fn a_day_closes_a_window_that_has_enough_rows_and_no_other() {
    let mut watching = Watching::by(500);
    watching.see_usual(49);
    watching.hand.advance(Duration::from_secs(25 * 3_600));
    watching.runtime.tick().unwrap();
    assert_eq!(watching.reader().windows(None, 10).unwrap().len(), 0, "49 rows are too few to judge and to hide in");
    watching.see_usual(1);
    watching.runtime.tick().unwrap();
    let windows = watching.reader().windows(None, 10).unwrap();
    assert_eq!((windows.len(), windows[0].summary.rows), (1, 50));
    watching.see_usual(60);
    watching.runtime.tick().unwrap();
    assert_eq!(watching.reader().windows(None, 10).unwrap().len(), 1, "the next one has just begun");
}

#[test]
fn an_open_window_goes_on_after_a_restart() {
    let mut watching = Watching::by(100);
    watching.see_usual(70);
    let mut watching = watching.reopen(100);
    watching.see_usual(40);
    let reader = watching.reader();
    let windows = reader.windows(None, 10).unwrap();
    assert_eq!((windows.len(), windows[0].summary.rows, windows[0].epoch), (1, 100, 1));
    let models = reader.watched().unwrap();
    assert_eq!(models[0].open.as_ref().unwrap().rows, 10);
    assert_eq!(models[0].open.as_ref().unwrap().windows[0].epoch, 2, "the next one began in the second opening");
    assert_eq!(models[0].past["age"].total(), 100);
}

#[test]
fn refused_records_count_in_their_window_under_the_feature_at_fault() {
    let mut watching = Watching::by(50);
    watching.see_usual(45);
    let schema = watching.session.schema().clone();
    let mut refuse = |change: &dyn Fn(&mut Record<'_>)| {
        let mut record = Record::from_json(&schema, &watching.dice.record()).unwrap();
        change(&mut record);
        assert!(watching.session.predict(&record).is_err());
    };
    refuse(&|record| assert!(record.set(&schema, "age", f64::NAN).is_ok()));
    refuse(&|record| assert!(record.set(&schema, "age", 200.0).is_ok()));
    refuse(&|record| assert!(record.set(&schema, "age", 300.0).is_ok()));
    refuse(&|record| assert!(record.set(&schema, "visits", -1i64).is_ok()));
    let missing = Record::from_json(&schema, json!({"age": 3.0}).as_object().unwrap()).unwrap();
    assert!(watching.session.predict(&missing).is_err());
    let windows = watching.reader().windows(None, 10).unwrap();
    let summary = &windows[0].summary;
    assert_eq!((summary.rows, summary.verdicts["refused"]), (50, 5));
    let of = |name: &str| summary.features.iter().find(|f| f.name == name).unwrap();
    assert_eq!((of("age").non_finite, of("age").out_of_domain, of("age").missing), (1, 2, 0));
    assert_eq!((of("visits").out_of_domain, of("visits").missing), (1, 1));
    assert_eq!(summary.reasons["out_of_domain"], 3);
    assert_eq!(of("age").counts.iter().sum::<u64>(), 45, "a refused record's other features are not counted");
}

#[test]
fn levels_outside_of_the_vocabulary_are_counted_as_unseen() {
    let mut watching = Watching::by(50);
    watching.see(50, |record| drop(record.insert("colour".to_owned(), json!("violet"))));
    let summary = watching.reader().windows(None, 1).unwrap()[0].summary.clone();
    let colour = summary.features.iter().find(|f| f.name == "colour").unwrap();
    assert_eq!((colour.unseen, colour.counts.as_slice()), (50, [0, 0, 0, 50].as_slice()));
}

#[test]
fn a_version_that_nobody_uses_any_more_has_its_window_closed_and_its_alarms_cleared() {
    let mut watching = Watching::by(200);
    watching.see_usual(1_000);
    watching.see(230, |record| drop(record.insert("visits".to_owned(), json!(7))));
    assert!(!watching.runtime.alarms().unwrap().is_empty());
    let newer = dunlin_bundle::Parts { sequence: 8, ..crate::population::watched_parts() };
    watching.runtime.install(&watching.device.bundle(&newer)).unwrap();
    let mut watching = watching.reopen(200);
    watching.see_usual(10);
    watching.hand.advance(Duration::from_secs(8 * 24 * 3_600));
    watching.see_usual(10);
    watching.runtime.tick().unwrap();
    let reader = watching.reader();
    let last = reader.windows(None, 1).unwrap().remove(0);
    assert_eq!((last.summary.model.sequence, last.summary.rows, last.summary.features.len()), (7, 30, 0));
    assert_eq!(watching.runtime.alarms().unwrap(), [], "they were the old version's");
    let open: u64 = reader.watched().unwrap().iter().filter_map(|m| m.open.as_ref()).map(|open| open.rows).sum();
    let closed: u64 = reader.windows(None, 100).unwrap().iter().map(|w| w.summary.rows).sum();
    assert_eq!(closed + open, 1_250, "no row is lost by it");
}

#[test]
fn every_row_is_in_exactly_one_window_over_many_restarts() {
    let mut watching = Watching::by(60);
    for count in [10, 55, 120, 1, 59, 60, 61, 200] {
        watching.see_usual(count);
        watching = watching.reopen(60);
    }
    let reader = watching.reader();
    let windows = reader.windows(None, 100).unwrap();
    let open = reader.watched().unwrap()[0].open.as_ref().map_or(0, |open| open.rows);
    let closed: u64 = windows.iter().map(|w| w.summary.rows).sum();
    assert_eq!(closed + open, 566);
    let mut ids: Vec<(u32, u32)> = windows.iter().map(|w| (w.epoch, w.number)).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), windows.len(), "no window's id comes twice");
    assert_eq!(reader.waiting().unwrap().iter().map(|w| w.windows).sum::<u64>(), windows.len() as u64);
}
