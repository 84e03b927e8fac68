//! A journal of the first version is taken over with its rows, and watched from then on.

use super::*;
use rusqlite::Connection;

/// What the first version left behind: an opening that was closed, a model, two predictions, a label.
const FIRST_VERSION: &str = include_str!("journal-version-1.sql");

#[test]
fn a_journal_of_the_first_version_is_migrated_with_its_rows() {
    let mut bench = Bench::new();
    let old = Connection::open(bench.path().join("journal.db")).unwrap();
    old.execute_batch(FIRST_VERSION).unwrap();
    old.close().unwrap();
    assert!(Reader::open(bench.path()).is_err(), "a reader does not migrate");
    bench.epoch = 3;
    let journal = bench.open(JournalConfig { durability: Durability::Sync, ..JournalConfig::default() });
    assert_eq!((journal.append(bench.row()).1, bench.count(Counter::SetAside)), (Appended::Written, 0));
    journal.close().unwrap();
    let reader = bench.reader();
    reader.check().unwrap();
    let first = reader.prediction("3-1".parse().unwrap()).unwrap().unwrap();
    assert_eq!((first.model_id.as_str(), first.label), ("digits", Some(Scalar::from("7"))));
    assert_eq!(reader.totals().unwrap().predictions, 3);
    assert_eq!((reader.windows(None, 10).unwrap().len(), reader.waiting().unwrap().len()), (0, 0));
    assert_eq!((reader.alarms().unwrap().len(), reader.uploads(10).unwrap().len()), (0, 0));
}
