//! Keys and bundles: making them, signing, verifying, looking inside; and what is none.

use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use serde_json::json;

use crate::program::Desk;

#[test]
fn a_key_pair_made_here_signs_a_bundle_that_verifies_here() {
    let desk = Desk::new();
    desk.write("new.dunlin", tiny_parts().write().expect("the parts are good"));
    desk.run(&["keygen", "--out", "mine", "--no-password"]).expect(0, &["mine.key", "mine.pub"]);
    desk.run(&["sign", "new.dunlin", "--key", "mine.key"]).expect(0, &["Signed new.dunlin"]);
    let ended = desk.run(&["--json", "verify", "new.dunlin", "--key", "mine.pub"]);
    ended.expect(0, &[]);
    let document = &ended.json()[0];
    assert_eq!((&document["verified"], &document["golden_cases"]), (&json!(true), &json!(8)));
    desk.run(&["verify", "new.dunlin", "--key", "test.pub"]).expect(4, &["sign"]);
}

#[test]
fn keygen_overwrites_nothing() {
    let desk = Desk::new();
    desk.run(&["keygen", "--out", "test", "--no-password"]).expect(1, &["test.key"]);
    assert_eq!(std::fs::read_to_string(desk.path("test.key")).expect("readable"), desk.key.secret_text());
}

#[cfg(unix)]
#[test]
fn a_secret_key_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.run(&["keygen", "--out", "mine", "--no-password"]).expect(0, &[]);
    let mode = std::fs::metadata(desk.path("mine.key")).expect("there").permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[test]
fn signing_names_every_option_that_the_provenance_lacks() {
    let desk = Desk::new();
    let mut parts = tiny_parts();
    parts.license = None;
    parts.provenance = dunlin_bundle::manifest::Provenance::default();
    desk.write("new.dunlin", parts.write().expect("the parts are good"));
    let sign = ["sign", "new.dunlin", "--key", "test.key"];
    desk.run(&sign).expect(7, &["--commit", "--data-sha256", "--reviewer", "--license"]);
    desk.run(&[&sign[..], &["--commit", "c", "--reviewer", "r"]].concat()).expect(7, &["--data-sha256", "--license"]);
    let hash = "ab".repeat(32);
    let rest = ["--commit", "c", "--reviewer", "r", "--license", "MIT", "--data-sha256", &hash];
    desk.run(&[&sign[..], &rest].concat()).expect(0, &["Signed"]);
    desk.run(&["verify", "new.dunlin", "--key", "test.pub"]).expect(0, &[]);
}

#[test]
fn a_key_that_is_not_a_key_is_refused_with_what_to_give_instead() {
    let desk = Desk::new();
    desk.write("text", "this is no key");
    let cases = [
        (&["verify", "tiny.dunlin", "--key", "text"][..], ".pub"),
        (&["verify", "tiny.dunlin", "--key", "test.key"], "secret key"),
        (&["sign", "tiny.dunlin", "--key", "test.pub"], "secret key"),
        (&["sign", "tiny.dunlin", "--key", "text"], "secret key"),
        (&["predict", "tiny.dunlin", "--key", "text"], ".pub"),
    ];
    for (arguments, word) in cases {
        desk.run(arguments).expect(5, &[word]);
    }
    desk.run(&["verify", "tiny.dunlin", "--key", "missing.pub"]).expect(1, &["missing.pub"]);
}

#[test]
fn a_protected_key_opens_with_its_password_alone() {
    let desk = Desk::new();
    let pair = minisign::KeyPair::generate_encrypted_keypair(Some("correct".to_owned())).expect("randomness");
    desk.write("locked.key", pair.sk.to_box(None).expect("it has a text").into_string());
    desk.write("right", "correct\n");
    desk.write("wrong", "horse\n");
    let sign = |file| desk.run(&["sign", "tiny.dunlin", "--key", "locked.key", "--password-file", file]);
    sign("wrong").expect(5, &["locked.key"]);
    sign("right").expect(0, &["Signed"]);
}

#[test]
fn damaged_unsigned_and_strange_bundles_are_refused_by_every_command_that_trusts() {
    let desk = Desk::new();
    let good = std::fs::read(desk.path("tiny.dunlin")).expect("readable");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    desk.write("flipped.dunlin", flipped);
    desk.write("cut.dunlin", &good[..good.len() / 2]);
    desk.write("unsigned.dunlin", tiny_parts().write().expect("good"));
    desk.write("text.dunlin", "no bundle at all, only some words that are long enough to be looked at");
    desk.write("empty.dunlin", "");
    let strange = TestKey::generate().sign_bundle(tiny_parts().write().expect("good")).expect("good");
    desk.write("stranger.dunlin", strange);
    for bundle in ["flipped", "cut", "unsigned", "text", "empty", "stranger"] {
        let bundle = format!("{bundle}.dunlin");
        desk.run(&["verify", &bundle, "--key", "test.pub"]).expect(4, &["dunlin: "]);
        desk.run(&["predict", &bundle, "--key", "test.pub"]).expect(4, &[]);
        desk.run(&["predict", &bundle, "--key", "test.pub", "--dir", "device"]).expect(4, &[]);
    }
    let ended = desk.run(&["--json", "verify", "flipped.dunlin", "--key", "test.pub"]);
    ended.expect(4, &[]);
    assert!(ended.json()[0]["error"]["code"].is_string(), "machines get a code");
}

#[test]
fn looking_inside_without_a_key_says_that_nothing_was_vouched_for() {
    let desk = Desk::new();
    desk.run(&["inspect", "tiny.dunlin"]).expect(0, &["tiny 1.2.3", "not checked", "weights.safetensors", "colour"]);
    desk.run(&["inspect", "tiny.dunlin", "--key", "test.pub"]).expect(0, &["by test.pub"]);
    let ended = desk.run(&["--json", "inspect", "tiny.dunlin"]);
    assert_eq!(ended.json()[0]["manifest"]["model_id"], "tiny");
    desk.write("unsigned.dunlin", tiny_parts().write().expect("good"));
    desk.run(&["inspect", "unsigned.dunlin"]).expect(0, &["none"]);
}

#[test]
fn the_command_line_is_checked_and_completed() {
    let desk = Desk::new();
    desk.run(&["predcit"]).expect(2, &["predict"]);
    desk.run(&["pack", "x", "--precision", "q9"]).expect(2, &["q8_0"]);
    desk.run(&["verify", "tiny.dunlin"]).expect(2, &["--key"]);
    for shell in ["bash", "zsh", "fish"] {
        desk.run(&["completions", shell]).expect(0, &["inspect"]);
    }
}
