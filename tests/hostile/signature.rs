//! Attacks on trust: unsigned bundles, strangers' keys, signatures of something else.

use dunlin_bundle::{Bundle, BundleError, Contents, KeyError, TrustedKeys, attach_signature, with_provenance};
use dunlin_tests::forge::{find, forge, pack, unpack};
use dunlin_tests::signing::TestKey;

use crate::support::HONEST;

fn refusal(file: Vec<u8>, keys: &TrustedKeys) -> BundleError {
    Bundle::read(file, keys).map(drop).expect_err("the attack must be refused")
}

#[test]
fn an_unsigned_bundle_is_refused() {
    let error = refusal(HONEST.clone(), &TestKey::generate().trusted());
    assert!(matches!(error, BundleError::Unsigned), "{error}");
    assert_eq!(error.entry(), Some("signature.minisig"));
}

#[test]
fn a_stranger_s_signature_is_refused() {
    let signed = TestKey::generate().sign_bundle(HONEST.clone()).unwrap();
    let error = refusal(signed, &TestKey::generate().trusted());
    assert!(matches!(error, BundleError::UnknownSigner { trusted: 1 }), "{error}");
}

#[test]
fn nothing_is_trusted_without_keys() {
    let signed = TestKey::generate().sign_bundle(HONEST.clone()).unwrap();
    let error = refusal(signed, &TrustedKeys::new());
    assert!(matches!(error, BundleError::UnknownSigner { trusted: 0 }), "{error}");
}

#[test]
fn a_signature_of_another_manifest_is_refused() {
    let key = TestKey::generate();
    let signature = key.sign(b"{\"another\": \"manifest\"}");
    let error = refusal(attach_signature(HONEST.clone(), &signature).unwrap(), &key.trusted());
    assert!(matches!(&error, BundleError::WrongSignature { key } if key == "test"), "{error}");
}

#[test]
fn the_signature_is_checked_before_the_manifest_is_parsed() {
    let key = TestKey::generate();
    let signed = key.sign_bundle(HONEST.clone()).unwrap();
    let mut entries = unpack(&signed);
    find(&mut entries, "manifest.json").content = b"[".repeat(100_000);
    let error = refusal(pack(&entries), &key.trusted());
    assert!(matches!(error, BundleError::WrongSignature { .. }), "{error}");
}

#[test]
fn a_trusted_comment_that_was_changed_is_refused() {
    let key = TestKey::generate();
    let signed = key.sign_bundle(HONEST.clone()).unwrap();
    let mut entries = unpack(&signed);
    let signature = find(&mut entries, "signature.minisig");
    signature.content = String::from_utf8(signature.content.clone()).unwrap().replace("in a test", "by someone").into();
    let text = String::from_utf8(signature.content.clone()).unwrap();
    assert_eq!(text.matches("by someone").count(), 2, "both comments were changed");
    let error = refusal(pack(&entries), &key.trusted());
    assert!(matches!(error, BundleError::WrongSignature { .. }), "{error}");
}

#[test]
fn a_signature_entry_that_is_no_signature_is_refused() {
    let key = TestKey::generate();
    let good = key.sign(b"x");
    let crlf = good.replace('\n', "\r\n");
    let doubled = format!("{good}{good}");
    let other_kind = good.replacen("\nRU", "\nRX", 1);
    let without_comment = good.replacen("untrusted comment: ", "", 1);
    let texts = ["junk", "\n\n\n\n", &crlf, &doubled, &other_kind, &without_comment];
    for text in texts.into_iter().map(str::as_bytes).chain([&b"\xff\xfe"[..]]) {
        let mut entries = unpack(&HONEST);
        find(&mut entries, "signature.minisig").content = text.to_vec();
        let error = refusal(pack(&entries), &key.trusted());
        assert!(matches!(error, BundleError::MalformedSignature { .. }), "{error}");
    }
}

#[test]
fn a_legacy_signature_is_refused() {
    let key = TestKey::generate();
    // The letters of the algorithm: ED signs a hash, Ed the message itself.
    let legacy = key.sign(b"x").replacen("\nRU", "\nRW", 1);
    let error = refusal(attach_signature(HONEST.clone(), &legacy).unwrap(), &key.trusted());
    assert!(error.to_string().contains("legacy"), "{error}");
}

#[test]
fn changing_provenance_takes_the_signature_away() {
    let key = TestKey::generate();
    let signed = key.sign_bundle(HONEST.clone()).unwrap();
    let changed = with_provenance(signed, Some("Apache-2.0".to_owned()), Default::default()).unwrap();
    assert!(matches!(refusal(changed.clone(), &key.trusted()), BundleError::Unsigned));
    let contents = Contents::read_unsigned(changed).unwrap();
    assert_eq!(contents.manifest().license.as_deref(), Some("Apache-2.0"));
    assert_eq!(contents.manifest().provenance.reviewer.as_deref(), Some("A. Reviewer"), "what was there stays");
}

#[test]
fn provenance_of_a_newer_minor_format_is_not_rewritten() {
    let newer = forge(&HONEST, |entries| find(entries, "manifest.json").edit_json(|m| m["format"] = "1.1".into()));
    assert!(with_provenance(newer, None, Default::default()).unwrap_err().to_string().contains("1.1"));
}

#[test]
fn the_right_key_among_several_is_found() {
    let (key, other) = (TestKey::generate(), TestKey::generate());
    let signed = key.sign_bundle(HONEST.clone()).unwrap();
    let mut keys = TrustedKeys::new();
    keys.add("other", &other.public_text()).unwrap();
    keys.add("mine", &key.public_text()).unwrap();
    assert_eq!(Bundle::read(signed, &keys).unwrap().signer(), "mine");
    assert_eq!(keys.names().collect::<Vec<_>>(), ["other", "mine"]);
}

#[test]
fn a_key_that_is_not_a_key_is_refused_by_name() {
    let key = TestKey::generate();
    let mut keys = TrustedKeys::new();
    for text in ["", "junk", "RWQ=", "untrusted comment: only\n", &format!("{0}{0}", key.public_text())] {
        assert_eq!(keys.add("k", text), Err(KeyError::NotAKey { name: "k".to_owned() }), "{text:?}");
    }
    assert_eq!(keys.add("k", &key.secret_text()), Err(KeyError::SecretKey { name: "k".to_owned() }));
    let bare = key.public_text().lines().nth(1).unwrap().to_owned();
    assert_eq!(keys.add("k", &bare), Ok(()));
    assert_eq!(keys.add("k", &bare), Err(KeyError::NameTaken { name: "k".to_owned() }));
}
