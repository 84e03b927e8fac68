//! Which bundles are installed, which are not, and what goes on answering meanwhile.

use dunlin::{InstallError, InstallOutcome, SessionError};
use dunlin_predictor::GoldenError;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;

use crate::device::{Device, ordinary, record};

#[test]
fn a_good_bundle_is_proved_on_this_device_before_it_answers() {
    let device = Device::new();
    let runtime = device.open();
    assert!(matches!(runtime.session("tiny"), Err(SessionError::NotInstalled { model_id }) if model_id == "tiny"));
    let report = runtime.install(&device.bundle(3)).expect("the bundle is good");
    assert_eq!((report.outcome, report.signer.as_str(), report.sequence), (InstallOutcome::Activated, "test", 3));
    let golden = report.golden.expect("it was run");
    assert_eq!(golden.cases, 8);
    assert!(golden.worst <= 1.0);
    let models = runtime.health().models;
    assert_eq!(models.iter().map(|m| (m.sequence, m.slot.as_deref())).collect::<Vec<_>>(), [(3, Some("active"))]);
}

#[test]
fn installing_the_same_bundle_again_changes_nothing() {
    let device = Device::new();
    let runtime = device.open();
    let bundle = device.bundle(1);
    runtime.install(&bundle).expect("the bundle is good");
    assert_eq!(runtime.install(&bundle).expect("it is known").outcome, InstallOutcome::AlreadyInstalled);
    assert_eq!(runtime.health().models.len(), 1);
}

#[test]
fn an_older_bundle_is_refused_from_outside_and_passed_over_from_the_app() {
    let device = Device::new();
    let runtime = device.open();
    let (old, new) = (device.bundle(1), device.bundle(2));
    runtime.install(&new).expect("the bundle is good");
    let refused = runtime.install(&old).expect_err("it is older");
    assert_eq!(refused.code(), "older");
    assert!(refused.to_string().contains("sequence 1 is lower than 2"), "{refused}");
    assert_eq!(runtime.install_shipped(&old).expect("it is passed over").outcome, InstallOutcome::PassedOver);
    assert_eq!(runtime.session("tiny").expect("it is installed").model_version(), "1.2.0");

    drop(runtime);
    let again = device.open();
    assert_eq!(again.install(&old).expect_err("this is remembered").code(), "older");
}

#[test]
fn a_session_finishes_on_the_model_that_it_started_with() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut before = runtime.session("tiny").expect("it is installed");
    for sequence in 2..=4 {
        runtime.install(&device.bundle(sequence)).expect("the bundle is good");
    }
    let after = runtime.session("tiny").expect("it is installed");
    assert_eq!((before.model_version(), after.model_version()), ("1.1.0", "1.4.0"));
    assert!(before.predict(&record(&ordinary())).expect("its file may be gone, its map is not").outputs.is_some());
    let files = std::fs::read_dir(device.folder().join("models")).expect("the folder is there").count();
    assert_eq!(files, 2, "the active and the previous one are kept");
}

#[test]
fn a_bundle_that_answers_differently_here_is_refused_and_the_former_one_stays() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut parts = tiny_parts();
    parts.golden.cases[5].expected.get_mut("tier").expect("it has this output")[2] += 0.01;
    let refused = runtime.install(&device.bundle_of(parts)).expect_err("case 5 disagrees");
    let InstallError::Golden(GoldenError::Disagrees { case, output, element, .. }) = &refused else {
        panic!("{refused}");
    };
    assert_eq!((*case, output.as_str(), *element), (5, "tier", 2));
    assert_eq!(runtime.session("tiny").expect("it is installed").model_version(), "1.1.0");
    let counters = runtime.health().counters;
    assert_eq!(counters["registry.refused"], 1);
    runtime.flush().expect("the disk is there");
    let events = device.reader().events(10).expect("readable");
    assert_eq!(events[0].kind, "bundle_refused");
    assert!(!device.folder().join("models/incoming.tmp").exists(), "nothing half-done is left");
}

#[test]
fn damaged_strange_and_missing_bundles_are_refused_by_name() {
    let device = Device::new();
    let runtime = device.open();
    let good = std::fs::read(device.bundle(1)).expect("readable");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let stranger = TestKey::generate().sign_bundle(tiny_parts().write().expect("good")).expect("good");
    let cases = [
        ("flipped", flipped),
        ("cut", good[..good.len() - 1].to_vec()),
        ("unsigned", tiny_parts().write().expect("good")),
        ("stranger", stranger),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in cases {
        let path = device.dir.path().join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        let refused = runtime.install(&path).expect_err(name);
        assert!(matches!(refused, InstallError::Bundle(_)), "{name}: {refused}");
    }
    let missing = runtime.install(&device.dir.path().join("missing.dunlin")).expect_err("it is not there");
    assert!(missing.to_string().contains("missing.dunlin"), "{missing}");
    assert!(runtime.session("tiny").is_err(), "nothing was installed");
    assert_eq!(runtime.health().counters["registry.refused"], 6);
}

#[test]
fn an_installed_copy_that_was_replaced_or_cut_is_not_opened() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let copy = std::fs::read_dir(device.folder().join("models")).expect("there").flatten().next().expect("one").path();
    let bytes = std::fs::read(&copy).expect("readable");
    let other = TestKey::generate().sign_bundle(tiny_parts().write().expect("good")).expect("good");
    for replacement in [&bytes[..bytes.len() - 1], &other] {
        std::fs::remove_file(&copy).expect("removable");
        std::fs::write(&copy, replacement).expect("it can be written");
        assert!(matches!(runtime.session("tiny"), Err(SessionError::Bundle(_))));
    }
}
