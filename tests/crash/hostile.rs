//! Folders that are read-only or full, for real: a small file system of its own, in a private mount namespace.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dunlin::counters::Counter;
use dunlin::health::Part;
use dunlin::journal::{Appended, Durability, Reader};
use dunlin::store::{InstallError, NewModel, StorageProblemKind};

use crate::child;
use crate::killed::Opened;

const BATCHED: Durability = Durability::Batched { max_delay: Duration::from_millis(5), max_rows: 16 };

#[test]
fn a_read_only_folder_is_read_and_its_rows_are_counted() {
    on_a_small_disk("hostile::a_read_only_folder_is_read_and_its_rows_are_counted", |folder| {
        let mut before = Opened::at(folder, Durability::Sync);
        before.state.record_install(&model()).expect("it can be written yet");
        let (id, _) = before.append();
        before.journal.close().expect("it closes");
        before.state.close().expect("it closes");
        drop(before.counters);
        run("mount", &["-o", "remount,ro", folder.to_str().expect("UTF-8")]);

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

        run("mount", &["-o", "remount,rw", folder.to_str().expect("UTF-8")]);
        opened.journal.flush().expect("a flush tries again");
        let (id, appended) = opened.append();
        assert_eq!(appended, Appended::Written);
        assert!(Reader::open(folder).and_then(|r| r.prediction(id)).expect("readable").is_some());
    });
}

#[test]
fn a_full_disk_counts_what_it_cannot_take_and_goes_on_when_there_is_room() {
    on_a_small_disk("hostile::a_full_disk_counts_what_it_cannot_take_and_goes_on_when_there_is_room", |folder| {
        let opened = Opened::at(folder, Durability::Sync);
        assert_eq!(opened.append().1, Appended::Written);
        let ballast = folder.join("ballast");
        fill(&ballast);
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
    on_a_small_disk("hostile::a_disk_that_is_full_from_the_start_opens_degraded_and_recovers", |folder| {
        let ballast = folder.join("ballast");
        fill(&ballast);
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

/// Runs a body on a file system of 600 KB that is mounted in a mount namespace of the child's own.
fn on_a_small_disk(test: &str, body: fn(&Path)) {
    if let Some(folder) = child::role() {
        run("mount", &["-t", "tmpfs", "-o", "size=600k", "tmpfs", &folder]);
        body(Path::new(&folder));
        return;
    }
    let Some(unshare) = unshare() else {
        eprintln!(
            "SKIPPED {test}: this machine allows no private mount namespace (neither as root nor by user namespaces)"
        );
        return;
    };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let done = child::command(unshare, test, dir.path().to_str().expect("UTF-8")).output().expect("unshare runs");
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("1 passed"), "the child ran no test: {said}");
}

/// The way to a private mount namespace that works here, if one does.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["unshare", "--mount"], &["unshare", "--user", "--map-root-user", "--mount"]];
    let works = |way: &&[&str]| {
        let probe = Command::new(way[0]).args(&way[1..]).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
        probe.is_ok_and(|done| done.status.success())
    };
    WAYS.into_iter().find(works)
}

fn fill(ballast: &Path) {
    let block = vec![0_u8; 4_096];
    let mut file = std::fs::File::create(ballast).expect("an empty file fits");
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().expect("it runs");
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}
