//! Installing: newer, older, shipped, the same again, disagreeing with its golden set, and while a session is open.

use dunlin::store::Slot;
use dunlin::{AnsweredBy, InstallError, InstallOutcome, Runtime};
use dunlin_tests::fixture::tiny_parts;

use crate::device::{Device, good, record, version};

fn active(runtime: &Runtime) -> Vec<(u64, String)> {
    let models = runtime.health().models;
    models.into_iter().map(|model| (model.sequence, model.slot.unwrap())).collect()
}

#[test]
fn an_installation_reports_signer_golden_set_and_kernels() {
    let device = Device::new();
    let report = device.open().install(&device.bundle(&tiny_parts())).unwrap();
    assert_eq!((report.outcome, report.signer.as_str()), (InstallOutcome::Activated, "test"));
    let golden = report.golden.unwrap();
    assert_eq!(golden.cases, 8);
    assert!((0.0..=1.0).contains(&golden.worst) && golden.kernels.starts_with("plan/"));
}

#[test]
fn a_session_finishes_on_the_model_it_started_with() {
    let device = Device::new();
    let (runtime, mut before) = device.ready();
    runtime.install(&device.bundle(&version(8))).unwrap();
    let mut after = runtime.session("tiny").unwrap();
    assert_eq!((before.model_version(), after.model_version()), ("1.2.3", "1.2.8"));
    // A third one retires the first, whose file goes while its session is still open.
    runtime.install(&device.bundle(&version(9))).unwrap();
    for session in [&mut before, &mut after] {
        let answer = session.predict(&record(session, &good())).unwrap();
        assert_eq!(answer.answered_by, AnsweredBy::Model);
    }
    let versions: Vec<String> = device.rows().into_iter().map(|row| row.version).collect();
    assert_eq!(versions, ["1.2.3", "1.2.8"]);
    assert_eq!(active(&runtime), [(9, Slot::Active.name().to_owned()), (8, Slot::Previous.name().to_owned())]);
    let copies = std::fs::read_dir(device.folder().join("models")).unwrap().count();
    assert_eq!(copies, 2, "the copies of the active and the previous one, and nothing else");
}

#[test]
fn a_lower_sequence_from_outside_is_refused_also_when_it_was_installed_before() {
    let device = Device::new();
    let (runtime, _) = device.ready();
    runtime.install(&device.bundle(&version(9))).unwrap();
    for older in [version(8), tiny_parts()] {
        let error = runtime.install(&device.bundle(&older)).unwrap_err();
        assert_eq!(error.code(), "older");
        assert!(error.to_string().contains("lower than 9"), "{error}");
        assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.9");
    }
    let counters = runtime.health().counters;
    assert_eq!(counters["registry.refused"], 2);
}

#[test]
fn an_older_bundle_that_the_app_ships_is_passed_over() {
    let device = Device::new();
    let (runtime, _) = device.ready();
    runtime.install(&device.bundle(&version(9))).unwrap();
    for older in [version(8), tiny_parts()] {
        let report = runtime.install_shipped(&device.bundle(&older)).unwrap();
        assert_eq!((report.outcome, report.golden), (InstallOutcome::PassedOver, None));
    }
    assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.9");
    assert_eq!(runtime.health().counters["registry.refused"], 0);
}

#[test]
fn the_same_bundle_again_changes_nothing_even_after_a_restart() {
    let device = Device::new();
    let bundle = device.bundle(&tiny_parts());
    for (opening, expected) in [InstallOutcome::Activated, InstallOutcome::AlreadyInstalled].into_iter().enumerate() {
        let runtime = device.open();
        assert_eq!(runtime.install_shipped(&bundle).unwrap().outcome, expected, "opening {opening}");
        assert_eq!(runtime.install(&bundle).unwrap().outcome, InstallOutcome::AlreadyInstalled);
        assert_eq!(active(&runtime).len(), 1);
        runtime.close().unwrap();
    }
}

#[test]
fn of_two_builds_with_one_sequence_the_one_installed_last_answers() {
    let device = Device::new();
    let (one, mut other) = (tiny_parts(), tiny_parts());
    other.version = semver::Version::new(1, 2, 4);
    let bundles = [device.bundle(&one), device.bundle(&other)];
    let runtime = device.open();
    for (bundle, version) in bundles.iter().zip(["1.2.3", "1.2.4"]).cycle().take(5) {
        assert_eq!(runtime.install(bundle).unwrap().outcome, InstallOutcome::Activated);
        assert_eq!(runtime.session("tiny").unwrap().model_version(), version);
    }
}

#[test]
fn a_golden_set_that_disagrees_is_refused_and_the_former_model_stays_active() {
    let device = Device::new();
    let (runtime, _) = device.ready();
    let mut parts = version(8);
    parts.golden.cases[3].expected.get_mut("tier").unwrap()[1] += 0.01;
    let error = runtime.install(&device.bundle(&parts)).unwrap_err();
    assert!(matches!(&error, InstallError::Golden(_)), "{error}");
    assert!(error.to_string().contains("golden case 3, output 'tier', element 1"), "{error}");
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(session.model_version(), "1.2.3");
    assert!(session.predict(&record(&session, &good())).unwrap().outputs.is_some());
    assert_eq!(std::fs::read_dir(device.folder().join("models")).unwrap().count(), 1, "the refused copy is gone");
    // A refusal raises no bar: the corrected build of the same sequence gets in.
    assert_eq!(runtime.install(&device.bundle(&version(8))).unwrap().outcome, InstallOutcome::Activated);
}

#[test]
fn a_refusal_is_counted_and_noted_with_its_reason() {
    let device = Device::new();
    let runtime = device.open();
    let stranger = Device::new();
    let error = runtime.install(&stranger.bundle(&tiny_parts())).unwrap_err();
    assert_eq!(error.code(), "unknown_signer");
    let event = device.reader().events(1).unwrap().pop().unwrap();
    assert_eq!((event.kind.as_str(), event.detail["code"].as_str()), ("bundle_refused", Some("unknown_signer")));
    assert_eq!(runtime.health().counters["registry.refused"], 1);
}

#[test]
fn a_path_that_leads_to_no_bundle_is_named() {
    let device = Device::new();
    let runtime = device.open();
    let missing = device.folder().join("no-such.dunlin");
    for path in [&missing, &device.folder()] {
        let error = runtime.install(path).unwrap_err();
        assert_eq!(error.code(), "unreadable");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}
