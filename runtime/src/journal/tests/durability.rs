//! When rows are on the disk, in which order, and how they are accounted for.

use std::time::Instant;

use proptest::prelude::*;

use super::*;

#[test]
fn a_prediction_is_read_back_as_it_was_given() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let subject = crate::privacy::HashKey::random().subject("ada");
    let mut row = bench.row();
    row.verdict = "abstain".into();
    row.reasons = vec!["low_confidence".into(), "far".into()];
    row.subject = Some(subject);
    row.features = Some(r#"{"age":41}"#.into());
    let (id, appended) = journal.append(row);
    assert_eq!(appended, Appended::Written);

    let read = bench.reader().prediction(id).unwrap().unwrap();
    assert_eq!((read.model_id.as_str(), read.version.as_str(), read.sequence), ("digits", "1.0.0", 3));
    assert_eq!(
        (read.slot.as_str(), read.answered_by.as_str(), read.kernel_set.as_str()),
        ("active", "model", "scalar")
    );
    assert_eq!((read.verdict.as_str(), read.reasons), ("abstain", vec!["low_confidence".to_owned(), "far".to_owned()]));
    assert_eq!((read.confidence, read.distance, read.latency_us), (Some(0.93), Some(1.25), 52));
    assert_eq!((read.wall_us, read.mono_us), (bench.clock.now().wall_us, bench.clock.now().mono_us));
    assert_eq!((read.boot_id.as_str(), read.subject_hash), (bench.clock.boot_id(), Some(subject.to_string())));
    assert_eq!(read.features, Some(serde_json::json!({"age": 41})));
    assert_eq!(read.output, Some(serde_json::json!({"digit": 7})));
}

#[test]
fn a_refused_record_is_a_row_that_names_its_culprit() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let mut row = bench.row();
    (row.verdict, row.answered_by) = (REFUSED.into(), "none".into());
    (row.culprit, row.output, row.confidence) = (Some("pixels".into()), None, None);
    let (id, _) = journal.append(row);
    let read = bench.reader().prediction(id).unwrap().unwrap();
    assert_eq!((read.culprit.as_deref(), read.output, read.features), (Some("pixels"), None, None));
    assert_eq!((bench.count(Counter::Refused), bench.count(Counter::Predictions)), (1, 1));
}

#[test]
fn in_sync_mode_a_row_is_readable_when_append_returns() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    for n in 1..=20 {
        let (id, appended) = journal.append(bench.row());
        assert_eq!((id.counter(), appended), (n, Appended::Written));
        assert!(bench.reader().prediction(id).unwrap().is_some());
    }
}

#[test]
fn many_threads_may_append_in_sync_mode_at_once() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| (0..5).for_each(|_| assert_eq!(journal.append(bench.row()).1, Appended::Written)));
        }
    });
    assert_eq!(bench.reader().totals().unwrap().predictions, 200);
}

#[test]
fn a_batch_is_written_at_the_high_water_mark_without_waiting_for_the_timer() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(8));
    for _ in 0..8 {
        assert_eq!(journal.append(bench.row()).1, Appended::Queued);
    }
    until(|| bench.reader().totals().unwrap().predictions == 8);
}

#[test]
fn a_lonely_row_is_written_when_its_delay_is_over() {
    let mut bench = Bench::new();
    let durability = Durability::Batched { max_delay: Duration::from_millis(30), max_rows: 100 };
    let journal = bench.open(JournalConfig { durability, ..JournalConfig::default() });
    let _ = journal.append(bench.row());
    until(|| bench.reader().totals().unwrap().predictions == 1);
}

#[test]
fn a_full_ring_drops_and_counts_and_does_not_wait() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(2));
    // The writer cannot commit while somebody else holds the database.
    let blocker = rusqlite::Connection::open(bench.path().join("journal.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let appended: Vec<Appended> = (0..200).map(|_| journal.append(bench.row()).1).collect();
    let dropped = appended.iter().filter(|a| **a == Appended::Dropped).count() as u64;
    assert!(dropped >= 200 - 16, "a ring of eight and a batch of eight cannot hold more, dropped {dropped}");
    assert_eq!(bench.count(Counter::DroppedFull), dropped);
    blocker.execute_batch("ROLLBACK").unwrap();
    journal.close().unwrap();
    assert_eq!(bench.reader().totals().unwrap().predictions, 200 - dropped);
    assert_eq!(bench.reader().counters().unwrap()["journal.dropped_full"], dropped);
}

#[test]
fn closing_and_dropping_write_what_is_waiting() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(100));
    let _ = journal.append(bench.row());
    journal.close().unwrap();
    let journal = bench.open(patient(100));
    let _ = journal.append(bench.row());
    drop(journal);
    assert_eq!(bench.reader().totals().unwrap().predictions, 2);
}

#[test]
fn a_suspended_journal_holds_no_lock_and_goes_on_with_the_next_row() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(100));
    let _ = journal.append(bench.row());
    journal.suspend().unwrap();
    let other = Folder::new(bench.path());
    other.lock().expect("the lock is free");
    other.release();
    assert!(!bench.path().join("journal.db-wal").exists(), "nothing is left outside the main file");
    let (id, _) = journal.append(bench.row());
    journal.flush().unwrap();
    assert_eq!((id.counter(), bench.reader().totals().unwrap().predictions), (2, 2));
    other.lock().expect_err("the lock is taken again");
}

#[test]
fn a_crash_while_suspended_has_lost_nothing() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(100));
    let _ = journal.append(bench.row());
    journal.suspend().unwrap();
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(bench.path().join("journal.db"), copy.path().join("journal.db")).unwrap();
    bench.dir = copy;
    let _after = bench.open(sync());
    assert_eq!(bench.count(Counter::CrashLostAtMost), 0);
    drop(journal);
}

#[test]
fn the_next_opening_counts_once_what_a_crash_took() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(10));
    (0..3).for_each(|_| drop(journal.append(bench.row())));
    journal.flush().unwrap();
    bench.dir = as_a_crash_leaves_it(bench.path());
    drop(bench.open(patient(10)));
    assert_eq!((bench.count(Counter::CrashLostAtLeast), bench.count(Counter::CrashLostAtMost)), (0, 80));
    let event = bench.reader().events(1).unwrap().remove(0);
    assert_eq!((event.kind.as_str(), &event.detail["at_most"]), ("crash_loss", &serde_json::json!(80)));
    drop(bench.open(patient(10)));
    assert_eq!(bench.count(Counter::CrashLostAtMost), 80, "the total is taken over, and nothing is added");
}

#[test]
fn after_a_power_cut_what_was_not_forced_to_the_disk_may_be_lost_too() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(10));
    let _ = journal.append(bench.row());
    journal.flush().unwrap();
    bench.dir = as_a_crash_leaves_it(bench.path());
    bench.clock = Clock::by_hand(0).0;
    drop(bench.open(patient(10)));
    assert_eq!(bench.count(Counter::CrashLostAtMost), 80 + 4_096 + 40);
}

#[test]
fn after_a_power_cut_sync_mode_has_lost_no_more_than_was_in_flight() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let _ = journal.append(bench.row());
    bench.dir = as_a_crash_leaves_it(bench.path());
    bench.clock = Clock::by_hand(0).0;
    drop(bench.open(sync()));
    assert_eq!(bench.count(Counter::CrashLostAtMost), 32);
}

#[test]
fn a_configuration_of_extremes_still_writes() {
    for (max_rows, retained) in [(0, u64::MAX), (usize::MAX, u64::MAX), (1, 0)] {
        let mut bench = Bench::new();
        let durability = Durability::Batched { max_delay: Duration::MAX, max_rows };
        let retention = Retention { max_rows: retained, max_bytes: u64::MAX, max_age: Duration::MAX };
        let journal = bench.open(JournalConfig { durability, retention });
        let _ = journal.append(bench.row());
        journal.close().unwrap();
        assert_eq!(bench.reader().totals().unwrap().predictions, retained.min(1), "{max_rows} {retained}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Flush,
    Suspend,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..12).prop_map(Step::Append),
        1 => Just(Step::Flush),
        1 => Just(Step::Suspend),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_interleaving_keeps_the_order_of_ids_and_the_totals(steps in proptest::collection::vec(step(), 1..25)) {
        let mut bench = Bench::new();
        let config = patient(16);
        let mut journal = bench.open(config);
        let mut given = Vec::new();
        for step in steps {
            match step {
                Step::Append(n) => {
                    for _ in 0..n {
                        let (id, appended) = journal.append(bench.row());
                        prop_assert!(!appended.is_lost() || journal.flush().is_ok());
                        if !appended.is_lost() { given.push(id) }
                    }
                }
                Step::Flush => journal.flush().unwrap(),
                Step::Suspend => journal.suspend().unwrap(),
                Step::Reopen => {
                    journal.close().unwrap();
                    journal = bench.open(config);
                }
            }
        }
        journal.close().unwrap();
        let reader = bench.reader();
        let mut kept: Vec<_> = reader.newest(None, u32::MAX).unwrap().into_iter().map(|row| row.id).collect();
        kept.reverse();
        prop_assert!(given.is_sorted(), "ids grow in the order in which they are given out");
        prop_assert_eq!(&kept, &given);
        prop_assert_eq!(reader.totals().unwrap().predictions, given.len() as u64);
        prop_assert_eq!(bench.count(Counter::Predictions), given.len() as u64, "totals go on across openings");
        prop_assert_eq!(bench.count(Counter::CrashLostAtMost), 0);
        prop_assert_eq!(reader.check(), Ok(()));
    }
}

/// The files as a killed process leaves them.
fn as_a_crash_leaves_it(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["journal.db", "journal.db-wal"] {
        std::fs::copy(from.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "it did not happen in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}
