//! What leaves the journal, and that its totals stay right.

use super::*;
use crate::privacy::HashKey;

fn keep(retention: Retention) -> JournalConfig {
    JournalConfig { retention, ..sync() }
}

#[test]
fn the_oldest_predictions_leave_when_there_are_too_many_with_their_labels() {
    let mut bench = Bench::new();
    let config = keep(Retention { max_rows: 10, ..Retention::default() });
    let journal = bench.open(config);
    let ids: Vec<_> = (0..25)
        .map(|_| journal.append(bench.row()).0)
        .inspect(|id| {
            let _ = journal.label(*id, &1.into()).unwrap();
            let _ = journal.outcome(*id, "x", &1.into()).unwrap();
        })
        .collect();
    let reader = bench.reader();
    let totals = reader.totals().unwrap();
    assert_eq!((totals.predictions, totals.labels, totals.outcomes), (10, 10, 10));
    assert_eq!(reader.newest(None, 1).unwrap()[0].id, ids[24]);
    assert!(reader.prediction(ids[14]).unwrap().is_none() && reader.prediction(ids[15]).unwrap().is_some());
    assert_eq!(bench.count(Counter::EvictedRows), 15);
    assert_eq!(reader.check(), Ok(()));
}

#[test]
fn eviction_goes_by_the_order_of_openings_also_when_an_epoch_was_provisional() {
    let mut bench = Bench::new();
    let config = keep(Retention { max_rows: 3, ..Retention::default() });
    let folder = Arc::new(Folder::new(bench.path()));
    let provisional = Journal::open(folder, bench.clock.clone(), Epoch::provisional(), config, Arc::default());
    let (oldest, _) = provisional.append(bench.row());
    provisional.close().unwrap();
    let journal = bench.open(config);
    (0..3).for_each(|_| drop(journal.append(bench.row())));
    assert!(bench.reader().prediction(oldest).unwrap().is_none());
    assert_eq!(bench.reader().check(), Ok(()));
}

#[test]
fn predictions_leave_when_they_are_too_old() {
    let mut bench = Bench::new();
    let config = keep(Retention { max_age: Duration::from_secs(60), ..Retention::default() });
    let journal = bench.open(config);
    (0..5).for_each(|_| drop(journal.append(bench.row())));
    journal.close().unwrap();
    bench.hand.advance(Duration::from_secs(61));
    let journal = bench.open(config);
    let (young, _) = journal.append(bench.row());
    let left = bench.reader().newest(None, 10).unwrap();
    assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [young]);
    assert_eq!(bench.count(Counter::EvictedAge), 5);
    assert_eq!(bench.reader().check(), Ok(()));
}

#[test]
fn the_file_stays_within_its_bytes() {
    let mut bench = Bench::new();
    let max_bytes = 400_000;
    let mut config = patient(64);
    config.retention.max_bytes = max_bytes;
    let journal = bench.open(config);
    for n in 0..3_000 {
        let mut row = bench.row();
        row.features = Some(format!("{{\"text\":\"{}\"}}", "x".repeat(n % 500)));
        let _ = journal.append(row);
        if n % 64 == 63 {
            journal.flush().unwrap();
            assert!(bench.reader().totals().unwrap().used_bytes <= max_bytes);
        }
    }
    journal.close().unwrap();
    let left = bench.reader().totals().unwrap().predictions;
    assert!(left > 300, "and uses most of them: {left} rows are left");
    assert_eq!(left + bench.count(Counter::EvictedBytes), 3_000);
    let file = std::fs::metadata(bench.path().join("journal.db")).unwrap().len();
    assert!(file <= max_bytes * 5 / 4, "the file itself is {file} bytes");
    assert_eq!(bench.reader().check(), Ok(()));
}

#[test]
fn a_person_is_forgotten_and_nobody_else() {
    let mut bench = Bench::new();
    let key = HashKey::random();
    let (ada, bob) = (key.subject("ada"), key.subject("bob"));
    let journal = bench.open(patient(1_000));
    for n in 0..30 {
        let mut row = bench.row();
        row.subject = [Some(ada), Some(bob), None][n % 3];
        row.features = (row.subject == Some(ada)).then(|| r#"{"note":"ada-was-here"}"#.into());
        let (id, _) = journal.append(row);
        let _ = journal.label(id, &1.into()).unwrap();
    }
    assert_eq!(journal.forget(ada), Ok(10), "rows that were still waiting are forgotten too");
    assert_eq!(journal.forget(ada), Ok(0));
    let totals = bench.reader().totals().unwrap();
    assert_eq!((totals.predictions, totals.labels), (20, 20));
    assert_eq!(bench.count(Counter::Forgotten), 10);
    assert_eq!(bench.reader().check(), Ok(()));
    for name in ["journal.db", "journal.db-wal"] {
        let bytes = std::fs::read(bench.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(12).any(|w| w == b"ada-was-here"), "{name} still holds the row's bytes");
    }
}

#[test]
fn openings_without_predictions_leave_nothing_behind() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        bench.open(sync()).close().unwrap();
    }
    let db = rusqlite::Connection::open(bench.path().join("journal.db")).unwrap();
    let epochs: u32 = db.query_row("SELECT count(*) FROM epoch", [], |row| row.get(0)).unwrap();
    assert_eq!(epochs, 1, "the newest alone");
}
