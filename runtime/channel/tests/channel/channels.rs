//! Channels: what a device takes as one, and the words with which it refuses.

use dunlin_channel::{ChannelError, Envelope, SignatureFault, Trust};

use crate::world::{DAY, NOW, World, channel, refused, role};

#[test]
fn a_channel_is_taken_and_remembered_over_a_restart() {
    let world = World::new();
    let mut trust = world.device();
    let taken = trust.accept_channel(&world.seal_channel(&channel(5), &["c1"]), NOW).unwrap();
    assert_eq!(taken, channel(5));
    let stored = serde_json::to_string(&trust).unwrap();
    let mut again: Trust = serde_json::from_str(&stored).unwrap();
    assert_eq!(again, trust);
    assert_eq!((again.channel_version(), again.latest_issued_us()), (Some(5), NOW - DAY));
    let older = world.seal_channel(&channel(4), &["c1"]);
    let words = refused(&mut again, |trust| trust.accept_channel(&older, NOW), "rollback");
    assert!(words.starts_with("channel: version 4 is older than 5, which was accepted before"), "{words}");
}

#[test]
fn a_stored_root_that_was_changed_is_not_believed() {
    let world = World::new();
    let stored = serde_json::to_string(&world.device()).unwrap();
    let changed = stored.replace(r#"\"threshold\":2"#, r#"\"threshold\":1"#);
    assert_ne!(changed, stored);
    let error = serde_json::from_str::<Trust>(&changed).unwrap_err().to_string();
    assert!(error.contains("did not sign these bytes"), "{error}");
}

#[test]
fn the_same_channel_may_come_again_and_another_of_its_version_is_a_fork() {
    let world = World::new();
    let mut root = world.root();
    root.keys.insert("c2".to_owned(), world.key("c2"));
    root.roles.channel = role(&["c1", "c2"], 1);
    let mut trust = Trust::shipped(&world.seal_root(&root, &["r1", "r2"]), "stable").unwrap();
    trust.accept_channel(&world.seal_channel(&channel(5), &["c1"]), NOW).unwrap();
    // Another signature, of the same or another key, makes no other document.
    for signers in [&["c1"][..], &["c2"], &["c1", "c2"]] {
        trust.accept_channel(&world.seal_channel(&channel(5), signers), NOW).unwrap();
    }
    let mut other = channel(5);
    other.releases.clear();
    let forked = world.seal_channel(&other, &["c1"]);
    let words = refused(&mut trust, |trust| trust.accept_channel(&forked, NOW), "fork");
    assert!(words.starts_with("channel: version 5 was accepted with other bytes"), "{words}");
    other.version = 6;
    trust.accept_channel(&world.seal_channel(&other, &["c1"]), NOW).unwrap();
}

#[test]
fn an_expired_channel_is_refused_with_words_for_a_wrong_clock() {
    let world = World::new();
    let mut trust = world.device();
    let sealed = world.seal_channel(&channel(1), &["c1"]);
    let far_ahead = NOW + 100 * 365 * DAY;
    for now in [NOW + 13 * DAY, far_ahead] {
        let words = refused(&mut trust, |trust| trust.accept_channel(&sealed, now), "expired");
        assert!(words.contains("by the device's clock; if that is not today's date, correct the clock"), "{words}");
        assert!(words.ends_with("the present model goes on answering"), "{words}");
    }
    trust.accept_channel(&sealed, NOW + 13 * DAY - 1).unwrap();
    // The file that stays the same is refused too once its time is over: that is what a freeze looks like.
    trust.check_fresh(NOW + 13 * DAY - 1).unwrap();
    refused(&mut trust, |trust| trust.accept_channel(&sealed, NOW + 13 * DAY), "expired");
    refused(&mut trust, |trust| trust.check_fresh(NOW + 13 * DAY), "expired");
}

#[test]
fn a_clock_that_stands_still_does_not_keep_an_old_channel_alive() {
    let world = World::new();
    let mut trust = world.device();
    // The clock says 1970; what was signed says otherwise.
    let mut short = channel(1);
    short.expires_us = NOW;
    trust.accept_channel(&world.seal_channel(&short, &["c1"]), 0).unwrap();
    let mut next = channel(2);
    next.issued_us = NOW;
    trust.accept_channel(&world.seal_channel(&next, &["c1"]), 0).unwrap();
    (short.version, short.issued_us) = (3, NOW - 2 * DAY);
    let sealed = world.seal_channel(&short, &["c1"]);
    let words = refused(&mut trust, |trust| trust.accept_channel(&sealed, 0), "expired");
    assert!(words.contains("by what was signed last"), "{words}");
}

#[test]
fn a_channel_signed_later_than_the_root_expired_shows_that_it_has() {
    let world = World::new();
    let mut root = world.root();
    root.expires_us = NOW - 2 * DAY;
    let mut trust = Trust::shipped(&world.seal_root(&root, &["r1", "r2"]), "stable").unwrap();
    let sealed = world.seal_channel(&channel(1), &["c1"]);
    let words = refused(&mut trust, |trust| trust.accept_channel(&sealed, 0), "expired");
    assert!(words.starts_with("root: version 1 expired"), "{words}");
}

#[test]
fn a_channel_that_too_few_signed_is_refused_by_the_names_of_the_keys() {
    let world = World::new();
    let mut root = world.root();
    root.keys.insert("c2".to_owned(), world.key("c2"));
    root.roles.channel = role(&["c1", "c2"], 2);
    let mut trust = Trust::shipped(&world.seal_root(&root, &["r1", "r2"]), "stable").unwrap();
    let payload = channel(1).to_payload();
    let mut broken = world.signed_as("c2", "c2", &payload);
    broken.minisig = "RW".to_owned();
    let signatures = vec![
        world.signed_as("c1", "c1", &payload),
        world.signed_as("c2", "c1", &payload),
        world.signed_as("c2", "c2", "other bytes"),
        broken,
        world.signed_as("r1", "r1", &payload),
        world.signed_as("x1", "x1", &payload),
    ];
    let sealed = Envelope { payload, signatures }.to_json();
    let error = trust.accept_channel(sealed.as_bytes(), NOW).unwrap_err();
    let ChannelError::BelowThreshold { good, uncounted, needed: 2, .. } = &error else { panic!("{error}") };
    assert_eq!(good, &["c1"]);
    let faults: Vec<_> = uncounted.iter().map(|signature| (signature.key.as_str(), signature.fault)).collect();
    let expected = [
        ("c2", SignatureFault::Wrong),
        ("c2", SignatureFault::Wrong),
        ("c2", SignatureFault::Malformed),
        ("r1", SignatureFault::NotForThis),
        ("x1", SignatureFault::UnknownKey),
    ];
    assert_eq!(faults, expected);
    assert!(error.to_string().contains("`x1` is no key of the root: never trusted, or retired"), "{error}");
    trust.accept_channel(&world.seal_channel(&channel(1), &["x1", "c2", "c1"]), NOW).unwrap();
}

#[test]
fn a_channel_that_nobody_signed_is_refused() {
    let world = World::new();
    let sealed = world.seal_channel(&channel(1), &[]);
    let words = refused(&mut world.device(), |trust| trust.accept_channel(&sealed, NOW), "below_threshold");
    assert!(
        words.starts_with("channel: good signatures by 0 (nobody), and 1 of c1 are needed under root 1"),
        "{words}"
    );
}

#[test]
fn another_channel_under_the_same_root_is_refused() {
    let world = World::new();
    let mut beta = channel(1);
    beta.name = "beta".to_owned();
    let sealed = world.seal_channel(&beta, &["c1"]);
    let words = refused(&mut world.device(), |trust| trust.accept_channel(&sealed, NOW), "other_channel");
    assert_eq!(words, "channel: it is `beta`, and this device follows `stable`; check the URL");
}

#[test]
fn one_document_in_the_place_of_another_is_refused_whoever_signed_it() {
    let world = World::new();
    let mut trust = world.device();
    let everybody = ["r1", "r2", "r3", "c1", "b1"];
    let root = world.seal_root(&world.root(), &everybody);
    let words = refused(&mut trust, |trust| trust.accept_channel(&root, NOW), "wrong_type");
    assert!(words.starts_with("channel: its type is `root`; it was put in the place of a channel"), "{words}");
    let channel = world.seal_channel(&channel(2), &everybody);
    refused(&mut trust, |trust| trust.accept_root(&channel), "wrong_type");
}

#[test]
fn a_later_minor_format_is_read_and_another_major_is_not() {
    let world = World::new();
    let mut trust = world.device();
    let seal = |from: &str, to: &str| {
        let payload = channel(1).to_payload();
        assert!(payload.contains(from));
        world.seal(payload.replace(from, to), &["c1"])
    };
    let later = seal(r#""format":"1.0""#, r#""format":"1.7","mood":{"of":["the","day"]}"#);
    assert_eq!(trust.accept_channel(&later, NOW).unwrap(), channel(1));
    for format in ["2.0", "1", "1.", "1.x", "", "01.0", "1.0.0"] {
        let other = seal(r#""format":"1.0""#, &format!(r#""format":"{format}""#));
        let words = refused(&mut trust, |trust| trust.accept_channel(&other, NOW), "unsupported_format");
        assert!(words.ends_with("this reader knows 1.0; update the app"), "{words}");
    }
}

#[test]
fn a_channel_that_contradicts_itself_is_refused_by_the_release() {
    let world = World::new();
    type Change = fn(&mut dunlin_channel::Channel);
    let changes: [(Change, &str); 15] = [
        (|c| c.releases[0].bytes = 0, "0 bytes are no size of a bundle"),
        (|c| c.releases[0].bytes = u64::MAX, "bytes are no size of a bundle"),
        (|c| c.releases[0].part_bytes = 0, "parts of 0 bytes"),
        (|c| c.releases[0].part_bytes = u64::MAX, "bytes; 1024 to 16777216 go"),
        (|c| c.releases[0].bytes = 3_073, "3073 bytes in parts of 1024 are not 3 parts"),
        (|c| c.releases[0].parts.clear(), "2500 bytes in parts of 1024 are not 0 parts"),
        (|c| c.releases[0].rollout_percent = 101, "rollout of 101 percent"),
        (|c| c.releases[0].path = "../bundles/a".into(), "path `../bundles/a` could lead elsewhere"),
        (|c| c.releases[0].path = "/etc/passwd".into(), "could lead elsewhere"),
        (|c| c.releases[0].path = "http://evil/a".into(), "could lead elsewhere"),
        (|c| c.releases[0].path = "bundles\\a?b=%2e".into(), "could lead elsewhere"),
        (|c| c.releases[0].version = "1.0\n".into(), "is not 1 to 64 visible ASCII characters"),
        (|c| c.releases[0].model_id = "Digits".into(), "`Digits` is no name"),
        (|c| c.releases.push(c.releases[0].clone()), "another release has the same digest"),
        (|c| c.name = String::new(), "channel: name: `` is no name"),
    ];
    for (change, expected) in changes {
        let mut changed = channel(1);
        change(&mut changed);
        let sealed = world.seal_channel(&changed, &["c1"]);
        let words = refused(&mut world.device(), |trust| trust.accept_channel(&sealed, NOW), "invalid");
        assert!(words.contains(expected), "{words}");
    }
}
