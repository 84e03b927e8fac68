//! What a server may be sent by anybody: nothing makes the reader panic, and each lie is refused by its field.

use std::io::Write;

use dunlin_wire::limits::{MAX_ALARMS, MAX_BODY_BYTES, MAX_DECODED_BYTES, MAX_FEATURES, MAX_NAME_BYTES, MAX_NAMES};
use dunlin_wire::{Envelope, ModelVersion, Summary, WindowRange, WireError, decode, encode};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes it")
}

fn honest() -> Value {
    let mut summary = Summary::empty(ModelVersion { id: "digits".into(), version: "1.0.0".into(), sequence: 1 });
    summary.windows.push(WindowRange { epoch: 1, first: 0, last: 3 });
    serde_json::to_value(Envelope::new("0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97", "5f0c", summary)).expect("it is JSON")
}

fn decoded(message: &Value) -> Result<Envelope, WireError> {
    decode(&gzip(message.to_string().as_bytes()))
}

#[test]
fn a_lie_is_refused_by_its_field() {
    assert!(decoded(&honest()).is_ok());
    let names: serde_json::Map<String, Value> = (0..=MAX_NAMES).map(|i| (format!("n{i}"), json!(0))).collect();
    let long = "n".repeat(MAX_NAME_BYTES + 1);
    let window = |first: u32, last: u32| json!({"epoch": 1, "first": first, "last": last});
    let alarm = json!({"kind": "k", "subject": "s", "severity": "alarm", "since_us": 0, "windows": 1});
    for (path, lie, field) in [
        ("/specversion", json!("0.3"), "specversion"),
        ("/id", json!(""), "id"),
        ("/id", json!("<script>"), "id"),
        ("/id", json!("a".repeat(65)), "id"),
        ("/source", json!("urn:dunlin:install:"), "source"),
        ("/source", json!("urn:dunlin:install:../.."), "source"),
        ("/source", json!("me"), "source"),
        ("/data/model/id", json!(""), "model"),
        ("/data/model/version", json!(long), "model"),
        ("/data/rows", json!(1), "verdicts"),
        ("/data/verdicts", json!({"accept": 1}), "verdicts"),
        ("/data/counters", Value::Object(names), "verdicts"),
        ("/data/answered_by", json!({ (long.clone()): 0 }), "verdicts"),
        ("/data/labels", json!({"labelled": 1, "errors": 0, "by_class": {(long.clone()): [1, 0]}}), "verdicts"),
        ("/data/windows", json!([]), "windows"),
        ("/data/windows", json!([window(4, 3)]), "windows"),
        ("/data/windows", json!([window(0, 3), window(3, 5)]), "windows"),
        ("/data/windows", json!([window(4, 5), window(0, 3)]), "windows"),
        ("/data/windows", json!([window(0, u32::MAX)]), "windows"),
        ("/data/features", json!(vec![json!({"name": "f"}); MAX_FEATURES + 1]), "features"),
        ("/data/features", json!([{"name": "f", "counts": vec![0; 1025]}]), "features"),
        ("/data/alarms", json!(vec![alarm.clone(); MAX_ALARMS + 1]), "alarms"),
        ("/data/latency", json!({"offset": 63, "bucket_counts": [1, 1]}), "latency"),
        ("/data/latency", json!({"offset": u64::MAX, "bucket_counts": [1]}), "latency"),
    ] {
        let mut message = honest();
        match message.pointer_mut(path) {
            Some(place) => *place = lie,
            None => message["data"][path.rsplit('/').next().expect("it has a name")] = lie,
        }
        match decoded(&message) {
            Err(WireError::BadField { field: found, .. }) => assert_eq!(found, field, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn a_later_version_is_told_what_is_understood_here() {
    for (path, value) in [("/type", "dev.dunlin.summary.v2"), ("/data/format", "2.0"), ("/data/format", "")] {
        let mut message = honest();
        *message.pointer_mut(path).expect("it is there") = json!(value);
        // Of another shape as well: the version is what is told all the same.
        message["data"]["rows"] = json!("many");
        let error = decoded(&message).expect_err("it is of a later version");
        assert_eq!(error.code(), "unsupported", "{path}");
    }
    let mut later_minor = honest();
    later_minor["data"]["format"] = json!("1.7");
    later_minor["data"]["something_new"] = json!({"of": "a later version"});
    later_minor["traceparent"] = json!("an extension of the envelope");
    assert!(decoded(&later_minor).is_ok());
}

#[test]
fn a_bomb_is_refused_by_its_size_and_not_unpacked() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < MAX_BODY_BYTES || bomb.len() < 1 << 20);
    let bomb = if bomb.len() > MAX_BODY_BYTES { gzip(&vec![b' '; MAX_DECODED_BYTES + 1]) } else { bomb };
    assert_eq!(decode(&bomb), Err(WireError::TooLarge { max_bytes: MAX_DECODED_BYTES }));
    assert_eq!(decode(&vec![0; MAX_BODY_BYTES + 1]), Err(WireError::TooLarge { max_bytes: MAX_BODY_BYTES }));
    let nested = "[".repeat(200_000);
    assert_eq!(decode(&gzip(nested.as_bytes())).expect_err("it is no message").code(), "malformed");
}

#[test]
fn what_is_not_one_whole_gzip_is_refused_as_that() {
    let whole = gzip(honest().to_string().as_bytes());
    let cut = &whole[..whole.len() - 4];
    let followed = [&whole[..], b"more"].concat();
    for bytes in [&b""[..], b"{}", cut, &followed] {
        assert_eq!(decode(bytes).expect_err("it is not gzip").code(), "not_gzip");
    }
}

#[test]
fn an_error_never_repeats_a_value_of_the_message() {
    let mut message = honest();
    message["data"]["rows"] = json!("4929123456789012");
    message["data"]["started_us"] = json!("4929123456789012");
    for error in [decoded(&message), decode(&gzip(b"{\"type\": 4929123456789012")), decode(&gzip(b"4929123456789012"))]
    {
        let error = error.expect_err("it is wrong").to_string();
        assert!(!error.contains("4929"), "{error}");
    }
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let text = honest().to_string().replacen("\"rows\":", "\"rows\":7,\"rows\":", 1);
    assert_eq!(decode(&gzip(text.as_bytes())).expect_err("which one counts?").code(), "malformed");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode(&bytes);
        let _ = decode(&gzip(&bytes));
    }

    #[test]
    fn a_damaged_message_is_read_without_panic(at in any::<prop::sample::Index>(), byte: u8) {
        let mut json = honest().to_string().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        // What is still a message can be written again.
        if let Ok(envelope) = decode(&gzip(&json)) {
            prop_assert_eq!(decode(&encode(&envelope).expect("it can be written")), Ok(envelope));
        }
    }
}
