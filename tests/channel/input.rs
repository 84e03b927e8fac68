//! Bad input: what the commands say, with which code, and that nothing is changed.

use dunlin_channel::{Channel, Document, Envelope, Signed};
use dunlin_tests::fixture::tiny_parts;

use crate::desk::{Desk, ROLES};
use crate::phone::now_us;

#[test]
fn what_cannot_be_done_is_said_with_its_exit_code_and_changes_nothing() {
    let desk = Desk::with_channel();
    desk.publish(5, 100);
    let (newer, same, stranger) =
        (desk.bundle("tiny", 6, "b1"), desk.bundle("tiny", 5, "b1"), desk.bundle("tiny", 7, "x1"));
    desk.write("junk.dunlin", "no bundle");
    desk.write("unsigned.dunlin", tiny_parts().write().unwrap());
    let mut wrong = dunlin_bundle::Parts { sequence: 8, ..tiny_parts() };
    for expected in wrong.golden.cases.iter_mut().flat_map(|case| case.expected.values_mut()) {
        expected.reverse();
    }
    desk.write("wrong.dunlin", desk.key("b1").sign_bundle(wrong.write().unwrap()).unwrap());
    std::fs::create_dir(desk.path("empty")).unwrap();
    let before = desk.channel_files();
    let publish = |rest: &str| format!("publish {rest} --channel channel");
    for (command, code, words) in [
        (publish(&newer), 2, vec!["--key"]),
        (publish(&format!("{newer} --key missing.key")), 1, vec!["missing.key", "check the path"]),
        (publish(&format!("{newer} --key c1.pub")), 5, vec!["c1.pub: this is a public key"]),
        (
            publish(&format!("{newer} --key x1.key")),
            5,
            vec!["x1.key: the root has no such key; it has b1, c1, r1, r2, r3"],
        ),
        (publish(&format!("{newer} --key b1.key")), 5, vec!["1 of c1 are needed under root 1"]),
        (publish(&format!("{newer} --key c1.key --percent 101")), 2, vec!["101", "0..=100"]),
        (publish(&format!("{newer} --key c1.key --percent -1")), 2, vec!["-1"]),
        (publish(&format!("{newer} --key c1.key --percent 0.5")), 2, vec!["0.5"]),
        (publish(&format!("{newer} --key c1.key --arch X86")), 2, vec!["no processor"]),
        (publish("missing.dunlin --key c1.key"), 1, vec!["missing.dunlin", "check the path"]),
        (publish("junk.dunlin --key c1.key"), 4, vec!["junk.dunlin"]),
        (publish("unsigned.dunlin --key c1.key"), 4, vec!["unsigned.dunlin", "dunlin sign"]),
        (publish(&format!("{stranger} --key c1.key")), 4, vec!["tiny-7.dunlin"]),
        (publish("wrong.dunlin --key c1.key"), 4, vec!["wrong.dunlin", "golden"]),
        (publish(&format!("{newer} {newer} --key c1.key")), 4, vec!["tiny has sequence 6, and 6 was published"]),
        (publish(&format!("{same} --key c1.key")), 4, vec!["tiny has sequence 5, and 5 was published"]),
        (
            format!("publish {newer} --channel empty --key c1.key"),
            1,
            vec!["empty holds no channel", "dunlin channel init"],
        ),
        (format!("publish {newer} --channel nowhere --key c1.key"), 1, vec!["nowhere", "check the path"]),
        (
            "channel rollout channel --model tiny --sequence 9 --percent 1 --key c1.key".into(),
            1,
            vec!["has no tiny 9; it has tiny 5"],
        ),
        ("channel rollout channel --model tiny --sequence 5 --percent 101 --key c1.key".into(), 2, vec!["101"]),
        ("channel halt channel --model wide --sequence 5 --key c1.key".into(), 1, vec!["has no wide 5"]),
        (
            "channel recall channel --model tiny --sequence 5 --reason x --digest 12 --key c1.key".into(),
            2,
            vec!["64 lower-case hex"],
        ),
        ("channel rotate channel --old c9 --new c2.pub --key r1.key --key r2.key".into(), 5, vec!["no key `c9`"]),
        (
            "channel rotate channel --old c1 --new c2.key --key r1.key --key r2.key".into(),
            5,
            vec!["c2.key", "never the secret key"],
        ),
        (
            "channel rotate channel --old c1 --new r1.pub --key r1.key --key r2.key".into(),
            5,
            vec!["a key `r1` already"],
        ),
        (
            "channel add-key channel --public c2.pub --role channel --key c1.key".into(),
            5,
            vec!["2 of r1, r2, r3 are needed"],
        ),
        ("channel add-key channel --public c2.pub --role queen --key r1.key".into(), 2, vec!["queen"]),
        (
            "channel remove-key channel --name b1 --key r1.key --key r2.key".into(),
            4,
            vec!["role `bundle`: threshold 1 of 0 keys"],
        ),
        ("channel renew channel --days 0 --key c1.key".into(), 2, vec!["--days"]),
        (format!("channel init channel {ROLES} --key r1.key --key r2.key --key c1.key"), 1, vec!["not overwritten"]),
        (
            format!("channel init channel --name beta {ROLES} --key r1.key --key r2.key --key c1.key"),
            1,
            vec!["not overwritten"],
        ),
        (format!("channel init fresh {ROLES} --key r1.key --key c1.key"), 5, vec!["2 of r1, r2, r3 are needed"]),
        (format!("channel init fresh {ROLES} --key r1.key --key r2.key"), 5, vec!["1 of c1 are needed"]),
        (format!("channel init fresh {ROLES} --name Stable! --key r1.key"), 2, vec!["a channel is named with"]),
        ("channel show empty".into(), 1, vec!["empty holds no channel"]),
        ("channel verify empty".into(), 1, vec!["empty holds no channel"]),
    ] {
        desk.run(&command).expect(code, &words);
        assert!(desk.channel_files() == before, "{command} changed the channel");
    }
    assert!(!desk.path("fresh").exists() && !desk.path("empty/.lock").exists());
}

#[test]
fn machines_are_told_of_a_refusal_in_json() {
    let desk = Desk::with_channel();
    let said = desk.run("channel renew channel --key x1.key --json").expect(5, &[]).json();
    assert_eq!(said["error"]["code"], "unknown_key");
    let told = desk.run("channel renew channel --key c1.key --json").expect(0, &[]).json();
    assert_eq!((&told["channel"], &told["version"], &told["root_version"]), (&"stable".into(), &2.into(), &1.into()));
}

#[test]
fn a_locked_key_opens_with_its_password_and_not_with_another() {
    let desk = Desk::new();
    let pair = minisign::KeyPair::generate_encrypted_keypair(Some("correct".to_owned())).unwrap();
    desk.write("locked.key", pair.sk.to_box(None).unwrap().into_string());
    desk.write("locked.pub", pair.pk.to_box().unwrap().into_string());
    desk.write("right", "correct\n");
    desk.write("wrong", "horse\n");
    let init =
        "channel init channel --root-key locked.pub --channel-key locked.pub --bundle-key b1.pub --key locked.key";
    desk.run(&format!("{init} --password-file wrong")).expect(5, &["locked.key: the key does not open"]);
    assert!(!desk.path("channel").exists());
    desk.run(&format!("{init} --password-file right")).expect(0, &["Ship channel/root/1.json with the app."]);
}

#[test]
fn a_root_that_ends_soon_is_warned_of() {
    let desk = Desk::new();
    let short = "--root-days 20 --key r1.key --key r2.key --key c1.key";
    let warning = "root 1 expires on";
    desk.run(&format!("channel init channel {ROLES} {short}")).expect(0, &[warning, "dunlin channel renew --root"]);
    let told = desk.run("channel renew channel --key c1.key --json").expect(0, &[]);
    assert!(told.json()["warnings"][0].as_str().unwrap().starts_with(warning) && told.err.is_empty());
    let renewed =
        desk.run("channel renew channel --root --days 90 --key r1.key --key r2.key").expect(0, &["Signed root 2."]);
    assert!(!renewed.err.contains("warning"), "{}", renewed.err);
}

#[test]
fn a_clock_behind_what_was_signed_signs_nothing() {
    let desk = Desk::with_channel();
    let day = 86_400_000_000;
    let envelope = Envelope::parse(Document::Channel, &desk.read("channel/stable.json")).unwrap();
    let mut ahead = Channel::parse(&envelope.payload).unwrap();
    (ahead.version, ahead.issued_us, ahead.expires_us) = (2, now_us() + day, now_us() + 9 * day);
    let payload = ahead.to_payload();
    let signatures = vec![Signed { key: "c1".to_owned(), minisig: desk.key("c1").sign(payload.as_bytes()) }];
    desk.write("channel/stable.json", Envelope { payload, signatures }.to_json());
    let before = desk.channel_files();
    desk.run("channel renew channel --key c1.key").expect(1, &["this machine's clock says", "correct the clock"]);
    assert!(desk.channel_files() == before);
}

#[test]
fn a_damaged_folder_is_told_by_the_file() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    desk.run("channel renew channel --root --key r1.key --key r2.key").expect(0, &[]);
    let bundle = desk
        .channel_files()
        .into_keys()
        .find(|path| path.ends_with("dunlin") || path.extension().is_some_and(|e| e == "dunlin"))
        .unwrap();
    let bundle = bundle.strip_prefix(desk.path("")).unwrap().display().to_string();
    for (file, code) in
        [("channel/root/1.json", 4), ("channel/root/2.json", 4), ("channel/stable.json", 4), (&bundle, 4)]
    {
        let good = desk.read(file);
        desk.write(file, &good[..good.len() / 2]);
        desk.run("channel verify channel").expect(code, &[file]);
        desk.write(file, good);
    }
    std::fs::remove_file(desk.path(&bundle)).unwrap();
    desk.run("channel verify channel").expect(1, &[&bundle, "check the path"]);
}
