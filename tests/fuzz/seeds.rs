//! Writes the inputs that the fuzzers start from: `cargo run -p dunlin-tests --example fuzz_seeds -- tests/fuzz/corpus`.

use std::path::Path;
use std::{env, fs, io};

use dunlin_tests::fixture::{full_parts, tiny_parts};
use dunlin_tests::forge::unpack;
use dunlin_tests::signing::TestKey;
use dunlin_wire::{Envelope, ModelVersion, Summary, WindowRange};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corpus = env::args().nth(1).ok_or("give the folder of the corpus")?;
    let full = full_parts().write()?;
    let whole = [tiny_parts().write()?, TestKey::generate().sign_bundle(full.clone())?, full.clone()];
    write(&Path::new(&corpus).join("bundle_read"), &whole)?;
    let entries: Vec<Vec<u8>> =
        unpack(&full).iter().zip(0_u8..).map(|(entry, index)| [&[index], &entry.content[..]].concat()).collect();
    write(&Path::new(&corpus).join("bundle_entries"), &entries)?;
    write(&Path::new(&corpus).join("channel_read"), &channel_documents())?;
    write(&Path::new(&corpus).join("packed_record"), &[packed_record()])?;
    Ok(write(&Path::new(&corpus).join("summary_decode"), &[upload()?])?)
}

/// An envelope, and the payloads of a root and a channel.
fn channel_documents() -> [Vec<u8>; 3] {
    let life = r#""format":"1.0","version":1,"issued":1,"expires":9000000000000000"#;
    let key = TestKey::generate().public_text().lines().nth(1).unwrap_or_default().to_owned();
    let role = r#"{"keys":["a"],"threshold":1}"#;
    let root = format!(
        r#"{{"type":"root",{life},"keys":{{"a":"{key}"}},"roles":{{"root":{role},"channel":{role},"bundle":{role}}}}}"#
    );
    let hash = "0".repeat(64);
    let release = format!(
        r#"{{"model_id":"digits","version":"1.0.0","sequence":2,"from_sequence":0,"digest":"{hash}","sha256":"{hash}","bytes":2000,
        "part_bytes":1024,"parts":["{hash}","{hash}"],"path":"bundles/a.dunlin","rollout_percent":100,"halted":false}}"#
    );
    let channel = format!(r#"{{"type":"channel","name":"stable",{life},"releases":[{release}],"recalled":[]}}"#);
    let envelope = serde_json::json!({"payload": root, "signatures": [{"key": "a", "minisig": "RW"}]});
    [envelope.to_string(), root, channel].map(String::into_bytes)
}

/// An honest packed record of the model `every`, in the order of its schema.
fn packed_record() -> Vec<u8> {
    let scalars = [&[1; 9][..], &[1; 9], &[1, 1], &[1, 5, 0, 0, 0], b"green", &[1, 1, 0, 0, 0], b"a"];
    let tensors = [&[1; 17][..], &[1; 4], &[1; 5], &[1; 3], &[1; 5], &[1; 9], &[1; 3]];
    [scalars.concat(), tensors.concat(), vec![0]].concat()
}

/// What an honest upload's gzip holds.
fn upload() -> serde_json::Result<Vec<u8>> {
    let mut summary = Summary::empty(ModelVersion { id: "digits".into(), version: "1.0.0".into(), sequence: 1 });
    summary.windows.push(WindowRange { epoch: 1, first: 0, last: 3 });
    serde_json::to_vec(&Envelope::new("0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97", "5f0c", summary))
}

fn write(folder: &Path, inputs: &[Vec<u8>]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    inputs.iter().enumerate().try_for_each(|(number, input)| fs::write(folder.join(format!("seed-{number}")), input))
}
