//! The reference implementation of minisign verifies what the tool signs.

use std::path::Path;
use std::process::Command;

use dunlin_channel::{Document, Envelope};

use crate::desk::Desk;

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
fn the_reference_tool_verifies_every_signature_of_a_channel() {
    let desk = Desk::with_channel();
    desk.publish(1, 10);
    let mut verified = Vec::new();
    for (document, file) in [(Document::Root, "channel/root/1.json"), (Document::Channel, "channel/stable.json")] {
        let envelope = Envelope::parse(document, &desk.read(file)).unwrap();
        desk.write("payload", &envelope.payload);
        for signed in envelope.signatures {
            desk.write("payload.minisig", &signed.minisig);
            let public = format!("{}.pub", signed.key);
            match minisign(&desk.path(""), &["-V", "-q", "-p", &public, "-m", "payload"]) {
                None => return,
                Some(is_good) => assert!(is_good, "{file} by {}", signed.key),
            }
            assert_eq!(minisign(&desk.path(""), &["-V", "-q", "-p", "x1.pub", "-m", "payload"]), Some(false));
            verified.push(signed.key);
        }
    }
    assert_eq!(verified, ["r1", "r3", "c1"]);
}
