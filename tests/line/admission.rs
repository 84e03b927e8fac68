//! What the app itself asks of bundles: its policy, and that it can use them in place of the active one.

use dunlin::{Admission, AdmissionError, InstallError, InstallOutcome, ProvenanceField, Runtime};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use serde_json::json;

use crate::device::{Device, good, record, version};

/// What a policy says of a bundle, installed from outside and shipped: `None` where both get in.
fn refused(policy: &Admission, parts: &Parts) -> Option<AdmissionError> {
    let said = [Runtime::install, Runtime::install_shipped].map(|install| {
        let device = Device::new();
        let runtime = Runtime::open(device.config().admission(policy.clone()));
        match install(&runtime, &device.bundle(parts)) {
            Ok(report) => {
                assert_eq!(report.outcome, InstallOutcome::Activated);
                None
            }
            Err(InstallError::Admission(error)) => {
                assert!(runtime.session("tiny").is_err(), "what is refused does not answer");
                Some(error)
            }
            Err(other) => panic!("{other}"),
        }
    });
    let [outside, shipped] = said;
    assert_eq!(outside, shipped, "a policy holds for both");
    outside
}

#[test]
fn a_banned_feature_or_purpose_is_refused_by_its_name() {
    let features = Admission { banned_features: vec!["postcode".into(), "Income".into()], ..Admission::default() };
    let error = refused(&features, &tiny_parts()).unwrap();
    assert_eq!((error.code(), &error), ("banned_feature", &AdmissionError::BannedFeature { feature: "income".into() }));
    let purposes = Admission { banned_purposes: vec!["personalisation".into()], ..Admission::default() };
    let error = refused(&purposes, &tiny_parts()).unwrap();
    assert_eq!(error.code(), "banned_purpose");
    assert!(error.to_string().contains("'colour'") && error.to_string().contains("'personalisation'"), "{error}");
    let others = Admission {
        banned_features: vec!["postcode".into()],
        banned_purposes: vec!["advertising".into()],
        ..Admission::default()
    };
    assert_eq!(refused(&others, &tiny_parts()), None);
}

#[test]
fn a_field_of_the_provenance_that_the_app_wants_must_be_stated() {
    let wants = |fields: &[ProvenanceField]| Admission { required_provenance: fields.to_vec(), ..Admission::default() };
    let stated = [ProvenanceField::Commit, ProvenanceField::DataSha256, ProvenanceField::Reviewer];
    assert_eq!(refused(&wants(&stated), &tiny_parts()), None);
    let error = refused(&wants(&[ProvenanceField::Commit, ProvenanceField::TunerTrial]), &tiny_parts()).unwrap();
    assert_eq!(error, AdmissionError::MissingProvenance { field: ProvenanceField::TunerTrial });
    assert!(error.code() == "missing_provenance" && error.to_string().contains("tuner_trial"), "{error}");
    let mut tuned = tiny_parts();
    tuned.provenance.tuner_trial = Some("trial 7".into());
    assert_eq!(refused(&wants(&[ProvenanceField::TunerTrial]), &tuned), None);
}

#[test]
fn a_licence_is_allowed_when_the_app_can_meet_it() {
    let policy = Admission { licenses: Some(vec!["MIT".into(), "Apache-2.0".into()]), ..Admission::default() };
    let under = |license: &str| Parts { license: Some(license.to_owned()), ..tiny_parts() };
    for allowed in ["MIT", "GPL-3.0-only OR Apache-2.0", "MIT AND Apache-2.0"] {
        assert_eq!(refused(&policy, &under(allowed)), None, "{allowed}");
    }
    for unmet in ["GPL-3.0-only", "MIT AND GPL-3.0-only"] {
        let error = refused(&policy, &under(unmet)).unwrap();
        assert_eq!(error.code(), "license_not_allowed");
        assert!(error.to_string().contains(unmet) && error.to_string().contains("MIT, Apache-2.0"), "{error}");
    }
}

#[test]
fn a_model_that_takes_more_memory_than_the_app_gives_is_refused_with_both_figures() {
    let bound = |bytes| Admission { max_memory_bytes: Some(bytes), ..Admission::default() };
    let needed = |bytes| match refused(&bound(bytes), &tiny_parts()) {
        Some(AdmissionError::Memory { needed_bytes, allowed_bytes }) => {
            assert_eq!(allowed_bytes, bytes);
            Some(needed_bytes)
        }
        None => None,
        other => panic!("{other:?}"),
    };
    // Two layers (48 + 6, 18 + 3) and the baseline's one (24 + 3), four bytes each: told before anything is loaded.
    let weights = needed(1).unwrap();
    assert_eq!(weights, 4 * (54 + 21 + 27));
    // Loaded, it takes more: what is packed for the kernels, and the arena.
    let all = needed(weights).unwrap();
    assert!(all > weights, "{all}");
    assert_eq!((needed(all - 1), needed(all)), (Some(all), None));
}

/// `tiny` with one more feature, which may be absent.
fn with_tenure(sequence: u64) -> Parts {
    let mut parts = version(sequence);
    let feature = json!({"name": "tenure", "type": "NUMBER", "presence": {"min_fraction": 0.0},
        "missing": {"policy": "impute", "value": 1.0}});
    parts.schema.feature.push(serde_json::from_value(feature).unwrap());
    parts
}

#[test]
fn a_bundle_from_outside_that_the_app_could_not_use_is_refused_and_names_the_feature() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install_shipped(&device.bundle(&with_tenure(8))).unwrap();
    let error = runtime.install(&device.bundle(&version(9))).unwrap_err();
    assert_eq!(error.code(), "incompatible_schema");
    assert!(error.to_string().contains("feature `tenure`") && error.to_string().contains("keep it"), "{error}");
    let mut session = runtime.session("tiny").unwrap();
    assert_eq!(session.model_version(), "1.2.8", "the active one stays");
    session.predict(&record(&session, &good())).unwrap();
    // Told to who looks later, too.
    assert_eq!(runtime.health().counters["registry.refused"], 1);
    runtime.flush().unwrap();
    let events = device.reader().events(99).unwrap();
    let refusal = events.iter().find(|event| event.kind == "bundle_refused").unwrap();
    assert_eq!(refusal.detail["code"], "incompatible_schema");
    // One that only adds gets in.
    assert_eq!(runtime.install(&device.bundle(&with_tenure(9))).unwrap().outcome, InstallOutcome::Activated);
}

#[test]
fn an_update_of_the_app_may_bring_a_bundle_that_only_the_new_app_can_use() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&with_tenure(8))).unwrap();
    let mut turned = version(9);
    turned.schema.output[0].classes.reverse();
    let bundle = device.bundle(&turned);
    assert_eq!(runtime.install(&bundle).unwrap_err().code(), "incompatible_schema");
    assert_eq!(runtime.install_shipped(&bundle).unwrap().outcome, InstallOutcome::Activated);
    assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.9");
    // It is the one that others must suit from now on.
    let error = runtime.install(&device.bundle(&version(10))).unwrap_err();
    assert!(error.to_string().contains("output `tier`"), "{error}");
}

#[test]
fn a_feature_added_as_an_option_gets_in_and_an_app_that_does_not_know_it_is_answered() {
    let device = Device::new();
    let (runtime, _) = device.ready();
    runtime.install(&device.bundle(&with_tenure(8))).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let answer = session.predict(&record(&session, &good())).unwrap();
    assert!(answer.outputs.is_some() && session.model_version() == "1.2.8");
}

#[test]
fn a_bundle_need_not_suit_one_that_nobody_can_open() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&with_tenure(8))).unwrap();
    runtime.close().unwrap();
    for copy in std::fs::read_dir(device.folder().join("models")).unwrap() {
        let path = copy.unwrap().path();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "no bundle any more").unwrap();
    }
    let runtime = device.open();
    assert!(runtime.session("tiny").is_err());
    assert_eq!(runtime.install(&device.bundle(&version(9))).unwrap().outcome, InstallOutcome::Activated);
    assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.9");
}

#[test]
fn the_policy_holds_where_nothing_can_be_written_too() {
    let device = Device::new();
    std::fs::write(device.folder(), "a file where the folder should be").unwrap();
    let policy = Admission { banned_features: vec!["age".into()], ..Admission::default() };
    let runtime = Runtime::open(device.config().admission(policy));
    assert_eq!(runtime.install(&device.bundle(&tiny_parts())).unwrap_err().code(), "banned_feature");
    assert!(runtime.session("tiny").is_err());
    let lenient = device.open();
    assert_eq!(lenient.install(&device.bundle(&tiny_parts())).unwrap().outcome, InstallOutcome::HeldInMemory);
}
