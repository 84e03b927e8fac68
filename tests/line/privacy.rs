//! What the journal may keep, and canaries that must not be found in any byte of the folder.

use dunlin_bundle::schema::{FeatureType, PrivacyClass};
use dunlin_tests::fixture::tiny_parts;
use serde_json::json;

use crate::device::{Device, folder_holds, ordinary, record, with};

#[test]
fn each_privacy_class_keeps_what_it_says_and_no_more() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&with("income", json!(98_765.432_1)))).expect("the record is good");
    let row = device.reader().prediction(answer.id).expect("readable").expect("it is on the disk");
    let kept = row.features.expect("some features may be kept");
    assert_eq!((&kept["visits"], &kept["colour"]), (&json!(12), &json!("red")), "plain");
    assert!(kept["age"].is_u64(), "bucket: the number of a bin, not {}", kept["age"]);
    assert!(kept["member"].as_str().is_some_and(|hash| hash.len() == 16), "hash: not {}", kept["member"]);
    assert!(kept.get("income").is_none(), "undeclared: dropped");
}

#[test]
fn canaries_in_dropped_features_and_in_subjects_are_in_no_byte_of_the_folder() {
    const NAME: &str = "Ottoline Quackenbush";
    const CARD: &str = "4929123456789012";
    let device = Device::new();
    let mut parts = tiny_parts();
    for name in ["note", "card"] {
        let mut feature = parts.schema.feature[2].clone();
        feature.name = name.to_owned();
        feature.kind = FeatureType::Text;
        feature.string_domain = None;
        feature.privacy = PrivacyClass::Drop;
        parts.schema.feature.push(feature);
    }
    parts.golden.cases.iter_mut().for_each(|case| {
        case.record.insert("note".to_owned(), json!(""));
        case.record.insert("card".to_owned(), json!(""));
    });
    let schema = parts.schema.clone();
    let runtime = device.open();
    runtime.install(&device.bundle_of(parts)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let mut object = with("income", json!(7_654_321.125));
    object.insert("note".to_owned(), json!(NAME));
    object.insert("card".to_owned(), json!(CARD));
    let good = dunlin::Record::from_json(&schema, &object).expect("it is a record");
    session.predict_for(NAME, &good).expect("the record is good");
    object.insert("colour".to_owned(), json!("red"));
    object.insert("age".to_owned(), json!(999.0));
    let refused = dunlin::Record::from_json(&schema, &object).expect("it is a record");
    let error = session.predict_for(NAME, &refused).expect_err("the age is out of its domain");
    assert!(!error.to_string().contains("999"), "messages hold no value: {error}");
    drop(session);
    runtime.close().expect("nothing is open");

    for canary in [NAME, "Ottoline", CARD, "7654321"] {
        assert!(!folder_holds(&device.folder(), canary.as_bytes()), "{canary} is in the folder");
    }
    assert!(folder_holds(&device.folder(), b"red"), "the search itself works: a plain feature is there");
}

#[test]
fn a_label_is_kept_as_it_was_given() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let mut session = runtime.session("tiny").expect("it is installed");
    let answer = session.predict(&record(&ordinary())).expect("the record is good");
    let _ = runtime.label(answer.id, 0.25).expect("the prediction is known");
    runtime.flush().expect("the disk is there");
    let row = device.reader().prediction(answer.id).expect("readable").expect("it is on the disk");
    assert_eq!(row.label, Some(0.25.into()));
    assert!(runtime.label(answer.id, f64::NAN).is_err());
}
