//! Any bytes as what a channel's server sends, and as the payload inside: reading them never panics, and what is read
//! can be decided on.
#![no_main]

use dunlin_channel::{Channel, Device, Document, Envelope, Parts, Root, Trust};

const DEVICE: Device<'static> = Device {
    install_id: "fuzz",
    arch: "x86_64",
    model_id: "digits",
    active_sequence: Some(1),
    held: &[],
    refused: &[],
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Trust::shipped(bytes, "stable");
    let _ = serde_json::from_slice::<Trust>(bytes);
    let _ = Envelope::parse(Document::Channel, bytes);
    // Behind signatures that no fuzzer can make.
    let Ok(payload) = std::str::from_utf8(bytes) else { return };
    if let Ok(root) = Root::parse(payload) {
        assert_eq!(Root::parse(&root.to_payload()).as_ref(), Ok(&root));
    }
    if let Ok(channel) = Channel::parse(payload) {
        assert_eq!(Channel::parse(&channel.to_payload()).as_ref(), Ok(&channel));
        let choice = channel.for_device(&DEVICE);
        if let Some(release) = choice.take {
            assert_eq!(Parts::of(release).missing_bytes(), release.bytes);
        }
    }
});
