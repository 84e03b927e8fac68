//! Update channels, written from docs/channel.md by hand: one that offers, one that recalls, and one that a stranger signed.

use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use dunlin_bundle::Bundle;
use dunlin_tests::signing::TestKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The one key of every role.
const KEY: &str = "trusted";
const VALID: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// So small that a bundle has several parts.
const PART_BYTES: usize = 4096;

/// Writes `channel/` with the root and the channels `stable`, `recalling` and `forged`.
pub(crate) fn make(folder: &Path, trusted: &TestKey, stranger: &TestKey) -> io::Result<()> {
    let channel = folder.join("channel");
    // Bundles are named by their hash: those of an earlier fixture would stay beside these.
    if channel.exists() {
        fs::remove_dir_all(&channel)?;
    }
    for below in ["root", "bundles"] {
        fs::create_dir_all(channel.join(below))?;
    }
    let role = json!({"keys": [KEY], "threshold": 1});
    let text = trusted.public_text();
    let key = text.lines().find(|line| line.starts_with("RW")).unwrap_or_default();
    let root = json!({"keys": {KEY: key}, "roles": {"root": role, "channel": role, "bundle": role}});
    write(&channel.join("root/1.json"), "root", root, trusted)?;
    let offered = release(folder, &channel, trusted)?;
    let gone = digest(&folder.join("tiny-1.0.0.dunlin"), trusted)?;
    let gone = json!({"model_id": "tiny", "sequence": 10, "digest": gone, "reason": "wrong labels in training"});
    let listing = |name: &str, releases: &[&Value], recalled: &[&Value]| json!({"name": name, "releases": releases, "recalled": recalled});
    write(&channel.join("stable.json"), "channel", listing("stable", &[&offered], &[]), trusted)?;
    write(&channel.join("recalling.json"), "channel", listing("recalling", &[], &[&gone]), trusted)?;
    write(&channel.join("forged.json"), "channel", listing("forged", &[&offered], &[]), stranger)
}

/// The release of `tiny` 1.1.0, whose file it copies into the channel.
fn release(folder: &Path, channel: &Path, key: &TestKey) -> io::Result<Value> {
    let file = folder.join("tiny-1.1.0.dunlin");
    let bytes = fs::read(&file)?;
    let sha256 = hex(&bytes);
    let path = format!("bundles/{sha256}.dunlin");
    fs::write(channel.join(&path), &bytes)?;
    let parts: Vec<String> = bytes.chunks(PART_BYTES).map(hex).collect();
    Ok(json!({
        "model_id": "tiny", "version": "1.1.0", "sequence": 11, "from_sequence": 0, "digest": digest(&file, key)?,
        "sha256": sha256, "bytes": bytes.len(), "part_bytes": PART_BYTES, "parts": parts, "path": path,
        "rollout_percent": 100, "halted": false,
    }))
}

/// A signed document, issued now.
fn write(path: &Path, kind: &str, mut payload: Value, key: &TestKey) -> io::Result<()> {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_err(io::Error::other)?;
    payload["type"] = kind.into();
    payload["format"] = "1.0".into();
    payload["version"] = 1.into();
    payload["issued"] = micros(now)?.into();
    payload["expires"] = micros(now + VALID)?.into();
    let payload = payload.to_string();
    let signature = json!({"key": KEY, "minisig": key.sign(payload.as_bytes())});
    fs::write(path, json!({"payload": payload, "signatures": [signature]}).to_string())
}

fn micros(time: Duration) -> io::Result<u64> {
    u64::try_from(time.as_micros()).map_err(io::Error::other)
}

/// What names everything in a bundle.
fn digest(bundle: &Path, key: &TestKey) -> io::Result<String> {
    let bundle = Bundle::open(bundle, &key.trusted()).map_err(io::Error::other)?;
    Ok(bundle.digest().to_owned())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
