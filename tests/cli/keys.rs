//! Keys and the files beside them: what the command says of the wrong ones, and that nothing is lost on the way.

use dunlin_tests::fixture::tiny_parts;

use crate::program::Desk;

#[test]
fn each_half_of_a_key_given_for_the_other_is_named_as_what_it_is() {
    let desk = Desk::new();
    desk.run(&["sign", "tiny.dunlin", "--key", "test.pub"]).expect(5, &["test.pub: this is a public key", ".key file"]);
    desk.run(&["verify", "tiny.dunlin", "--key", "test.key"]).expect(5, &["test.key", "is a secret key", ".pub file"]);
    desk.write("bytes", [0xff, 0xfe, 0x00]);
    desk.run(&["sign", "tiny.dunlin", "--key", "bytes"]).expect(5, &["bytes: this is not a secret key"]);
    desk.run(&["verify", "tiny.dunlin", "--key", "bytes"]).expect(5, &["`bytes` is not a minisign public key"]);
}

#[test]
fn a_wrong_password_is_told_from_a_wrong_file() {
    let desk = Desk::new();
    let pair = minisign::KeyPair::generate_encrypted_keypair(Some("correct".to_owned())).expect("randomness");
    desk.write("locked.key", pair.sk.to_box(None).expect("it has a text").into_string());
    desk.write("wrong", "horse\n");
    let before = std::fs::read(desk.path("tiny.dunlin")).expect("readable");
    let sign = ["sign", "tiny.dunlin", "--key", "locked.key", "--password-file"];
    desk.run(&[&sign[..], &["wrong"]].concat()).expect(5, &["locked.key: the key does not open", "password file"]);
    desk.run(&[&sign[..], &["missing"]].concat()).expect(1, &["missing", "check the path"]);
    assert_eq!(std::fs::read(desk.path("tiny.dunlin")).expect("readable"), before, "the bundle is as it was");
}

#[test]
fn keygen_writes_both_halves_or_neither() {
    let desk = Desk::new();
    desk.write("half.pub", "mine");
    desk.run(&["keygen", "--out", "half", "--no-password"]).expect(1, &["half.pub", "not overwritten", "--out"]);
    assert!(!desk.path("half.key").exists(), "no secret key without its public half");
    assert_eq!(std::fs::read_to_string(desk.path("half.pub")).expect("readable"), "mine");
    desk.run(&["keygen", "--out", "no/such/folder/key", "--no-password"])
        .expect(1, &["no/such/folder", "check the path"]);
}

#[test]
fn a_signed_bundle_replaces_the_unsigned_one_whole_and_keeps_who_may_read_it() {
    let desk = Desk::new();
    desk.write("new.dunlin", tiny_parts().write().expect("the parts are good"));
    desk.run(&["sign", "new.dunlin", "--key", "test.key"]).expect(0, &["dunlin verify new.dunlin"]);
    desk.run(&["verify", "new.dunlin", "--key", "test.pub"]).expect(0, &[]);
    let left: Vec<_> =
        std::fs::read_dir(desk.path("")).expect("readable").map(|e| e.expect("readable").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".dunlin-")), "{left:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(desk.path(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode("new.dunlin"), mode("tiny.dunlin"), "as any other file made here");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_named_and_the_input_stays() {
    let desk = Desk::new();
    let sign = ["sign", "tiny.dunlin", "--key", "test.key", "--out", "no/such/signed.dunlin"];
    desk.run(&sign).expect(1, &["no/such/signed.dunlin", "check the path"]);
    desk.run(&["verify", "tiny.dunlin", "--key", "test.pub"]).expect(0, &[]);
}

#[test]
fn a_refused_bundle_is_named_by_its_file() {
    let desk = Desk::new();
    let bytes = std::fs::read(desk.path("tiny.dunlin")).expect("readable");
    desk.write("cut.dunlin", &bytes[..bytes.len() / 2]);
    for command in [
        &["verify", "cut.dunlin", "--key", "test.pub"][..],
        &["inspect", "cut.dunlin"],
        &["inspect", "cut.dunlin", "--key", "test.pub"],
        &["sign", "cut.dunlin", "--key", "test.key"],
    ] {
        desk.run(command).expect(4, &["dunlin: cut.dunlin: "]);
    }
    for command in ["verify", "inspect", "predict"] {
        desk.run(&[command, "missing.dunlin", "--key", "test.pub"]).expect(1, &["missing.dunlin", "check the path"]);
    }
    desk.run(&["predict", "missing.dunlin", "--key", "test.pub", "--dir", "d"])
        .expect(1, &["missing.dunlin", "check the path"]);
}
