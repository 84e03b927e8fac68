//! Files that an earlier build of the tool made: what was signed once is read for ever, and written the same.

use dunlin_channel::{Channel, Device, Document, Envelope, Moment, Root, Trust};

const ROOT_1: &[u8] = include_bytes!("golden/root-1.json");
const ROOT_2: &[u8] = include_bytes!("golden/root-2.json");
const CHANNEL: &[u8] = include_bytes!("golden/stable.json");

fn payload(document: Document, bytes: &[u8]) -> String {
    Envelope::parse(document, bytes).unwrap().payload
}

/// A moment at which both are good.
fn then() -> i64 {
    Channel::parse(&payload(Document::Channel, CHANNEL)).unwrap().issued_us + 1
}

fn device<'a>(install_id: &'a str, arch: &'a str, active: u64) -> Device<'a> {
    Device { install_id, arch, model_id: "tiny", active_sequence: Some(active), held: &[], refused: &[] }
}

#[test]
fn a_channel_of_format_1_0_is_taken_through_its_two_roots() {
    let mut trust = Trust::shipped(ROOT_1, "stable").unwrap();
    // The channel's key was rotated between the two.
    assert_eq!(trust.accept_channel(CHANNEL, then()).unwrap_err().code(), "below_threshold");
    trust.accept_root(ROOT_2).unwrap();
    let channel = trust.accept_channel(CHANNEL, then()).unwrap();
    assert_eq!((trust.root().version, channel.version, channel.releases.len()), (2, 7, 2));
    assert_eq!(trust.accept_channel(CHANNEL, channel.expires_us).unwrap_err().code(), "expired");
    let taken = |device: Device<'_>| channel.for_device(&device).take.map(|release| release.sequence);
    assert_eq!(taken(device("device-1", "aarch64", 0)), Some(1));
    // Release 4 goes to half of the devices with an ARM processor from sequence 1 on.
    let of_a_hundred = (0..100).filter(|number| taken(device(&number.to_string(), "aarch64", 1)) == Some(4)).count();
    assert!((30..70).contains(&of_a_hundred), "{of_a_hundred}");
    assert!((0..100).all(|number| taken(device(&number.to_string(), "x86_64", 1)).is_none()));
    assert_eq!(channel.recalled[0].reason, "wrong labels");
}

#[test]
fn documents_are_written_as_they_were() {
    let (first, second) = (payload(Document::Root, ROOT_1), payload(Document::Root, ROOT_2));
    assert_eq!(Root::parse(&first).unwrap().to_payload(), first);
    assert_eq!(Root::parse(&second).unwrap().to_payload(), second);
    let channel = payload(Document::Channel, CHANNEL);
    assert_eq!(Channel::parse(&channel).unwrap().to_payload(), channel);
    assert!(Moment(then()).to_string().starts_with("2026-"));
}
