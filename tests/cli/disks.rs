//! `predict --dir` on folders that are read-only or full, for real.
#![cfg(target_os = "linux")]

use std::path::Path;

use dunlin_tests::fixture::records;
use dunlin_tests::small_disk;

use crate::program::{Desk, Ended};

fn predict_on(disk: &Path) -> Ended {
    let input: String = records().iter().map(|record| serde_json::json!(record).to_string() + "\n").collect();
    Desk::new().predict(&["--dir", disk.join("device").to_str().expect("UTF-8")], input)
}

#[test]
fn on_a_full_disk_every_record_is_answered_and_the_end_says_what_was_not_kept() {
    small_disk::run("disks::on_a_full_disk_every_record_is_answered_and_the_end_says_what_was_not_kept", |disk| {
        small_disk::fill(&disk.join("ballast"));
        predict_on(disk).expect(6, &["8 answered", "full", "free some space"]);
        std::fs::remove_file(disk.join("ballast")).expect("room again");
        predict_on(disk).expect(0, &["8 answered"]);
    });
}

#[test]
fn on_a_read_only_disk_every_record_is_answered_and_the_end_says_what_was_not_kept() {
    small_disk::run("disks::on_a_read_only_disk_every_record_is_answered_and_the_end_says_what_was_not_kept", |disk| {
        small_disk::remount(disk, "ro");
        predict_on(disk).expect(6, &["8 answered", "cannot be written", "give another folder"]);
    });
}

#[test]
fn a_bundle_that_is_signed_in_place_on_a_full_disk_is_not_lost() {
    small_disk::run("disks::a_bundle_that_is_signed_in_place_on_a_full_disk_is_not_lost", |disk| {
        let desk = Desk::new();
        let bundle = disk.join("new.dunlin");
        std::fs::copy(desk.path("tiny.dunlin"), &bundle).expect("it fits");
        let before = std::fs::read(&bundle).expect("readable");
        small_disk::fill(&disk.join("ballast"));
        let path = bundle.to_str().expect("UTF-8");
        desk.run(&["sign", path, "--key", "test.key"]).expect(1, &["new.dunlin", "free some space"]);
        assert_eq!(std::fs::read(&bundle).expect("readable"), before);
    });
}
