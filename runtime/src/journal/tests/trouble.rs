//! Journals that are locked, corrupt, foreign or from the future.

use super::*;
use crate::health::Part;
use crate::store::{StorageProblem, StorageProblemKind};

/// Opens a journal over this file, and expects it to be set aside, untouched, and replaced.
fn is_set_aside(content: &[u8]) {
    assert!(set_aside(content) == content, "what was found is kept as it was");
}

/// Opens a journal over this file, and expects it to be set aside and replaced; what was set aside is returned.
fn set_aside(content: &[u8]) -> Vec<u8> {
    let mut bench = Bench::new();
    std::fs::write(bench.path().join("journal.db"), content).unwrap();
    let journal = bench.open(sync());
    let (id, appended) = journal.append(bench.row());
    assert_eq!(appended, Appended::Written);
    assert!(bench.reader().prediction(id).unwrap().is_some());

    assert_eq!(bench.count(Counter::SetAside), 1);
    let (part, notices) = journal.health();
    assert_eq!((part, notices.len()), (Part::Ok, 1));
    assert_eq!(bench.reader().events(1).unwrap()[0].kind, "journal_set_aside");
    let aside = aside(bench.path());
    assert_eq!(aside.len(), 1);
    std::fs::read(&aside[0]).unwrap()
}

fn aside(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".aside-"))
        .collect();
    found.sort();
    found
}

/// The bytes of a database made by these statements.
fn database(sql: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    std::fs::read(path).unwrap()
}

/// The bytes of a journal with rows.
fn journal_bytes() -> Vec<u8> {
    let mut bench = Bench::new();
    let journal = bench.open(patient(1_000));
    (0..500).for_each(|_| drop(journal.append(bench.row())));
    journal.close().unwrap();
    std::fs::read(bench.path().join("journal.db")).unwrap()
}

#[test]
fn random_bytes_are_set_aside() {
    is_set_aside(&(0..9_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>());
}

#[test]
fn a_truncated_journal_is_set_aside() {
    let whole = journal_bytes();
    is_set_aside(&whole[..whole.len() / 2]);
    is_set_aside(&whole[..4_096 + 17]);
}

#[test]
fn another_program_s_database_is_set_aside() {
    is_set_aside(&database("CREATE TABLE theirs (x); PRAGMA application_id = 77;"));
    is_set_aside(&database("CREATE TABLE theirs (x);"));
}

#[test]
fn a_journal_from_the_future_is_set_aside() {
    let future = format!(
        "CREATE TABLE t (x); PRAGMA application_id = {}; PRAGMA user_version = 99;",
        i32::from_be_bytes(*b"DnlJ")
    );
    is_set_aside(&database(&future));
}

#[test]
fn a_journal_without_its_tables_is_set_aside() {
    let hollow = format!(
        "CREATE TABLE t (x); PRAGMA application_id = {}; PRAGMA user_version = 5;",
        i32::from_be_bytes(*b"DnlJ")
    );
    // Its header said that it was ours, so it was opened as such, and has the mark of a WAL database now.
    assert_eq!(set_aside(&database(&hollow)).len(), database(&hollow).len());
}

#[test]
fn damage_found_while_writing_is_set_aside_and_the_row_is_not_lost() {
    let mut bytes = journal_bytes();
    // Everything but the first page, which holds the schema.
    bytes[4_096..].fill(0xAA);
    is_set_aside(&bytes);
}

#[test]
fn an_empty_file_becomes_a_journal() {
    let mut bench = Bench::new();
    std::fs::write(bench.path().join("journal.db"), "").unwrap();
    let journal = bench.open(sync());
    assert_eq!((journal.append(bench.row()).1, bench.count(Counter::SetAside)), (Appended::Written, 0));
}

#[test]
fn only_the_last_few_are_kept_aside_and_none_after_somebody_is_forgotten() {
    let mut bench = Bench::new();
    for n in 0..5 {
        std::fs::write(bench.path().join("journal.db"), format!("not a database, the {n}th").repeat(50)).unwrap();
        bench.open(sync()).close().unwrap();
    }
    let kept = aside(bench.path());
    assert_eq!(kept.len(), 2);
    assert!(std::fs::read_to_string(&kept[1]).unwrap().contains("the 4th"), "the newest are kept");
    let journal = bench.open(sync());
    journal.forget(crate::privacy::HashKey::random().subject("ada")).unwrap();
    assert_eq!(aside(bench.path()).len(), 0);
}

#[test]
fn a_folder_in_use_counts_its_rows_and_names_the_folder_until_it_is_free() {
    let mut bench = Bench::new();
    let other = Folder::new(bench.path());
    other.lock().unwrap();
    let journal = bench.open(sync());
    let expected = StorageProblem { path: bench.path().to_owned(), kind: StorageProblemKind::InUse };
    assert_eq!(journal.problem(), Some(expected.clone()));
    assert_eq!(journal.append(bench.row()).1, Appended::Failed(expected));
    assert_eq!(bench.count(Counter::WriteFailed), 1);
    let (part, _) = journal.health();
    assert!(matches!(part, Part::Degraded(notice) if notice.since_us == bench.clock.now().wall_us
        && notice.what.contains("in use") && !notice.remedy.is_empty()));

    other.release();
    assert!(journal.append(bench.row()).1.is_lost(), "not tried again at every row");
    bench.hand.advance(Duration::from_secs(31));
    assert_eq!(journal.append(bench.row()).1, Appended::Written);
    assert_eq!(journal.problem(), None);
    journal.close().unwrap();
    assert_eq!(bench.reader().counters().unwrap()["journal.write_failed"], 2);
    drop(bench.open(sync()));
    assert_eq!(bench.count(Counter::CrashLostAtMost), 0, "rows that were counted as failed are not counted again");
}

#[test]
fn a_flush_tries_a_degraded_journal_at_once() {
    let mut bench = Bench::new();
    let other = Folder::new(bench.path());
    other.lock().unwrap();
    let journal = bench.open(patient(100));
    assert_eq!(journal.flush().unwrap_err().kind, StorageProblemKind::InUse);
    other.release();
    let (id, _) = journal.append(bench.row());
    journal.flush().unwrap();
    assert!(bench.reader().prediction(id).unwrap().is_some());
}

#[test]
fn a_journal_in_the_place_of_a_folder_is_degraded_and_leaves_the_file_alone() {
    let mut bench = Bench::new();
    let path = bench.path().join("file");
    std::fs::write(&path, "mine").unwrap();
    let folder = Arc::new(Folder::new(&path));
    let counters: Arc<Counters> = Arc::default();
    let journal = Journal::open(folder, bench.clock.clone(), Epoch::provisional(), sync(), counters.clone());
    assert!(journal.append(bench.row()).1.is_lost());
    assert_eq!(journal.problem().unwrap().kind, StorageProblemKind::NotAFolder);
    drop(journal);
    assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), counters.get(Counter::WriteFailed)), ("mine", 1));
    bench.epoch += 1;
}

#[test]
fn a_folder_deleted_under_a_running_journal_is_counted_not_panicked_over() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let _ = journal.append(bench.row());
    std::fs::remove_dir_all(bench.path()).unwrap();
    for _ in 0..3 {
        let _ = journal.append(bench.row());
    }
    let _ = journal.close();
}

#[test]
fn a_reader_says_why_there_is_nothing_to_read() {
    let bench = Bench::new();
    assert!(Reader::open(bench.path()).is_err());
    std::fs::write(bench.path().join("journal.db"), "garbage ".repeat(1_000)).unwrap();
    let problem = Reader::open(bench.path()).unwrap_err();
    assert!(matches!(problem.kind, StorageProblemKind::Corrupt { .. }), "{problem}");
    assert_eq!(highest_epoch(bench.path()), 0);
}

#[test]
fn the_highest_epoch_leaves_provisional_ones_out() {
    let mut bench = Bench::new();
    bench.epoch = 41;
    let journal = bench.open(sync());
    let _ = journal.append(bench.row());
    journal.close().unwrap();
    let folder = Arc::new(Folder::new(bench.path()));
    let journal = Journal::open(folder, bench.clock.clone(), Epoch::provisional(), sync(), Arc::default());
    let _ = journal.append(bench.row());
    assert_eq!(highest_epoch(bench.path()), 42);
}
