//! `state.db` on real files: what it remembers, and that it is never forgotten in silence.

use std::path::Path;

mod trials;

use super::*;
use crate::store::StorageProblemKind;

fn open(path: &Path) -> State {
    State::open(Arc::new(Folder::new(path)), Clock::by_hand(1_700_000_000_000_000).0, 0)
}

fn model(version: &str, sequence: u64) -> NewModel {
    NewModel {
        model_id: "digits".into(),
        version: version.into(),
        sequence,
        digest: format!("digest of {version}"),
        file: format!("{version}.dunlin"),
    }
}

fn slots(state: &State) -> Vec<(String, Slot)> {
    state.models().unwrap().into_iter().map(|m| (m.model.version, m.slot)).collect()
}

#[test]
fn every_opening_has_an_epoch_of_its_own_and_the_installation_stays_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let (id, subject) = (first.identity().install_id, first.identity().hash_key.subject("ada"));
    assert_eq!((first.epoch().number(), first.identity().last_was_clean), (1, true));
    first.close().unwrap();
    let second = open(dir.path());
    assert_eq!((second.epoch().number(), second.identity().last_was_clean), (2, true));
    assert_eq!((second.identity().install_id, second.identity().hash_key.subject("ada")), (id, subject));
    drop(second);
    let third = open(dir.path());
    assert_eq!((third.epoch().number(), third.identity().last_was_clean), (3, false), "the second was not closed");
}

#[test]
fn the_count_of_openings_goes_on_from_the_journal_s_if_the_state_was_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let state = State::open(Arc::new(Folder::new(dir.path())), Clock::system(), 17);
    assert_eq!(state.epoch().number(), 18);
}

#[test]
fn installing_moves_the_slots_on_and_tells_what_can_be_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    assert_eq!(state.record_install(&model("1.0.0", 1)), Ok(Installed::Now { retired: vec![] }));
    assert_eq!(state.record_install(&model("1.1.0", 2)), Ok(Installed::Now { retired: vec![] }));
    let third = state.record_install(&model("1.2.0", 3)).unwrap();
    assert!(matches!(third, Installed::Now { retired } if retired[0].model.file == "1.0.0.dunlin"));
    drop(state);
    let state = open(dir.path());
    assert_eq!(slots(&state), [("1.2.0".to_owned(), Slot::Active), ("1.1.0".to_owned(), Slot::Previous)]);
    assert_eq!(state.active("digits").unwrap().unwrap().model, model("1.2.0", 3));
    assert_eq!(state.active("other").unwrap(), None);
}

#[test]
fn a_lower_sequence_than_ever_accepted_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    for (version, sequence) in [("1.0.0", 1), ("3.0.0", 9)] {
        state.record_install(&model(version, sequence)).unwrap();
    }
    let older = InstallError::Older { model_id: "digits".into(), offered: 8, highest: 9 };
    assert_eq!(state.record_install(&model("2.9.0", 8)), Err(older));
    assert_eq!(state.active("digits").unwrap().unwrap().model.version, "3.0.0");
    assert_eq!(state.highest_sequence("digits"), Ok(Some(9)));
    assert!(matches!(state.record_install(&model("4.0.0", u64::MAX)), Err(InstallError::SequenceTooLarge { .. })));
    assert_eq!(state.problem(), None, "a refused bundle is no trouble of the database");
}

#[test]
fn installing_the_active_bundle_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    assert_eq!(state.record_install(&model("1.0.0", 1)), Ok(Installed::Already));
    state.record_install(&model("1.1.0", 2)).unwrap();
    assert!(matches!(state.record_install(&model("1.0.0", 1)), Err(InstallError::Older { highest: 2, .. })));
    assert_eq!(state.active("digits").unwrap().unwrap().model.version, "1.1.0");
}

#[test]
fn of_two_bundles_with_one_sequence_the_one_installed_last_is_active_and_neither_file_may_be_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    for version in ["1.0.1", "1.0.0", "1.0.1"] {
        assert_eq!(state.record_install(&model(version, 1)), Ok(Installed::Now { retired: vec![] }));
        assert_eq!(state.active("digits").unwrap().unwrap().model.version, version);
    }
}

#[test]
fn models_do_not_share_slots_or_sequences() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 5)).unwrap();
    let other = NewModel { model_id: "other".into(), digest: "another".into(), ..model("0.1.0", 1) };
    state.record_install(&other).unwrap();
    assert_eq!(state.models().unwrap().len(), 2);
}

#[test]
fn refusals_are_remembered_newest_first_and_only_so_many() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    let refusal = |n: i64| Refusal {
        model_id: (n % 2 == 0).then(|| "digits".into()),
        version: None,
        digest: None,
        code: "bad_signature".into(),
        reason: format!("attempt {n}"),
        refused_us: n,
    };
    (0..300).for_each(|n| state.refuse(&refusal(n)).unwrap());
    let refusals = state.refusals().unwrap();
    assert_eq!((refusals.len(), &refusals[0]), (256, &refusal(299)));
}

#[test]
fn counters_survive_and_never_go_down() {
    let dir = tempfile::tempdir().unwrap();
    let totals = |n: u64| [("journal.labels".to_owned(), n)].into();
    let mut state = open(dir.path());
    state.save_counters(&totals(7)).unwrap();
    state.save_counters(&totals(5)).unwrap();
    drop(state);
    assert_eq!(open(dir.path()).counters(), Ok(totals(7)));
}

#[test]
fn the_install_id_can_be_reset_and_hashes_stay_comparable() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    let (old, subject) = (state.identity().install_id, state.identity().hash_key.subject("ada"));
    let new = state.reset_install_id().unwrap();
    assert_ne!(old, new);
    drop(state);
    let identity = open(dir.path()).identity().clone();
    assert_eq!((identity.install_id, identity.hash_key.subject("ada")), (new, subject));
}

/// Puts this content in the place of a state with a model, and expects it to be reported and left as it is.
fn is_never_forgotten(content: &[u8], expected: impl Fn(&StorageProblemKind) -> bool) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.db");
    std::fs::write(&file, content).unwrap();
    let mut state = open(dir.path());
    let problem = state.problem().cloned().expect("there is a problem");
    assert!(expected(&problem.kind), "{problem}");
    assert_eq!(problem.path, file, "the file is named");
    assert!(state.epoch().is_provisional());
    assert!(state.models().is_err(), "an empty registry would be a lie");
    assert_eq!(state.record_install(&model("1.0.0", 1)), Err(InstallError::Storage(problem)));
    assert!(matches!(state.health(), Part::Degraded(notice) if notice.since_us == 1_700_000_000_000_000));
    drop(state);
    assert!(std::fs::read(&file).unwrap() == content, "nothing is written over it");
}

fn database(sql: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    std::fs::read(path).unwrap()
}

fn state_bytes() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    state.close().unwrap();
    std::fs::read(dir.path().join("state.db")).unwrap()
}

#[test]
fn a_state_that_cannot_be_understood_is_never_forgotten() {
    let corrupt = |kind: &StorageProblemKind| matches!(kind, StorageProblemKind::Corrupt { .. });
    is_never_forgotten(b"", corrupt);
    is_never_forgotten(&b"not a database ".repeat(600), corrupt);
    let whole = state_bytes();
    is_never_forgotten(&whole[..whole.len() / 2], corrupt);
    let mut flipped = whole.clone();
    flipped[4_096..].fill(0xAA);
    is_never_forgotten(&flipped, corrupt);
    let ours = i32::from_be_bytes(*b"DnlS");
    for version in 1..=3 {
        let sql = format!("CREATE TABLE t (x); PRAGMA application_id = {ours}; PRAGMA user_version = {version};");
        is_never_forgotten(&database(&sql), |kind| {
            matches!(kind, StorageProblemKind::Corrupt { .. } | StorageProblemKind::Io { .. })
        });
    }
}

#[test]
fn another_program_s_file_and_a_later_version_s_are_named_as_such() {
    is_never_forgotten(&database("CREATE TABLE t (x); PRAGMA application_id = 77;"), |kind| {
        matches!(kind, StorageProblemKind::Foreign { application_id: 77 })
    });
    let ours = i32::from_be_bytes(*b"DnlS");
    let newer = database(&format!("CREATE TABLE t (x); PRAGMA application_id = {ours}; PRAGMA user_version = 99;"));
    is_never_forgotten(&newer, |kind| matches!(kind, StorageProblemKind::Newer { found: 99, known: 3 }));
}

#[test]
fn a_state_in_use_is_read_and_written_once_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = open(dir.path());
    state.record_install(&model("1.0.0", 1)).unwrap();
    state.close().unwrap();

    let other = Folder::new(dir.path());
    other.lock().unwrap();
    let mut state = open(dir.path());
    assert_eq!(state.problem().unwrap().kind, StorageProblemKind::InUse);
    assert_eq!(state.active("digits").unwrap().unwrap().model.version, "1.0.0");
    assert!(state.epoch().is_provisional());
    assert!(state.record_install(&model("1.1.0", 2)).is_err());
    other.release();
    state.record_install(&model("1.1.0", 2)).unwrap();
    assert_eq!((state.problem(), state.epoch().is_provisional()), (None, true), "ids of this opening keep their epoch");
}

#[test]
fn a_half_made_state_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.db.new"), "half").unwrap();
    std::fs::write(dir.path().join("state.db-journal"), "of a database that is gone").unwrap();
    let state = open(dir.path());
    assert_eq!((state.problem(), state.epoch().number()), (None, 1));
    assert!(!dir.path().join("state.db.new").exists());
}
