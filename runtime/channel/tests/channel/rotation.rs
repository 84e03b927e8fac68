//! Keys that are retired, and what a thief of one can no longer do.

use dunlin_channel::Trust;

use crate::world::{NOW, World, channel, refused, role};

#[test]
fn a_retired_key_signs_no_channel_any_more() {
    let world = World::new();
    let mut trust = world.device();
    trust.accept_channel(&world.seal_channel(&channel(5), &["c1"]), NOW).unwrap();
    trust.accept_root(&world.seal_root(&world.rotated_root(), &["r1", "r3"])).unwrap();
    let mut next = channel(6);
    next.issued_us = NOW + 1;
    let by_the_thief = world.seal_channel(&next, &["c1"]);
    let words = refused(&mut trust, |trust| trust.accept_channel(&by_the_thief, NOW + 2), "below_threshold");
    assert!(words.contains("`c1` is no key of the root: never trusted, or retired"), "{words}");
    trust.accept_channel(&world.seal_channel(&next, &["c2"]), NOW + 2).unwrap();
}

#[test]
fn what_a_stolen_key_signed_for_the_far_future_is_forgotten_with_the_key() {
    let world = World::new();
    let mut trust = world.device();
    let mut last = channel(u64::MAX);
    // The furthest that a channel can move a clock: past it the root itself has expired.
    (last.issued_us, last.expires_us) = (world.root().expires_us - 1, i64::MAX);
    let furthest = last.clone();
    last.issued_us += 1;
    let too_far = world.seal_channel(&last, &["c1"]);
    refused(&mut trust, |trust| trust.accept_channel(&too_far, NOW), "expired");
    let last = furthest;
    trust.accept_channel(&world.seal_channel(&last, &["c1"]), NOW).unwrap();
    let mut honest = channel(6);
    honest.issued_us = NOW + 1;
    let sealed = world.seal_channel(&honest, &["c1"]);
    refused(&mut trust, |trust| trust.accept_channel(&sealed, NOW + 1), "rollback");

    trust.accept_root(&world.seal_root(&world.rotated_root(), &["r1", "r2"])).unwrap();
    assert_eq!((trust.channel_version(), trust.latest_issued_us()), (None, NOW));
    trust.accept_channel(&world.seal_channel(&honest, &["c2"]), NOW + 1).unwrap();
}

#[test]
fn what_was_signed_before_a_key_was_retired_does_not_come_back() {
    let world = World::new();
    // Both keys sign; the device has version 5; then `c1` is retired and the version forgotten.
    let mut root = world.root();
    root.keys.insert("c2".to_owned(), world.key("c2"));
    root.roles.channel = role(&["c1", "c2"], 1);
    let mut trust = Trust::shipped(&world.seal_root(&root, &["r1", "r2"]), "stable").unwrap();
    trust.accept_channel(&world.seal_channel(&channel(5), &["c2"]), NOW).unwrap();
    trust.accept_root(&world.seal_root(&world.rotated_root(), &["r1", "r2"])).unwrap();
    // An old one by the key that stays would be a rollback.
    let old = world.seal_channel(&channel(4), &["c2"]);
    let words = refused(&mut trust, |trust| trust.accept_channel(&old, NOW), "before_rotation");
    assert!(words.contains("before root 2 retired a key of the channel"), "{words}");
    let stored = serde_json::to_string(&trust).unwrap();
    let mut restarted: Trust = serde_json::from_str(&stored).unwrap();
    refused(&mut restarted, |trust| trust.accept_channel(&old, NOW), "before_rotation");
    let mut anew = channel(6);
    anew.issued_us = NOW;
    restarted.accept_channel(&world.seal_channel(&anew, &["c2"]), NOW).unwrap();
}

#[test]
fn a_root_that_retires_no_key_of_the_channel_forgets_nothing() {
    let world = World::new();
    let mut trust = world.device();
    trust.accept_channel(&world.seal_channel(&channel(5), &["c1"]), NOW).unwrap();
    let mut root = world.root();
    (root.version, root.issued_us) = (2, NOW);
    root.keys.insert("c2".to_owned(), world.key("c2"));
    root.roles.channel = role(&["c2", "c1"], 1);
    root.roles.root = role(&["r1", "r3"], 2);
    trust.accept_root(&world.seal_root(&root, &["r1", "r3"])).unwrap();
    let older = world.seal_channel(&channel(4), &["c2"]);
    refused(&mut trust, |trust| trust.accept_channel(&older, NOW), "rollback");
    trust.accept_channel(&world.seal_channel(&channel(5), &["c2"]), NOW).unwrap();
}

#[test]
fn a_key_that_only_changes_its_name_is_not_retired() {
    let world = World::new();
    let mut trust = world.device();
    trust.accept_channel(&world.seal_channel(&channel(5), &["c1"]), NOW).unwrap();
    let mut root = world.root();
    root.version = 2;
    let key = root.keys.remove("c1").unwrap();
    root.keys.insert("renamed".to_owned(), key);
    root.roles.channel = role(&["renamed"], 1);
    trust.accept_root(&world.seal_root(&root, &["r1", "r3"])).unwrap();
    assert_eq!(trust.channel_version(), Some(5));
}
