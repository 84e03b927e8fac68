//! Bytes from hostile hands: refused without a panic, before they cost anything, and never half taken.

use dunlin_channel::{Envelope, limits};
use proptest::prelude::*;

use crate::world::{NOW, World, channel, recall, refused, release};

#[test]
fn a_document_that_ends_anywhere_is_refused() {
    let world = World::new();
    let (root, served) = (world.seal_root(&world.root(), &["r1", "r2"]), world.seal_channel(&channel(1), &["c1"]));
    let mut trust = world.device();
    for length in 0..root.trim_ascii_end().len() {
        refused(&mut trust, |trust| trust.accept_root(&root[..length]), "json");
    }
    for length in 0..served.trim_ascii_end().len() {
        refused(&mut trust, |trust| trust.accept_channel(&served[..length], NOW), "json");
    }
}

#[test]
fn a_document_is_weighed_before_it_is_read() {
    let world = World::new();
    let mut trust = world.device();
    let mut served = world.seal_channel(&channel(1), &["c1"]);
    served.resize(limits::MAX_CHANNEL_BYTES, b' ');
    trust.clone().accept_channel(&served, NOW).unwrap();
    served.push(b' ');
    let words = refused(&mut trust, |trust| trust.accept_channel(&served, NOW), "too_large");
    assert!(words.starts_with("channel: 262145 bytes, and at most 262144 are read"), "{words}");
    refused(&mut trust, |trust| trust.accept_root(&vec![b'['; limits::MAX_ROOT_BYTES + 1]), "too_large");
}

#[test]
fn nothing_that_repeats_a_key_is_read_inside_or_outside() {
    let world = World::new();
    let mut trust = world.device();
    let payload = channel(1).to_payload();
    for (from, to) in [
        (r#""version":1,"#, r#""version":1,"version":9,"#),
        (r#""halted":false"#, r#""halted":false,"halted":true"#),
        (r#""halted":false"#, r#""halted":false,"h\u0061lted":true"#),
    ] {
        assert!(payload.contains(from));
        let sealed = world.seal(payload.replacen(from, to, 1), &["c1"]);
        let words = refused(&mut trust, |trust| trust.accept_channel(&sealed, NOW), "json");
        assert!(words.contains("comes twice"), "{words}");
    }
    let sealed = String::from_utf8(world.seal_channel(&channel(1), &["c1"])).unwrap();
    let twice = sealed.replacen("\"payload\":", "\"payload\": \"{}\", \"payload\":", 1);
    refused(&mut trust, |trust| trust.accept_channel(twice.as_bytes(), NOW), "json");
}

#[test]
fn deep_nesting_is_refused_by_its_depth_and_not_by_the_stack() {
    let world = World::new();
    let mut trust = world.device();
    for depth in [17, 1_000, 30_000] {
        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let words = refused(&mut trust, |trust| trust.accept_root(nest.as_bytes()), "json");
        assert!(words.contains("nests deeper than 16 levels"), "{words}");
        let inside = channel(1).to_payload().replacen('{', &format!("{{\"later\":{nest},"), 1);
        let sealed = world.seal(inside, &["c1"]);
        refused(&mut trust, |trust| trust.accept_channel(&sealed, NOW), "json");
    }
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let world = World::new();
    let mut trust = world.device();
    let payload = channel(1).to_payload();
    let numbers = ["18446744073709551616", "-1", "1e3", "1.0", "1e999", "\"1\"", "null", "NaN", "0x1", "01", "[1]"];
    for field in ["\"version\":1,", "\"bytes\":2500,", "\"sequence\":7,", "\"rollout_percent\":100,"] {
        assert!(payload.contains(field));
        for number in numbers {
            let name = field.split(':').next().unwrap();
            let sealed = world.seal(payload.replacen(field, &format!("{name}:{number},"), 1), &["c1"]);
            refused(&mut trust, |trust| trust.accept_channel(&sealed, NOW), "json");
        }
    }
}

#[test]
fn more_of_anything_than_may_be_is_refused_by_its_name() {
    let world = World::new();
    let many = |count: usize| vec!["c1"; count];
    world.device().accept_channel(&world.seal_channel(&channel(1), &many(16)), NOW).unwrap();
    let words = |sealed: Vec<u8>| refused(&mut world.device(), |trust| trust.accept_channel(&sealed, NOW), "too_many");
    assert!(words(world.seal_channel(&channel(1), &many(17))).starts_with("channel: 17 signatures, and at most 16"));

    let mut full = channel(1);
    full.releases = (0..65).map(release).collect();
    assert!(words(world.seal_channel(&full, &["c1"])).starts_with("channel: 65 releases, and at most 64"));
    full.releases.clear();
    full.recalled = (0..257).map(recall).collect();
    assert!(words(world.seal_channel(&full, &["c1"])).starts_with("channel: 257 recalls, and at most 256"));
    full.recalled.clear();
    let mut parts = release(1);
    parts.parts = vec![parts.sha256; 2_049];
    full.releases = vec![parts];
    assert!(words(world.seal_channel(&full, &["c1"])).starts_with("channel: 2049 parts, and at most 2048"));

    let mut root = world.root();
    root.version = 2;
    root.keys = (0..33).map(|number| (format!("k{number}"), world.key("r1"))).collect();
    let sealed = world.seal_root(&root, &["r1", "r2"]);
    let words = refused(&mut world.device(), |trust| trust.accept_root(&sealed), "too_many");
    assert!(words.starts_with("root: 33 keys, and at most 32"), "{words}");
}

#[test]
fn a_key_that_is_none_or_secret_is_refused() {
    let world = World::new();
    let secret = world.pair("r1").sk.to_box(None).unwrap().into_string().lines().nth(1).unwrap().to_owned();
    let public = world.key("r1").text().to_owned();
    for key in [&secret[..], "", "RW", &public[1..], &format!("{public}="), &public.replace("RW", "rw")] {
        let mut root = world.root();
        root.version = 2;
        let payload = root.to_payload().replacen(&public, key, 1);
        let sealed = world.seal(payload, &["r1", "r2"]);
        let words = refused(&mut world.device(), |trust| trust.accept_root(&sealed), "json");
        assert!(words.contains("never the secret key"), "{words}");
    }
}

#[test]
fn what_a_message_repeats_is_short_and_cannot_act_on_a_terminal() {
    let world = World::new();
    let nasty = format!("\u{1b}[2J\n{}", "x".repeat(5_000));
    let mut named = channel(1);
    named.name = nasty.clone();
    let mut versioned = channel(1);
    versioned.releases[0].version = nasty.clone();
    let mut documents = vec![world.seal_channel(&named, &["c1"]), world.seal_channel(&versioned, &["c1"])];
    let kind = channel(1).to_payload().replacen("\"type\":\"channel\"", &format!("\"type\":{}", json(&nasty)), 1);
    let number = channel(1).to_payload().replacen("\"version\":1,", &format!("\"version\":{},", json(&nasty)), 1);
    let twice = channel(1).to_payload().replacen('{', &format!("{{{0}:1,{0}:2,", json(&nasty)), 1);
    documents.extend([kind, number, twice].map(|payload| world.seal(payload, &["c1"])));
    let mut envelope = Envelope::unsigned(channel(1).to_payload());
    envelope.signatures.push(world.signed_as(&nasty, "c1", &envelope.payload));
    documents.push(envelope.to_json().into_bytes());
    for document in documents {
        let words = world.device().accept_channel(&document, NOW).unwrap_err().to_string();
        assert!(words.len() < 800 && !words.contains(['\u{1b}', '\n']), "{words:?}");
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

#[test]
fn an_envelope_of_another_form_is_refused() {
    let world = World::new();
    let mut trust = world.device();
    let others: [&[u8]; 9] = [
        b"",
        b"null",
        b"[]",
        b"{\"payload\": {}, \"signatures\": []}",
        b"{\"payload\": \"{}\"}",
        b"{\"payload\": \"{}\", \"signatures\": [1]}",
        b"{\"payload\": \"\\ud800\", \"signatures\": []}",
        b"\xff\xfe{}",
        b"<html>Please log in to the hotel's network</html>",
    ];
    for bytes in others {
        refused(&mut trust, |trust| trust.accept_channel(bytes, NOW), "json");
        refused(&mut trust, |trust| trust.accept_root(bytes), "json");
    }
    let mut trailing = world.seal_channel(&channel(1), &["c1"]);
    trailing.extend_from_slice(b"{}");
    refused(&mut trust, |trust| trust.accept_channel(&trailing, NOW), "json");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever happens to the bytes on the way: what is taken is what was signed.
    #[test]
    fn a_document_with_changed_bytes_is_refused_or_says_the_same(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        thread_local!(static SEALED: (World, Vec<u8>, Vec<u8>) = {
            let world = World::new();
            let (mut next, served) = (world.root(), world.seal_channel(&channel(1), &["c1"]));
            next.version = 2;
            let root = world.seal_root(&next, &["r1", "r2"]);
            (world, root, served)
        });
        SEALED.with(|(world, root, served)| {
            let damaged = |document: &[u8]| {
                let mut bytes = document.to_vec();
                for (at, byte) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                if let Some((from, to)) = cut {
                    let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                    bytes.drain(from.min(to)..from.max(to));
                }
                bytes
            };
            let mut trust = world.device();
            if let Ok(taken) = trust.accept_channel(&damaged(served), NOW) {
                prop_assert_eq!(taken, channel(1));
            }
            if trust.accept_root(&damaged(root)).is_ok() {
                prop_assert_eq!(&trust.root().keys, &world.root().keys);
                prop_assert_eq!(&trust.root().roles, &world.root().roles);
            }
            Ok(())
        })?;
    }
}
