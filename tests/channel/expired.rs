//! Time that ran out: who comes too late is told what to do, and can do it.

use dunlin_channel::{Channel, Document, Envelope, Root, Signed};

use crate::desk::Desk;
use crate::phone::{Phone, Serving, now_us};

const DAY: i64 = 86_400_000_000;

fn payload(desk: &Desk, document: Document, file: &str) -> String {
    Envelope::parse(document, &desk.read(file)).unwrap().payload
}

/// Writes a document signed by these keys.
fn seal(desk: &Desk, file: &str, payload: String, keys: &[&str]) {
    let sign = |key: &&str| Signed { key: (*key).to_owned(), minisig: desk.key(key).sign(payload.as_bytes()) };
    let signatures = keys.iter().map(sign).collect();
    desk.write(file, Envelope { payload, signatures }.to_json());
}

/// A desk whose root and channel were signed long ago, and until when they were good.
fn old_desk(root_until: i64, channel_until: i64) -> Desk {
    let desk = Desk::with_channel();
    let mut root = Root::parse(&payload(&desk, Document::Root, "channel/root/1.json")).unwrap();
    (root.issued_us, root.expires_us) = (now_us() - 400 * DAY, root_until);
    seal(&desk, "channel/root/1.json", root.to_payload(), &["r1", "r2"]);
    let mut channel = Channel::parse(&payload(&desk, Document::Channel, "channel/stable.json")).unwrap();
    (channel.issued_us, channel.expires_us) = (now_us() - 300 * DAY, channel_until);
    seal(&desk, "channel/stable.json", channel.to_payload(), &["c1"]);
    desk
}

#[test]
fn a_channel_that_expired_is_refused_everywhere_until_it_is_signed_again() {
    let desk = old_desk(now_us() + 100 * DAY, now_us() - DAY);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    assert_eq!(phone.sync(&serving.url).unwrap_err().code(), "expired");
    desk.run("channel verify channel").expect(4, &["channel: version 1 expired on", "stable.json"]);
    desk.run("channel show channel").expect(0, &["good until"]);
    desk.run("channel renew channel --days 7 --key c1.key").expect(0, &["at version 2"]);
    let channel = phone.sync(&serving.url).unwrap();
    assert_eq!(channel.expires_us - channel.issued_us, 7 * DAY, "--days is not kept to");
    desk.publish(1, 100);
    let next = phone.sync(&serving.url).unwrap();
    assert_eq!(next.expires_us - next.issued_us, 7 * DAY, "the next is good for as long as the last");
}

#[test]
fn a_root_that_expired_stops_every_signature_of_the_channel_until_there_is_another() {
    let desk = old_desk(now_us() - DAY, now_us() + DAY);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    assert_eq!(phone.sync(&serving.url).unwrap_err().code(), "expired");
    let before = desk.channel_files();
    desk.run("channel renew channel --key c1.key").expect(4, &["root: version 1 expired on"]);
    assert!(desk.channel_files() == before);
    desk.run("channel renew channel --root --key r2.key --key r3.key").expect(0, &["Signed root 2."]);
    phone.sync(&serving.url).unwrap();
    assert_eq!(phone.trust.root().version, 2);
}
