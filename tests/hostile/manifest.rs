//! Attacks on the manifest: other formats, unknown needs, entries that are not what they say.

use dunlin_bundle::LayoutFault::{Missing, OutOfOrder, Repeated, Unlisted, UnsafeName};
use dunlin_bundle::{BundleError, Contents};
use dunlin_tests::forge::{RawEntry, find, forge, pack, unpack};
use serde_json::{Value, json};

use crate::support::{HONEST, assert_fault, assert_refused, assert_says, meddled, refusal};

/// An honest bundle whose manifest was changed; the entries stay as they are.
fn with_manifest(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    meddled(|entries| find(entries, "manifest.json").edit_json(edit))
}

#[test]
fn another_major_format_is_refused() {
    let error = assert_refused(with_manifest(|m| m["format"] = json!("2.0")), "unsupported_format", "manifest.json");
    assert!(error.to_string().contains("2.0") && error.to_string().contains("1.0"), "{error}");
}

#[test]
fn a_higher_minor_format_with_unknown_fields_is_read() {
    let file = with_manifest(|m| {
        m["format"] = json!("1.9");
        m["hint_of_the_future"] = json!({"a": [1, 2]});
    });
    assert!(Contents::read_unsigned(file).is_ok());
}

#[test]
fn a_format_that_is_no_version_is_refused() {
    for format in ["1", "1.x", "one.two", "-1.0", "99999.0"] {
        assert_refused(with_manifest(|m| m["format"] = json!(format)), "json", "manifest.json");
    }
}

#[test]
fn an_unknown_requirement_is_refused() {
    let file = with_manifest(|m| m["requires"] = json!(["time_travel"]));
    assert!(matches!(refusal(file), BundleError::UnknownRequirement { requirement } if requirement == "time_travel"));
}

#[test]
fn a_model_id_that_is_no_plain_name_is_refused() {
    for id in ["", "Tiny", "../tiny", "tiny model", "tïny", "a/b"] {
        assert_says(with_manifest(|m| m["model_id"] = json!(id)), "invalid", "manifest.json", "model_id");
    }
    let long = "a".repeat(65);
    let file = with_manifest(|m| m["model_id"] = json!(long));
    assert_says(file, "limit", "manifest.json", "MAX_MODEL_ID_BYTES");
}

#[test]
fn entries_that_the_format_does_not_know_are_refused() {
    let file = forge(&HONEST, |entries| entries.push(RawEntry::stored("payload.so", "x")));
    assert_fault(file, "manifest.json", &Unlisted { found: "payload.so".to_owned() });
    let file = forge(&HONEST, |entries| entries.push(RawEntry::stored("../../etc/passwd", "x")));
    assert_fault(file, "manifest.json", &UnsafeName { found: "../../etc/passwd".to_owned() });
}

#[test]
fn a_manifest_that_lists_entries_out_of_order_or_twice_is_refused() {
    let file = forge(&HONEST, |entries| entries.swap(2, 3));
    assert_fault(file, "schema.json", &OutOfOrder { found: "features.json".to_owned() });
    let file = forge(&HONEST, |entries| entries.insert(5, entries[4].clone()));
    assert_fault(file, "graph.json", &Repeated { found: "graph.json".to_owned() });
}

#[test]
fn a_bundle_without_an_entry_that_it_needs_is_refused() {
    let needed =
        ["schema.json", "features.json", "graph.json", "weights.safetensors", "reference.json", "golden.jsonl"];
    let baseline = ["baseline/features.json", "baseline/graph.json", "baseline/weights.safetensors", "README.md"];
    for name in needed.into_iter().chain(baseline) {
        let file = forge(&HONEST, |entries| entries.retain(|entry| entry.name != name.as_bytes()));
        assert_fault(file, name, &Missing);
    }
}

#[test]
fn content_that_is_not_what_the_manifest_hashed_is_refused() {
    let mut entries = unpack(&HONEST);
    for index in 2..entries.len() {
        let name = String::from_utf8(entries[index].name.clone()).unwrap();
        let file = with_manifest(|m| m["entries"][index - 2]["sha256"] = json!("0".repeat(64)));
        assert_refused(file, "hash", &name);
    }
    // The checksum in the headers is no protection: it can be forged with the content.
    let readme = find(&mut entries, "README.md");
    readme.content[0] ^= 1;
    let checksum = crc(&readme.content);
    find(&mut entries, "manifest.json").edit_json(|m| {
        let last = m["entries"].as_array_mut().unwrap().last_mut().unwrap();
        last["crc32"] = json!(checksum);
    });
    assert_refused(pack(&entries), "hash", "README.md");
}

fn crc(content: &[u8]) -> usize {
    let packed = pack(&[RawEntry::stored("x", content)]);
    packed[14..18].iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte))
}

#[test]
fn huge_lengths_are_refused_before_anything_is_allocated() {
    for (entry, name, limit) in [(0, "schema.json", "MAX_JSON_BYTES"), (3, "weights.safetensors", "MAX_BUNDLE_BYTES")] {
        let file = with_manifest(|m| m["entries"][entry]["length"] = json!(u64::MAX));
        assert_says(file, "limit", name, limit);
    }
    // Each within its limit, together beyond any file.
    let file = with_manifest(|m| {
        m["entries"][3]["length"] = json!(1_u64 << 31);
        m["entries"][8]["length"] = json!(1_u64 << 31);
    });
    assert!(matches!(refusal(file), BundleError::TooLarge { .. }));
}

#[test]
fn a_hash_that_is_no_hash_is_refused() {
    for sha256 in ["", "zz", &"AB".repeat(32)] {
        let file = with_manifest(|m| m["entries"][0]["sha256"] = json!(sha256));
        assert_says(file, "invalid", "manifest.json", "schema.json");
    }
    let file = with_manifest(|m| m["provenance"]["data_sha256"] = json!("none"));
    assert_says(file, "invalid", "manifest.json", "data_sha256");
}

#[test]
fn fields_of_the_wrong_type_are_refused() {
    let edits: [fn(&mut Value); 5] = [
        |m| m["sequence"] = json!(-1),
        |m| m["version"] = json!("one"),
        |m| m["entries"] = json!({}),
        |m| m["entries"][0]["crc32"] = json!(1_u64 << 32),
        |m| m["entries"][0]["mode"] = json!("0777"),
    ];
    for edit in edits {
        assert_refused(with_manifest(edit), "json", "manifest.json");
    }
}
