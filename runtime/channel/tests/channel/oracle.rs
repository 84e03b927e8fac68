//! The reference implementation of minisign as an oracle: it verifies what we sign, and we take what it signs.

use std::path::Path;
use std::process::Command;

use dunlin_channel::{Envelope, Key, Signed, Trust};

use crate::world::{NOW, World, channel};

/// Runs the reference tool in a folder; none where it is not installed.
fn minisign(folder: &Path, arguments: &[&str]) -> Option<bool> {
    match Command::new("minisign").args(arguments).current_dir(folder).output() {
        Ok(output) => Some(output.status.success()),
        Err(_) => {
            eprintln!("skipped: no minisign here (apt-get install minisign)");
            None
        }
    }
}

#[test]
fn the_reference_tool_verifies_what_we_sign() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let payload = channel(1).to_payload();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("payload", &payload);
    write("payload.minisig", &world.minisig("c1", payload.as_bytes()));
    write("c1.pub", &world.pair("c1").pk.to_box().unwrap().into_string());
    let verify = ["-V", "-q", "-p", "c1.pub", "-m", "payload"];
    let Some(verified) = minisign(folder.path(), &verify) else { return };
    assert!(verified, "the reference tool refuses our signature");
    write("payload", &payload.replacen('1', "2", 1));
    assert_eq!(minisign(folder.path(), &verify), Some(false), "the oracle takes everything");
}

#[test]
fn we_take_what_the_reference_tool_signs_but_not_its_legacy_kind() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let Some(made) = minisign(folder.path(), &["-G", "-W", "-p", "c.pub", "-s", "c.key"]) else { return };
    assert!(made);
    let mut root = world.root();
    root.keys.insert("c1".to_owned(), Key::parse(&read("c.pub")).unwrap());
    let shipped = world.seal_root(&root, &["r1", "r2"]);
    let payload = channel(1).to_payload();
    std::fs::write(folder.path().join("payload"), &payload).unwrap();
    for (kind, is_taken) in [("-H", true), ("-l", false)] {
        let sign = ["-S", kind, "-s", "c.key", "-m", "payload", "-t", "signed by the reference tool"];
        assert_eq!(minisign(folder.path(), &sign), Some(true));
        let signatures = vec![Signed { key: "c1".to_owned(), minisig: read("payload.minisig") }];
        let served = Envelope { payload: payload.clone(), signatures }.to_json();
        let mut trust = Trust::shipped(&shipped, "stable").unwrap();
        assert_eq!(trust.accept_channel(served.as_bytes(), NOW).is_ok(), is_taken, "{kind}");
    }
}
