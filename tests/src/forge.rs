//! A forger of bundles: takes one apart and puts it together wrongly, by an implementation of its own.
//!
//! It knows nothing of the crate under test but the format, so that the two also check each other.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One zip entry, with everything that a forger may want to bend.
#[derive(Clone, Debug)]
pub struct RawEntry {
    /// Name, which need not be text.
    pub name: Vec<u8>,
    /// Bytes that stand in the file.
    pub content: Vec<u8>,
    /// Zip's method; 0 is stored.
    pub method: u16,
    /// Zip's general-purpose flags.
    pub flags: u16,
    /// Extra field of the local header, in place of the canonical one.
    pub extra: Option<Vec<u8>>,
    /// Length that the headers claim, in place of the true one.
    pub claimed_length: Option<u32>,
    /// Bytes put before the local header.
    pub junk_before: Vec<u8>,
}

impl RawEntry {
    /// A stored entry as the format wants it.
    #[must_use]
    pub fn stored(name: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        let (name, content) = (name.into(), content.into());
        Self { name, content, method: 0, flags: 0, extra: None, claimed_length: None, junk_before: Vec::new() }
    }

    /// The content as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.content).expect("the entry is JSON")
    }

    /// Changes the content as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn edit_json(&mut self, edit: impl FnOnce(&mut Value)) {
        let mut value = self.json();
        edit(&mut value);
        self.content = serde_json::to_vec_pretty(&value).expect("a JSON value has a text");
    }
}

/// The entries of a well-formed bundle.
///
/// # Panics
/// When the file is not one.
#[must_use]
pub fn unpack(file: &[u8]) -> Vec<RawEntry> {
    let (mut at, mut entries) = (0, Vec::new());
    while file[at..].starts_with(b"PK\x03\x04") {
        let (name_length, extra_length) = (number(file, at + 26, 2), number(file, at + 28, 2));
        let name = at + 30..at + 30 + name_length;
        let start = name.end + extra_length;
        let end = start + number(file, at + 18, 4);
        entries.push(RawEntry::stored(&file[name], &file[start..end]));
        at = end;
    }
    entries
}

fn number(file: &[u8], at: usize, bytes: usize) -> usize {
    file[at..at + bytes].iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte))
}

/// Puts entries together, exactly as they say.
#[must_use]
pub fn pack(entries: &[RawEntry]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        file.extend(&entry.junk_before);
        let offset = file.len() as u32;
        let extra = entry.extra.clone().unwrap_or_else(|| canonical_extra(&entry.name, file.len()));
        let common = common(entry);
        file.extend(b"PK\x03\x04\x0a\0");
        file.extend(&common);
        file.extend((extra.len() as u16).to_le_bytes());
        file.extend(&entry.name);
        file.extend(extra);
        file.extend(&entry.content);
        directory.extend(b"PK\x01\x02\x14\0\x0a\0");
        directory.extend(&common);
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let (offset, length, count) = (file.len() as u32, directory.len() as u32, entries.len() as u16);
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    [count, count].iter().for_each(|n| file.extend(n.to_le_bytes()));
    [length, offset].iter().for_each(|n| file.extend(n.to_le_bytes()));
    file.extend([0, 0]);
    file
}

/// From the flags to the length of the name: the same in both headers.
fn common(entry: &RawEntry) -> Vec<u8> {
    let length = entry.claimed_length.unwrap_or(entry.content.len() as u32);
    let mut bytes = Vec::new();
    [entry.flags, entry.method, 0, 0x21].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
    [crc32fast::hash(&entry.content), length, length].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
    bytes.extend((entry.name.len() as u16).to_le_bytes());
    bytes
}

/// The alignment field of entries that hold tensors; nothing for the others.
fn canonical_extra(name: &[u8], offset: usize) -> Vec<u8> {
    if !(name.ends_with(b".safetensors") || name.ends_with(b".gguf")) {
        return Vec::new();
    }
    let padding = (64 - (offset + 30 + name.len() + 6) % 64) % 64;
    let mut extra = vec![0x35, 0xd9, 2 + padding as u8, 0, 64, 0];
    extra.resize(6 + padding, 0);
    extra
}

/// Takes an unsigned bundle apart, lets an edit loose on its entries, and makes the manifest true again.
#[must_use]
pub fn forge(file: &[u8], edit: impl FnOnce(&mut Vec<RawEntry>)) -> Vec<u8> {
    let mut entries = unpack(file);
    edit(&mut entries);
    remanifest(&mut entries);
    pack(&entries)
}

/// Changes one JSON entry and makes the manifest true again.
#[must_use]
pub fn forge_json(file: &[u8], name: &str, edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    forge(file, |entries| find(entries, name).edit_json(edit))
}

/// Replaces the content of one entry and makes the manifest true again.
#[must_use]
pub fn forge_content(file: &[u8], name: &str, content: impl Into<Vec<u8>>) -> Vec<u8> {
    forge(file, |entries| find(entries, name).content = content.into())
}

/// An entry by name.
///
/// # Panics
/// When it is not there.
pub fn find<'a>(entries: &'a mut [RawEntry], name: &str) -> &'a mut RawEntry {
    entries.iter_mut().find(|entry| entry.name == name.as_bytes()).expect("the entry is there")
}

/// Lists in the manifest what stands after it.
///
/// # Panics
/// When there is no manifest.
pub fn remanifest(entries: &mut [RawEntry]) {
    let listed: Vec<Value> = entries.iter().filter(|entry| !is_front(entry)).map(describe).collect();
    find(entries, "manifest.json").edit_json(|manifest| manifest["entries"] = Value::Array(listed));
}

fn is_front(entry: &RawEntry) -> bool {
    entry.name == b"signature.minisig" || entry.name == b"manifest.json"
}

fn describe(entry: &RawEntry) -> Value {
    let digest = Sha256::digest(&entry.content);
    json!({
        "name": String::from_utf8_lossy(&entry.name),
        "length": entry.content.len(),
        "sha256": digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "crc32": crc32fast::hash(&entry.content),
    })
}
