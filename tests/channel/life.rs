//! The life of a channel: releases go out by and by, are halted and recalled, keys come and go.

use dunlin_channel::{Channel, Envelope, Signed};

use crate::desk::Desk;
use crate::phone::{Phone, Serving, served};

/// Which of a fleet of a thousand would take something now.
fn takers(phone: &mut Phone, channel: &Channel) -> Vec<usize> {
    let own = phone.install_id.clone();
    let takers = (0..1_000).filter(|number| {
        phone.install_id = format!("install-{number}");
        phone.choose(channel).0.is_some()
    });
    let takers = takers.collect();
    phone.install_id = own;
    takers
}

#[test]
fn a_model_goes_out_to_more_and_more_is_halted_and_taken_back() {
    let desk = Desk::with_channel();
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    assert_eq!(phone.update(&serving.url), None);

    // One in a hundred, then more, never others.
    desk.publish(1, 1);
    let mut before = takers(&mut phone, &served(&serving.url));
    assert!((1..=30).contains(&before.len()), "{} of 1,000 at 1 %", before.len());
    for (percent, least, most) in [(10, 60, 140), (50, 430, 570), (100, 1_000, 1_000)] {
        let rollout = "channel rollout channel --model tiny --sequence 1 --key c1.key --percent";
        desk.run(&format!("{rollout} {percent}")).expect(0, &[&format!("tiny 1 goes to {percent} % of the devices")]);
        let channel = phone.sync(&serving.url).unwrap();
        let now = takers(&mut phone, &channel);
        assert!((least..=most).contains(&now.len()), "{} of 1,000 at {percent} %", now.len());
        assert!(before.iter().all(|taker| now.contains(taker)), "a device was taken out again");
        before = now;
    }
    assert_eq!(phone.update(&serving.url), Some(1));

    // A halted release is passed by, one that goes out again is taken.
    desk.publish(2, 100);
    let halt = "channel halt channel --model tiny --sequence 2 --key c1.key";
    desk.run(halt).expect(0, &["tiny 2 is halted."]);
    assert_eq!(phone.update(&serving.url), Some(1));
    desk.run(&format!("{halt} --resume")).expect(0, &["tiny 2 goes out again."]);
    assert_eq!(phone.update(&serving.url), Some(2));

    // A recalled one is told to who has it, and taken by nobody.
    let recall = ["--model", "tiny", "--sequence", "2", "--reason", "wrong labels", "--key", "c1.key"];
    desk.run_words(&[&["channel", "recall", "channel"], &recall[..]].concat()).expect(0, &["tiny 2 is recalled."]);
    let channel = phone.sync(&serving.url).unwrap();
    let (take, recalled) = phone.choose(&channel);
    assert!(take.is_none());
    assert_eq!(recalled.iter().map(|recall| recall.reason.as_str()).collect::<Vec<_>>(), ["wrong labels"]);
    let mut fresh = Phone::new(&desk.read("channel/root/1.json"));
    assert_eq!(fresh.update(&serving.url), Some(1));
    desk.run("channel verify channel").expect(0, &["Bundles that are what the channel says: 1."]);
}

#[test]
fn a_channel_of_a_retired_key_is_refused_and_devices_follow_to_the_new_one() {
    let desk = Desk::with_channel();
    let serving = Serving::start(&desk.path("channel"), &[]);
    desk.publish(1, 100);
    let shipped = desk.read("channel/root/1.json");
    let mut phone = Phone::new(&shipped);
    assert_eq!(phone.update(&serving.url), Some(1));

    // One root key of the two that it takes is not enough; nothing is written then.
    let before = desk.channel_files();
    let rotate = "channel rotate channel --old c1 --new c2.pub";
    desk.run(&format!("{rotate} --key r1.key --key c2.key")).expect(5, &["2 of r1, r2, r3 are needed under root 1"]);
    // Nor may the channel be left to a key that is not at hand.
    desk.run(&format!("{rotate} --key r1.key --key r2.key")).expect(5, &["1 of c2 are needed under root 2"]);
    assert_eq!(desk.channel_files(), before);
    desk.run(&format!("{rotate} --key r1.key --key r2.key --key c2.key"))
        .expect(0, &["Put key c2 in the place of c1: root 2.", "The channel was signed again."]);

    // What the thief of the old key signs is refused, by devices and by the tool.
    let good = desk.read("channel/stable.json");
    let mut stolen = served(&serving.url);
    stolen.version += 1;
    stolen.releases[0].rollout_percent = 0;
    let payload = stolen.to_payload();
    let minisig = desk.key("c1").sign(payload.as_bytes());
    for name in ["c1", "c2"] {
        let signatures = vec![Signed { key: name.to_owned(), minisig: minisig.clone() }];
        desk.write("channel/stable.json", Envelope { payload: payload.clone(), signatures }.to_json());
        let mut follower = Phone::new(&shipped);
        assert_eq!(follower.sync(&serving.url).unwrap_err().code(), "below_threshold");
        desk.run("channel verify channel").expect(5, &["stable.json"]);
    }
    desk.write("channel/stable.json", good);

    // Devices of the first root go on, through root 2.
    let newer = desk.bundle("tiny", 2, "b1");
    desk.run(&format!("publish {newer} --channel channel --percent 100 --key c1.key")).expect(5, &["no such key"]);
    desk.run(&format!("publish {newer} --channel channel --percent 100 --key c2.key")).expect(0, &["Published tiny"]);
    assert_eq!(phone.update(&serving.url), Some(2));
    assert_eq!(phone.trust.root().version, 2);
    assert_eq!(Phone::new(&shipped).update(&serving.url), Some(2));
}

#[test]
fn a_bundle_of_a_retired_key_is_neither_published_nor_verified() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    desk.run("channel rotate channel --old b1 --new b2.pub --key r1.key --key r2.key").expect(
        0,
        &["root 2.", "Devices refuse bundles that the retired key signed: dunlin channel verify says which."],
    );
    desk.run("channel verify channel").expect(4, &["bundles/", "not among the 1 trusted here"]);
    let old = desk.bundle("tiny", 2, "b1");
    desk.run(&format!("publish {old} --channel channel --key c1.key")).expect(4, &["tiny-2.dunlin"]);
    let new = desk.bundle("tiny", 3, "b2");
    desk.run(&format!("publish {new} --channel channel --key c1.key")).expect(0, &["Published tiny 1.3.0"]);
    desk.run_words(
        &"channel recall channel --model tiny --sequence 1 --reason old --key c1.key".split(' ').collect::<Vec<_>>(),
    )
    .expect(0, &[]);
    desk.run("channel verify channel").expect(0, &["Roots that follow one another: 2."]);
}

#[test]
fn keys_are_added_and_taken_away_one_root_after_another() {
    let desk = Desk::with_channel();
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    let both = "--key r1.key --key r2.key";
    desk.run(&format!(
        "channel add-key channel --public c2.pub --role channel --threshold 2 {both} --key c1.key --key c2.key"
    ))
    .expect(0, &["Added key c2: root 2.", "The channel was signed again."]);
    desk.run("channel renew channel --key c1.key").expect(5, &["2 of c1, c2 are needed"]);
    desk.run("channel renew channel --key c1.key --key c2.key").expect(0, &["Signed the channel again."]);
    desk.run(&format!("channel remove-key channel --name r3 {both}")).expect(0, &["Retired key r3: root 3."]);
    desk.run(&format!("channel remove-key channel --name r2 {both}"))
        .expect(4, &["role `root`: threshold 2 of 1 keys"]);
    desk.run(&format!("channel remove-key channel --name c2 --threshold 1 {both} --key c1.key"))
        .expect(0, &["Retired key c2: root 4."]);
    desk.run(&format!("channel renew channel --root {both}")).expect(0, &["Signed root 5."]);
    phone.sync(&serving.url).unwrap();
    assert_eq!(phone.trust.root().version, 5);
    assert_eq!(phone.trust.root().keys.keys().collect::<Vec<_>>(), ["b1", "c1", "r1", "r2"]);
    // An app of today ships a later root, and its devices begin there.
    let mut later = Phone::new(&desk.read("channel/root/4.json"));
    later.sync(&serving.url).unwrap();
    assert_eq!(later.trust.root(), phone.trust.root());
    desk.run("channel verify channel --root channel/root/4.json").expect(0, &["Roots that follow one another: 2."]);
}

#[test]
fn each_processor_and_each_model_gets_its_own() {
    let desk = Desk::with_channel();
    let (arm, intel, other) =
        (desk.bundle("tiny", 1, "b1"), desk.bundle("tiny", 2, "b1"), desk.bundle("wide", 9, "b1"));
    let publish = |bundle: &str, more: &str| {
        desk.run(&format!("publish {bundle} --channel channel --percent 100 --key c1.key {more}")).expect(0, &[])
    };
    publish(&intel, "--arch x86_64");
    // Below what was published, but for others.
    publish(&arm, "--arch aarch64 --arch arm");
    publish(&other, "");
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    assert_eq!(phone.update(&serving.url), Some(1));
    let shown = desk.run("channel show channel --json").expect(0, &[]).json();
    let listed: Vec<_> =
        shown["channel"]["releases"].as_array().unwrap().iter().map(|r| r["arch"].to_string()).collect();
    assert_eq!(listed, ["[\"x86_64\"]", "[\"aarch64\",\"arm\"]", "null"]);
    desk.run("channel show channel").expect(0, &["aarch64, arm", "2 of 3", "wide"]);
}

#[test]
fn the_newest_eight_of_a_model_stay_listed() {
    let desk = Desk::with_channel();
    let bundles: Vec<String> = (1..=10).map(|sequence| desk.bundle("tiny", sequence, "b1")).collect();
    let done =
        desk.run(&format!("publish {} --channel channel --key c1.key --json", bundles.join(" "))).expect(0, &[]).json();
    assert_eq!(done["dropped"], serde_json::json!(["tiny 1", "tiny 2"]));
    assert_eq!(done["published"].as_array().unwrap().len(), 8);
    desk.run("channel verify channel").expect(0, &["Bundles that are what the channel says: 8."]);
    // One that is not listed any more can still be taken back, by its digest.
    let recall = "channel recall channel --model tiny --sequence 1 --reason late --key c1.key";
    desk.run(recall).expect(1, &["the channel has no tiny 1", "--digest"]);
    let digest = desk.run("inspect tiny-1.dunlin --json").json()["digest"].as_str().unwrap().to_owned();
    desk.run(&format!("{recall} --digest {digest}")).expect(0, &["tiny 1 is recalled."]);
}
