//! Privacy: what may not be kept is in no byte of no file, and what may be kept is kept as its class says.

use std::path::Path;

use dunlin::Record;
use dunlin_bundle::Parts;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_tests::fixture::tiny_parts;
use serde_json::{Map, Value, json};

use crate::device::{Device, good, record};

const NAME: &str = "Wilhelmina Featherstonehaugh";
const CARD: &str = "4929-1234-5678-9012";
const LATITUDE: f64 = 52.370_216_875_3;
const SUBJECT: &str = "customer-8812-wilhelmina";

/// `tiny` with features that hold personal data, none of which its graph uses.
fn nosy_parts() -> Parts {
    let mut parts = tiny_parts();
    for feature in [
        json!({"name": "name", "type": "TEXT", "missing": {"policy": "impute", "value": ""}}),
        json!({"name": "card", "type": "TEXT", "privacy": "drop", "missing": {"policy": "impute", "value": ""}}),
        json!({"name": "latitude", "type": "NUMBER", "privacy": "drop", "missing": {"policy": "impute", "value": 0}}),
        json!({"name": "pin", "type": "TEXT", "privacy": "hash", "missing": {"policy": "impute", "value": ""}}),
    ] {
        parts.schema.feature.push(serde_json::from_value(feature).unwrap());
    }
    parts
}

fn nosy_record() -> Map<String, Value> {
    let mut record = good();
    let personal = json!({"name": NAME, "card": CARD, "latitude": LATITUDE, "pin": NAME});
    record.extend(personal.as_object().unwrap().clone());
    record
}

/// Every spelling of the canaries that could end up in a file.
fn canaries() -> Vec<(&'static str, Vec<u8>)> {
    let number = LATITUDE.to_string();
    vec![
        ("the name", NAME.into()),
        ("the first name", "Wilhelmina".into()),
        ("the first name in lower case", "wilhelmina".into()),
        ("the card", CARD.into()),
        ("part of the card", "5678-9012".into()),
        ("the position", number.clone().into()),
        ("part of the position", number[..9].into()),
        ("the position's bytes", LATITUDE.to_le_bytes().into()),
        ("the position's bytes, SQLite's way", LATITUDE.to_be_bytes().into()),
        ("the position's f32 bytes", (LATITUDE as f32).to_le_bytes().into()),
        ("the subject", SUBJECT.into()),
    ]
}

fn search(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, found);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for (what, canary) in canaries() {
            if bytes.windows(canary.len()).any(|window| window == canary) {
                found.push(format!("{what} is in {}", path.display()));
            }
        }
    }
}

#[test]
fn what_is_not_declared_or_is_dropped_is_in_no_byte_of_any_file() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&nosy_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let schema = session.schema().clone();
    for object in [nosy_record(), {
        let mut far = nosy_record();
        far.insert("visits".to_owned(), json!(9_999_999));
        far
    }] {
        session.predict_for(SUBJECT, &record(&session, &object)).unwrap();
    }
    // Refused: a NaN beside the canaries, a canary in the place of a number, and as the name of a feature.
    let mut broken = record(&session, &nosy_record());
    broken.set(&schema, "age", f64::NAN).unwrap();
    assert!(session.predict_for(SUBJECT, &broken).is_err());
    for text in [json!({"age": NAME}), json!({"colour": "red", NAME: CARD}), json!(NAME)] {
        let error = Record::from_json_str(&schema, &text.to_string()).unwrap_err();
        let error = session.refuse(error);
        assert!(!error.to_string().contains(CARD));
    }
    runtime.flush().unwrap();
    let mut found = Vec::new();
    search(&device.folder(), &mut found);
    assert!(found.is_empty(), "while open: {found:?}");
    drop(session);
    runtime.close().unwrap();
    search(&device.folder(), &mut found);
    assert!(found.is_empty(), "after closing: {found:?}");
    assert_eq!(device.reader().totals().unwrap().predictions, 6);
}

#[test]
fn the_search_for_canaries_finds_one() {
    let device = Device::new();
    let (runtime, mut session) = device.ready();
    let answer = session.predict(&record(&session, &good())).unwrap();
    let _ = runtime.outcome(answer.id, "said", NAME).unwrap();
    runtime.flush().unwrap();
    let mut found = Vec::new();
    search(&device.folder(), &mut found);
    assert!(!found.is_empty());
}

#[test]
fn plain_hash_bucket_and_drop_appear_as_declared() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&nosy_parts())).unwrap();
    let mut session = runtime.session("tiny").unwrap();
    let kept = |object: &Map<String, Value>, session: &mut dunlin::Session| {
        let id = session.predict(&record(session, object)).unwrap().id;
        let features = device.reader().prediction(id).unwrap().unwrap().features.unwrap();
        features.as_object().unwrap().clone()
    };
    let first = kept(&nosy_record(), &mut session);
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(names, ["age", "colour", "member", "pin", "visits"]);
    // plain
    assert_eq!((&first["visits"], &first["colour"]), (&json!(4), &json!("blue")));
    // bucket: the bin of the reference, never the value
    let bins = tiny_parts().reference.distributions["age"].bins().clone();
    assert_eq!(first["age"], json!(bins.of_number(35.0).unwrap()));
    // hash: the same for the same value, another for another, and no value
    let second = kept(&nosy_record(), &mut session);
    assert_eq!(first, second);
    let mut other = nosy_record();
    other.insert("member".to_owned(), json!(false));
    other.insert("pin".to_owned(), json!("1234"));
    let other = kept(&other, &mut session);
    assert!(other["member"] != first["member"] && other["pin"] != first["pin"] && other["visits"] == first["visits"]);
    for hash in [&first["member"], &first["pin"]] {
        let text = hash.as_str().unwrap();
        assert!(text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit()), "{text}");
    }
    // missing is kept as null, except where the feature is dropped
    let mut without = nosy_record();
    ["pin", "income", "latitude"].iter().for_each(|name| drop(without.remove(*name)));
    let without = kept(&without, &mut session);
    assert_eq!((&without["pin"], without.get("latitude"), without.get("income")), (&Value::Null, None, None));
}

#[test]
fn two_installations_hash_the_same_value_differently() {
    let hash = || {
        let device = Device::new();
        let (_runtime, mut session) = device.ready();
        let id = session.predict_for("ada", &record(&session, &good())).unwrap().id;
        let row = device.reader().prediction(id).unwrap().unwrap();
        (row.features.unwrap()["member"].clone(), row.subject_hash.unwrap())
    };
    let (first, second) = (hash(), hash());
    assert!(first.0 != second.0 && first.1 != second.1);
}

#[test]
fn the_fixture_uses_none_of_the_personal_features() {
    let transforms: TransformsSpec = nosy_parts().transforms;
    let used: Vec<&str> = transforms.inputs.iter().flat_map(|i| &i.columns).map(|c| c.feature.as_str()).collect();
    assert_eq!(used, ["age", "visits", "colour", "member", "income"]);
}
