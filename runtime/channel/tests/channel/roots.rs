//! Roots: each is signed by the one before and by itself, and none is left out.

use dunlin_channel::{ChannelError, Envelope, SignatureFault, Trust};

use crate::world::{NOW, World, channel, refused, role};

#[test]
fn the_next_root_is_taken_when_its_own_keys_and_those_before_signed_it() {
    let world = World::new();
    let mut trust = world.device();
    let mut next = world.root();
    next.version = 2;
    next.keys.insert("c2".to_owned(), world.key("c2"));
    next.roles.root = role(&["r2", "r3", "c2"], 2);
    trust.accept_root(&world.seal_root(&next, &["r1", "r2", "c2"])).unwrap();
    assert_eq!((trust.root().version, trust.root()), (2, &next));
    assert_eq!(trust.root().bundle_keys().map(|(name, _)| name).collect::<Vec<_>>(), ["b1"]);
}

#[test]
fn a_root_that_only_old_or_only_new_keys_signed_is_refused() {
    let world = World::new();
    let mut trust = world.device();
    let mut next = world.root();
    next.version = 2;
    next.keys.extend(["c2", "x1"].map(|name| (name.to_owned(), world.key(name))));
    next.roles.root = role(&["c2", "x1"], 2);
    for signers in [&["r1", "r2"][..], &["c2", "x1"], &["r1", "c2", "x1"], &["r1", "r2", "c2"]] {
        let sealed = world.seal_root(&next, signers);
        refused(&mut trust, |trust| trust.accept_root(&sealed), "below_threshold");
    }
    trust.accept_root(&world.seal_root(&next, &["r1", "r2", "c2", "x1"])).unwrap();
}

#[test]
fn one_key_that_signs_twice_counts_once() {
    let world = World::new();
    let mut trust = world.device();
    let mut next = world.root();
    next.version = 2;
    let sealed = world.seal_root(&next, &["r1", "r1", "r1"]);
    let error = trust.accept_root(&sealed).unwrap_err();
    let ChannelError::BelowThreshold { needed, good, uncounted, root_version, .. } = &error else { panic!("{error}") };
    assert_eq!((*needed, good.as_slice(), uncounted.len(), *root_version), (2, &["r1".to_owned()][..], 0, 1));
    assert!(
        error.to_string().starts_with("root: good signatures by 1 (r1), and 2 of r1, r2, r3 are needed under root 1;"),
        "{error}"
    );
}

#[test]
fn one_key_under_two_names_or_with_two_ids_is_refused() {
    let world = World::new();
    let mut root = world.root();
    root.keys.insert("r2".to_owned(), world.key("r1"));
    let error = Trust::shipped(&world.seal_root(&root, &["r1", "r3"]), "stable").unwrap_err();
    assert_eq!(error.to_string(), "root: key `r2`: it is the same key as `r1`; correct it and sign again");

    // The id is no part of the Ed25519 key: whoever has the key can write any.
    let mut bytes = world.pair("r1").pk.to_bytes();
    bytes[5] ^= 1;
    let twin = minisign::PublicKey::from_bytes(&bytes).unwrap().to_base64();
    root.keys.insert("r2".to_owned(), dunlin_channel::Key::parse(&twin).unwrap());
    let error = Trust::shipped(&world.seal_root(&root, &["r1", "r3"]), "stable").unwrap_err();
    assert!(error.to_string().contains("the same key as `r1`"), "{error}");
}

#[test]
fn a_name_that_moves_to_another_key_takes_signatures_by_both() {
    let world = World::new();
    let mut trust = world.device();
    let mut next = world.root();
    next.version = 2;
    next.keys.insert("r1".to_owned(), world.key("x1"));
    next.roles.root = role(&["r1"], 1);
    let payload = next.to_payload();
    let seal = |signatures| Envelope { payload: payload.clone(), signatures }.to_json().into_bytes();
    let by = |name, key| world.signed_as(name, key, &payload);
    let without_the_new = seal(vec![by("r1", "r1"), by("r2", "r2")]);
    refused(&mut trust, |trust| trust.accept_root(&without_the_new), "below_threshold");
    let without_the_old = seal(vec![by("r1", "x1"), by("r2", "r2")]);
    refused(&mut trust, |trust| trust.accept_root(&without_the_old), "below_threshold");
    trust.accept_root(&seal(vec![by("r1", "x1"), by("r1", "r1"), by("r2", "r2")])).unwrap();
}

#[test]
fn roots_come_one_by_one() {
    let world = World::new();
    let mut trust = world.device();
    let sealed = |version| {
        let mut root = world.root();
        root.version = version;
        world.seal_root(&root, &["r1", "r2"])
    };
    let words = refused(&mut trust, |trust| trust.accept_root(&sealed(3)), "root_gap");
    assert_eq!(words, "root: version 3 does not follow 1; fetch version 2 first");
    refused(&mut trust, |trust| trust.accept_root(&sealed(u64::MAX)), "root_gap");
    for version in 2..=5 {
        trust.accept_root(&sealed(version)).unwrap();
    }
    let words = refused(&mut trust, |trust| trust.accept_root(&sealed(4)), "rollback");
    assert!(words.starts_with("root: version 4 is older than 5, which was accepted before"), "{words}");
}

#[test]
fn the_last_version_of_all_has_no_next() {
    let world = World::new();
    let mut root = world.root();
    root.version = u64::MAX;
    let mut trust = Trust::shipped(&world.seal_root(&root, &["r1", "r2"]), "stable").unwrap();
    root.expires_us += 1;
    let other = world.seal_root(&root, &["r1", "r2"]);
    // No number follows: whatever comes under the same one is refused.
    assert!(trust.accept_root(&other).is_err());
}

#[test]
fn the_same_root_again_changes_nothing_and_another_of_its_version_is_a_fork() {
    let world = World::new();
    let mut trust = world.device();
    let before = trust.clone();
    trust.accept_root(&world.seal_root(&world.root(), &["r3", "r2"])).unwrap();
    assert_eq!(trust, before);

    let mut other = world.root();
    other.expires_us += 1;
    let forked = world.seal_root(&other, &["r1", "r3"]);
    let words = refused(&mut trust, |trust| trust.accept_root(&forked), "fork");
    assert!(words.starts_with("root: version 1 was accepted with other bytes"), "{words}");
    // Without signatures anybody could raise that alarm.
    let unsigned = world.seal_root(&other, &["r1", "x1"]);
    refused(&mut trust, |trust| trust.accept_root(&unsigned), "below_threshold");
}

#[test]
fn an_expired_root_leads_to_the_next_but_is_not_believed_itself() {
    let world = World::new();
    let mut trust = world.device();
    let mut root = world.root();
    (root.version, root.expires_us) = (2, NOW - 1);
    trust.accept_root(&world.seal_root(&root, &["r1", "r2"])).unwrap();
    let served = world.seal_channel(&channel(1), &["c1"]);
    let words = refused(&mut trust, |trust| trust.accept_channel(&served, NOW), "expired");
    assert!(words.starts_with("root: version 2 expired on "), "{words}");
    (root.version, root.expires_us) = (3, NOW + 1);
    trust.accept_root(&world.seal_root(&root, &["r1", "r2"])).unwrap();
    trust.accept_channel(&served, NOW).unwrap();
}

#[test]
fn a_shipped_root_is_signed_by_its_own_threshold() {
    let world = World::new();
    let error = Trust::shipped(&world.seal_root(&world.root(), &["r1", "c1", "x1"]), "stable").unwrap_err();
    let ChannelError::BelowThreshold { uncounted, .. } = &error else { panic!("{error}") };
    let faults: Vec<_> = uncounted.iter().map(|signature| (signature.key.as_str(), signature.fault)).collect();
    assert_eq!(faults, [("c1", SignatureFault::NotForThis), ("x1", SignatureFault::UnknownKey)]);
}

#[test]
fn a_newer_app_brings_a_root_that_the_old_keys_did_not_sign() {
    let (old, new) = (World::new(), World::new());
    let mut trust = old.device();
    trust.accept_channel(&old.seal_channel(&channel(9), &["c1"]), NOW).unwrap();
    let mut root = new.root();
    root.version = 2;
    let shipped = new.seal_root(&root, &["r1", "r2"]);
    refused(&mut trust, |trust| trust.accept_root(&shipped), "below_threshold");
    assert!(trust.adopt_shipped(&shipped).unwrap());
    assert_eq!(trust.channel_version(), None, "what the lost keys signed was not forgotten");
    let mut first = channel(1);
    first.issued_us = root.issued_us;
    trust.accept_channel(&new.seal_channel(&first, &["c1"]), NOW).unwrap();

    // An app that was not updated ships an older one, which takes nothing back.
    let before = trust.clone();
    assert!(!trust.adopt_shipped(&old.seal_root(&old.root(), &["r1", "r2"])).unwrap());
    assert_eq!(trust, before);
}

#[test]
fn a_root_that_contradicts_itself_is_refused_by_the_field() {
    let world = World::new();
    type Change = fn(&mut dunlin_channel::Root);
    let changes: [(Change, &str); 9] = [
        (|root| root.roles.root.threshold = 0, "root: role `root`: threshold 0 of 3 keys"),
        (|root| root.roles.root.threshold = 4, "root: role `root`: threshold 4 of 3 keys"),
        (|root| root.roles.channel.keys.push("c9".into()), "root: role `channel`: there is no key `c9`"),
        (|root| root.roles.root.keys.push("r1".into()), "root: role `root`: key `r1` stands there twice"),
        (|root| root.roles.bundle = role(&["b1", "c1"], 2), "root: role `bundle`: its threshold must be 1"),
        (|root| root.version = 0, "root: version: versions start at 1"),
        (|root| root.expires_us = root.issued_us, "root: expires: it must lie after issued"),
        (|root| root.issued_us = -1, "root: expires: it must lie after issued"),
        (
            |root| {
                let key = root.keys["r1"].clone();
                root.keys.insert("../r1".into(), key);
            },
            "root: keys: `../r1` is no name",
        ),
    ];
    for (change, expected) in changes {
        let mut root = world.root();
        change(&mut root);
        let error = Trust::shipped(&world.seal_root(&root, &["r1", "r2"]), "stable").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
