//! Damage on the disk: the installed copy, the registry, the journal; and a folder that another process holds.

use std::path::{Path, PathBuf};

use dunlin::health::Part;
use dunlin::{InstallOutcome, Runtime, SessionError};
use dunlin_bundle::BundleError;
use dunlin_tests::fixture::tiny_parts;

use crate::device::{Device, good, record, version};

fn copy(device: &Device) -> PathBuf {
    let mut copies = std::fs::read_dir(device.folder().join("models")).unwrap();
    copies.next().unwrap().unwrap().path()
}

/// Changes the installed copy as only something other than the runtime would.
fn damage(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn position(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).rposition(|window| window == text.as_bytes()).unwrap()
}

/// An installed `tiny`, closed, with its copy damaged.
fn damaged(change: impl FnOnce(&mut Vec<u8>)) -> Device {
    let device = Device::new();
    let (runtime, session) = device.ready();
    drop(session);
    runtime.close().unwrap();
    damage(&copy(&device), change);
    device
}

fn refusal(runtime: &Runtime) -> BundleError {
    match runtime.session("tiny").err() {
        Some(SessionError::Bundle(error)) => error,
        Some(other) => panic!("{other}"),
        None => panic!("a damaged copy answers"),
    }
}

#[test]
fn a_copy_with_a_flipped_byte_outside_of_the_tensors_is_refused_by_entry() {
    for (text, entry) in
        [("\"Gemm\"", "graph.json"), ("\"min_confidence\"", "reference.json"), ("model made by hand", "README.md")]
    {
        // The last place that holds the text lies in the named entry, or in its baseline twin.
        let device = damaged(|bytes| {
            let at = position(bytes, text) + 1;
            bytes[at] ^= 1;
        });
        let error = refusal(&device.open());
        assert!(error.entry().unwrap().ends_with(entry) && error.code() == "hash", "{error}");
    }
}

#[test]
fn a_copy_that_was_truncated_emptied_or_removed_is_refused() {
    let device = damaged(|bytes| bytes.truncate(bytes.len() / 2));
    assert_eq!(refusal(&device.open()).code(), "layout");
    damage(&copy(&device), Vec::clear);
    assert_eq!(refusal(&device.open()).code(), "too_small");
    std::fs::remove_file(copy(&device)).unwrap();
    assert_eq!(refusal(&device.open()).code(), "io");
}

#[test]
fn a_copy_replaced_by_a_strangers_bundle_is_refused() {
    let stranger = Device::new();
    let theirs = std::fs::read(stranger.bundle(&version(99))).unwrap();
    let device = damaged(|bytes| *bytes = theirs);
    assert_eq!(refusal(&device.open()).code(), "unknown_signer");
}

/// As designed: opening does not read tensors again, so that a large model opens at once. The copy is private and
/// read-only, its weights were hashed when it was installed, and the guard judges each answer. Installing the bundle
/// again, as an app does at every start with the one it ships, compares every byte and repairs.
#[test]
fn a_copy_with_a_flipped_bit_in_its_weights_answers_from_the_map_until_the_bundle_is_installed_again() {
    let device = damaged(|bytes| {
        let mut entries = dunlin_tests::forge::unpack(bytes);
        let weights = dunlin_tests::forge::find(&mut entries, "weights.safetensors").content.clone();
        let start = bytes.windows(weights.len()).position(|window| window == weights).unwrap();
        bytes[start + weights.len() - 1] ^= 0x80;
    });
    let bundle = device.bundle(&tiny_parts());
    let runtime = device.open();
    let answer = |runtime: &Runtime| {
        let mut session = runtime.session("tiny").unwrap();
        session.predict(&record(&session, &good())).unwrap().prediction.outputs.unwrap()
    };
    let flipped = answer(&runtime);
    assert!(flipped[0].values.iter().all(|value| value.is_finite()));
    let open = runtime.session("tiny").unwrap();
    assert_eq!(runtime.install_shipped(&bundle).unwrap().outcome, InstallOutcome::Repaired);
    assert_ne!(answer(&runtime), flipped, "sessions opened from now on use the repaired copy");
    drop(open);
}

#[test]
fn a_damaged_copy_is_repaired_by_installing_the_same_bundle_again() {
    let changes: [fn(&mut Vec<u8>); 3] =
        [|bytes| bytes.truncate(100), |bytes| *bytes = vec![0; bytes.len()], |bytes| bytes.clear()];
    for change in changes {
        let device = damaged(change);
        let bundle = device.bundle(&tiny_parts());
        // Signatures are randomised: this file differs from the first one, and is the same bundle all the same.
        let runtime = device.open();
        refusal(&runtime);
        assert_eq!(runtime.install_shipped(&bundle).unwrap().outcome, InstallOutcome::Repaired);
        let mut session = runtime.session("tiny").unwrap();
        assert!(session.predict(&record(&session, &good())).unwrap().outputs.is_some());
        assert_eq!(runtime.install_shipped(&bundle).unwrap().outcome, InstallOutcome::AlreadyInstalled);
        assert_eq!(device.reader().events(10).unwrap().iter().filter(|e| e.kind == "model_repaired").count(), 1);
    }
}

#[test]
fn a_corrupt_state_is_reported_never_written_over_and_the_shipped_model_answers() {
    for content in [b"not a database at all, but long enough to be read as one".repeat(20), Vec::new()] {
        let device = Device::new();
        let (runtime, session) = device.ready();
        runtime.install(&device.bundle(&version(9))).unwrap();
        drop(session);
        runtime.close().unwrap();
        let state = device.folder().join("state.db");
        std::fs::write(&state, &content).unwrap();

        let runtime = device.open();
        let Part::Degraded(notice) = runtime.health().state else { panic!("a corrupt state passes for a good one") };
        assert!(notice.what.contains("state.db") && notice.remedy.contains("backup"), "{notice:?}");
        assert!(matches!(runtime.session("tiny").err(), Some(SessionError::Storage(_))));

        // What was ever accepted is not known, so only the app itself is believed.
        let error = runtime.install(&device.bundle(&version(8))).unwrap_err();
        assert_eq!(error.code(), "storage", "{error}");
        let report = runtime.install_shipped(&device.bundle(&tiny_parts())).unwrap();
        assert_eq!(report.outcome, InstallOutcome::HeldInMemory);
        let mut session = runtime.session("tiny").unwrap();
        let answer = session.predict(&record(&session, &good())).unwrap();
        assert!(answer.outputs.is_some() && answer.id.epoch().is_provisional());
        assert!(device.reader().prediction(answer.id).unwrap().is_some(), "the journal is whole, and goes on");
        assert!(runtime.forget("ada").is_err(), "without the key nobody can be found, which is not to have forgotten");
        let notices = runtime.health().notices;
        assert!(
            notices.iter().any(|n| n.what.contains("held in memory") && n.what.contains("state.db")),
            "{notices:?}"
        );
        drop(session);
        assert!(runtime.close().is_err(), "the counters could not be saved, and close says so");
        assert_eq!(std::fs::read(&state).unwrap(), content);
    }
}

#[test]
fn a_corrupt_journal_is_set_aside_and_the_line_goes_on() {
    let device = Device::new();
    let (runtime, session) = device.ready();
    drop(session);
    runtime.close().unwrap();
    let junk = b"junk".repeat(3_000);
    std::fs::write(device.folder().join("journal.db"), &junk).unwrap();
    let runtime = device.open();
    assert!(runtime.health().is_ok());
    let notice = &runtime.health().notices[0];
    assert!(notice.what.contains("journal.db"), "{notice:?}");
    let mut session = runtime.session("tiny").unwrap();
    let id = session.predict(&record(&session, &good())).unwrap().id;
    assert!(device.reader().prediction(id).unwrap().is_some());
    let names = std::fs::read_dir(device.folder()).unwrap().map(|entry| entry.unwrap().path());
    let aside = names.filter(|path| path.to_string_lossy().contains("journal.db.aside-")).collect::<Vec<_>>();
    assert_eq!(std::fs::read(&aside[0]).unwrap(), junk, "nothing of the old one is lost");
}

#[test]
fn a_folder_that_another_runtime_holds_is_read_and_answers_without_remembering() {
    let device = Device::new();
    let (holder, _) = device.ready();
    let second = device.open();
    let Part::Degraded(notice) = second.health().state else { panic!("the folder has two writers") };
    assert!(notice.what.contains("in use by another process"), "{notice:?}");
    let mut session = second.session("tiny").unwrap();
    let answer = session.predict(&record(&session, &good())).unwrap();
    assert!(answer.outputs.is_some() && answer.id.epoch().is_provisional());
    assert_eq!(second.health().counters["journal.write_failed"], 1);
    assert!(matches!(second.health().journal, Part::Degraded(_)));
    let report = second.install(&device.bundle(&version(8))).unwrap();
    assert_eq!(report.outcome, InstallOutcome::HeldInMemory);
    assert_eq!(second.session("tiny").unwrap().model_version(), "1.2.8");
    assert_eq!(holder.session("tiny").unwrap().model_version(), "1.2.3", "the holder is not disturbed");

    holder.close().unwrap();
    drop(session);
    // Now the folder is free: what was held is installed at the next attempt, and only once in health.
    assert_eq!(second.install(&device.bundle(&version(8))).unwrap().outcome, InstallOutcome::Activated);
    assert!(second.health().notices.is_empty() && second.health().state == Part::Ok);
    assert_eq!(second.health().models.len(), 2);
    let mut session = second.session("tiny").unwrap();
    second.flush().unwrap();
    let id = session.predict(&record(&session, &good())).unwrap().id;
    assert!(device.reader().prediction(id).unwrap().is_some());
}

#[test]
fn in_memory_too_a_lower_sequence_is_refused_or_passed_over() {
    let device = Device::new();
    let (_holder, _) = device.ready();
    let second = device.open();
    second.install(&device.bundle(&version(9))).unwrap();
    assert_eq!(second.install(&device.bundle(&version(8))).unwrap_err().code(), "older");
    let report = second.install_shipped(&device.bundle(&version(8))).unwrap();
    assert_eq!((report.outcome, report.golden), (InstallOutcome::PassedOver, None));
    assert_eq!(second.session("tiny").unwrap().model_version(), "1.2.9");
}

#[test]
fn a_runtime_that_is_dropped_closes_in_order() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    session.predict(&record(&session, &good())).unwrap();
    let _ = runtime.install(&device.folder().join("none.dunlin"));
    assert!(matches!(runtime.close(), Err(dunlin::CloseError::SessionsOpen)));
    drop(session);
    let runtime = device.open();
    let counters = runtime.health().counters;
    assert_eq!((counters["journal.predictions"], counters["registry.refused"]), (1, 1));
    assert_eq!(counters["journal.crash_lost_at_most"], 0, "nothing crashed");
}
