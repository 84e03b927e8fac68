//! Attacks through JSON itself: depth, repeated keys, absurd numbers, bytes that are no text.

use crate::support::{HONEST, assert_refused, assert_says, meddled, with_content, with_json};
use dunlin_tests::forge::find;

const JSON_ENTRIES: [&str; 7] = [
    "schema.json",
    "features.json",
    "graph.json",
    "reference.json",
    "golden.jsonl",
    "baseline/features.json",
    "baseline/graph.json",
];

#[test]
fn depth_bombs_are_refused() {
    for name in JSON_ENTRIES {
        for bomb in ["[".repeat(1 << 20), "{\"a\":".repeat(100_000)] {
            assert_says(with_content(name, bomb), "limit", name, "MAX_JSON_DEPTH");
        }
    }
    let file = meddled(|entries| find(entries, "manifest.json").content = b"[".repeat(200_000));
    assert_says(file, "limit", "manifest.json", "MAX_JSON_DEPTH");
}

#[test]
fn brackets_within_strings_are_not_depth() {
    let card = "[".repeat(1000);
    let file = with_json("schema.json", |schema| schema["feature"][0]["purpose"] = format!("\\\"{card}").into());
    assert!(dunlin_bundle::Contents::read_unsigned(file).is_ok());
}

#[test]
fn repeated_keys_are_refused_however_they_are_spelt() {
    for key in ["opset", "\\u006fpset"] {
        let graph = format!("{{\"opset\": 17, \"{key}\": 18}}");
        assert_says(with_content("graph.json", graph), "json", "graph.json", "opset");
    }
    let text =
        String::from_utf8(find(&mut dunlin_tests::forge::unpack(&HONEST), "reference.json").content.clone()).unwrap();
    let doubled = text.replacen("\"metrics\": {", "\"metrics\": {\"accuracy\": 0.1,", 1);
    assert_ne!(doubled, text);
    assert_says(with_content("reference.json", doubled), "json", "reference.json", "accuracy");
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for name in JSON_ENTRIES {
        for text in [&b""[..], b"\xff\xfe{}", b"nul", b"{} {}", b"{\"a\": NaN}", b"{\"a\": 1e999}", b"// note\n{}"] {
            assert_refused(with_content(name, text), "json", name);
        }
    }
}

#[test]
fn a_bad_golden_line_is_named() {
    let golden = find(&mut dunlin_tests::forge::unpack(&HONEST), "golden.jsonl").content.clone();
    let mut lines: Vec<&[u8]> = golden.split(|b| *b == b'\n').collect();
    lines[3] = b"{\"record\": }";
    assert_says(with_content("golden.jsonl", lines.join(&b'\n')), "json", "golden.jsonl", "line 4");
    lines[3] = b"";
    assert_says(with_content("golden.jsonl", lines.join(&b'\n')), "json", "golden.jsonl", "line 4");
}

#[test]
fn a_model_card_that_is_no_text_is_refused() {
    assert_refused(with_content("README.md", [0x23, 0xff]), "invalid", "README.md");
}

#[test]
fn entries_longer_than_their_limit_are_refused() {
    assert_says(with_content("README.md", vec![b' '; (1 << 20) + 1]), "limit", "README.md", "MAX_README_BYTES");
    assert_says(with_content("graph.json", vec![b' '; (16 << 20) + 1]), "limit", "graph.json", "MAX_JSON_BYTES");
}
