//! Folders that cannot be written, for real: a small file system of its own, in a private mount namespace.
#![cfg(target_os = "linux")]

use std::path::Path;

use dunlin::health::Part;
use dunlin::{AnsweredBy, InstallOutcome, Runtime};
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::small_disk;

use crate::device::{Device, good, record, version};

/// Answers with what the app ships, says why it is only held, and counts the row that is not written.
fn answers_all_the_same(device: &Device, folder: &Path, why: &str) -> Runtime {
    let runtime = Runtime::open(device.config_at(folder));
    let Part::Degraded(notice) = runtime.health().state else { panic!("the state passes for good") };
    assert!(notice.what.contains(why), "{notice:?}");
    let report = runtime.install_shipped(&device.bundle(&tiny_parts())).unwrap();
    assert_eq!(report.outcome, InstallOutcome::HeldInMemory);
    let notices = runtime.health().notices;
    assert!(notices.iter().any(|n| n.what.contains("held in memory") && n.what.contains(why)), "{notices:?}");
    let mut session = runtime.session("tiny").unwrap();
    let answer = session.predict(&record(&session, &good())).unwrap();
    assert_eq!((answer.answered_by, answer.id.epoch().is_provisional()), (AnsweredBy::Model, true));
    assert!(runtime.flush().is_err(), "a flush does not pretend");
    assert_eq!(
        runtime.health().counters["journal.write_failed"],
        4,
        "the answer, and three events of the installation"
    );
    runtime
}

#[test]
fn a_read_only_folder_answers_with_what_the_app_ships_and_says_why() {
    small_disk::run("disk::a_read_only_folder_answers_with_what_the_app_ships_and_says_why", |folder| {
        let device = Device::new();
        let runtime = Runtime::open(device.config_at(folder));
        runtime.install(&device.bundle(&tiny_parts())).unwrap();
        runtime.close().unwrap();
        small_disk::remount(folder, "ro");
        let runtime = answers_all_the_same(&device, folder, "cannot be written");
        assert!(runtime.install(&device.bundle(&version(6))).is_err(), "what was accepted before still counts");
        assert!(runtime.close().is_err());

        small_disk::remount(folder, "rw");
        let runtime = Runtime::open(device.config_at(folder));
        assert!(runtime.health().is_ok());
        assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.3");
    });
}

#[test]
fn a_full_disk_answers_with_what_the_app_ships_and_installs_it_once_there_is_room() {
    small_disk::run("disk::a_full_disk_answers_with_what_the_app_ships_and_installs_it_once_there_is_room", |folder| {
        let device = Device::new();
        let ballast = folder.join("ballast");
        small_disk::fill(&ballast);
        let runtime = answers_all_the_same(&device, folder, "full");
        std::fs::remove_file(ballast).unwrap();
        runtime.flush().unwrap(); // tries again at once; by itself the journal does so every 30 seconds
        let mut session = runtime.session("tiny").unwrap();
        let held = session.predict_for("ada", &record(&session, &good())).unwrap().id;
        let bundle = device.bundle(&tiny_parts());
        assert_eq!(runtime.install_shipped(&bundle).unwrap().outcome, InstallOutcome::Activated);
        assert!(runtime.health().is_ok() && runtime.health().notices.is_empty());
        drop(session);
        runtime.close().unwrap();
        let runtime = Runtime::open(device.config_at(folder));
        assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.3");
        assert!(dunlin::journal::Reader::open(folder).unwrap().prediction(held).unwrap().is_some());
        assert_eq!(runtime.forget("ada"), Ok(1), "she was hashed with the key that the folder was then given");
    });
}

#[test]
fn a_disk_that_fills_up_while_a_bundle_is_copied_keeps_the_former_model_and_holds_the_new_one() {
    small_disk::run(
        "disk::a_disk_that_fills_up_while_a_bundle_is_copied_keeps_the_former_model_and_holds_the_new_one",
        |folder| {
            let device = Device::new();
            let runtime = Runtime::open(device.config_at(folder));
            runtime.install(&device.bundle(&tiny_parts())).unwrap();
            let ballast = folder.join("ballast");
            small_disk::fill(&ballast);
            assert_eq!(runtime.install(&device.bundle(&version(8))).unwrap().outcome, InstallOutcome::HeldInMemory);
            assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.8");
            std::fs::remove_file(ballast).unwrap();
            drop(runtime);
            let runtime = Runtime::open(device.config_at(folder));
            assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.3");
            let copies = std::fs::read_dir(folder.join("models")).unwrap().count();
            assert_eq!(copies, 1, "nothing half copied is left");
        },
    );
}

#[test]
fn a_path_that_is_a_file_answers_without_touching_it() {
    let device = Device::new();
    let path = device.bundle(&version(1));
    let before = std::fs::read(&path).unwrap();
    let runtime = answers_all_the_same(&device, &path, "not a folder");
    drop(runtime);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
