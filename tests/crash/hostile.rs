//! Folders that are read-only or full, for real: a small file system of its own, in a private mount namespace.

use std::time::Duration;

use dunlin::counters::Counter;
use dunlin::health::Part;
use dunlin::journal::{Appended, Durability, Reader};
use dunlin::store::{InstallError, NewModel, StorageProblemKind};
use dunlin_tests::small_disk;

use crate::killed::Opened;

const BATCHED: Durability = Durability::Batched { max_delay: Duration::from_millis(5), max_rows: 16 };

#[test]
fn a_read_only_folder_is_read_and_its_rows_are_counted() {
    small_disk::run("hostile::a_read_only_folder_is_read_and_its_rows_are_counted", |folder| {
        let mut before = Opened::at(folder, Durability::Sync);
        before.state.record_install(&model()).expect("it can be written yet");
        let (id, _) = before.append();
        before.journal.close().expect("it closes");
        before.state.close().expect("it closes");
        drop(before.counters);
        small_disk::remount(folder, "ro");

        let mut opened = Opened::at(folder, Durability::Sync);
        assert_eq!(opened.state.problem().map(|p| p.kind.clone()), Some(StorageProblemKind::NotWritable));
        let active = opened.state.active("digits").expect("it is readable").expect("it is installed");
        assert_eq!(active.model, model(), "what is installed still answers");
        assert!(matches!(opened.state.record_install(&model()), Err(InstallError::Storage(_))));
        let (lost, appended) = opened.append();
        assert!(matches!(appended, Appended::Failed(problem) if problem.kind == StorageProblemKind::NotWritable));
        assert!(lost.epoch().is_provisional() && lost != id);
        assert_eq!(opened.counters.get(Counter::WriteFailed), 1);
        assert!(matches!(opened.journal.health().0, Part::Degraded(_)));
        let reader = Reader::open(folder).expect("rows can be read all the same");
        assert!(reader.prediction(id).expect("readable").is_some());

        small_disk::remount(folder, "rw");
        opened.journal.flush().expect("a flush tries again");
        let (id, appended) = opened.append();
        assert_eq!(appended, Appended::Written);
        assert!(Reader::open(folder).and_then(|r| r.prediction(id)).expect("readable").is_some());
    });
}

#[test]
fn a_full_disk_counts_what_it_cannot_take_and_goes_on_when_there_is_room() {
    small_disk::run("hostile::a_full_disk_counts_what_it_cannot_take_and_goes_on_when_there_is_room", |folder| {
        let opened = Opened::at(folder, Durability::Sync);
        assert_eq!(opened.append().1, Appended::Written);
        let ballast = folder.join("ballast");
        small_disk::fill(&ballast);
        let mut failed = 0;
        for _ in 0..2_000 {
            match opened.append().1 {
                Appended::Written => {}
                Appended::Failed(problem) => {
                    assert_eq!(problem.kind, StorageProblemKind::DiskFull, "{problem}");
                    failed += 1;
                }
                other => panic!("in Sync mode a row is written or failed, not {other:?}"),
            }
        }
        assert!(failed > 0, "the disk was never full");
        assert_eq!(opened.counters.get(Counter::WriteFailed), failed);
        assert!(matches!(opened.journal.health().0, Part::Degraded(notice) if notice.what.contains("full")));

        std::fs::remove_file(ballast).expect("room again");
        let (id, appended) = opened.append();
        assert_eq!(appended, Appended::Written, "writing resumes by itself");
        assert_eq!(opened.journal.health().0, Part::Ok);
        opened.journal.close().expect("it closes");
        let reader = Reader::open(folder).expect("readable");
        assert!(reader.prediction(id).expect("readable").is_some());
        assert_eq!(reader.totals().expect("readable").predictions, 2_002 - failed);
        assert_eq!(reader.counters().expect("readable")["journal.write_failed"], failed);
        reader.check().expect("a full disk damages nothing");
    });
}

#[test]
fn a_disk_that_is_full_from_the_start_opens_degraded_and_recovers() {
    small_disk::run("hostile::a_disk_that_is_full_from_the_start_opens_degraded_and_recovers", |folder| {
        let ballast = folder.join("ballast");
        small_disk::fill(&ballast);
        let mut opened = Opened::at(folder, BATCHED);
        assert_eq!(opened.state.problem().map(|p| p.kind.clone()), Some(StorageProblemKind::DiskFull));
        (0..100).for_each(|_| drop(opened.append()));
        assert_eq!(opened.journal.flush().map_err(|p| p.kind), Err(StorageProblemKind::DiskFull));
        let counted = opened.counters.get(Counter::WriteFailed) + opened.counters.get(Counter::DroppedFull);
        assert_eq!(counted, 100, "every row is accounted for");

        std::fs::remove_file(ballast).expect("room again");
        opened.journal.flush().expect("the journal recovers");
        opened.state.record_install(&model()).expect("the state recovers");
        let (id, _) = opened.append();
        opened.journal.close().expect("it closes");
        assert!(Reader::open(folder).and_then(|r| r.prediction(id)).expect("readable").is_some());
    });
}

fn model() -> NewModel {
    NewModel {
        model_id: "digits".into(),
        version: "1.0.0".into(),
        sequence: 1,
        digest: "d".into(),
        file: "d.dunlin".into(),
    }
}
