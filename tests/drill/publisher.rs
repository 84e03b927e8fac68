//! The publisher: keys, a channel made and changed by the real command, and a real server in front of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dunlin_bundle::Parts;
use dunlin_tests::binary;
use dunlin_tests::signing::TestKey;

/// The one key of this channel; a real one has several.
const KEY: &str = "publisher";

pub(crate) struct Publisher {
    folder: PathBuf,
    key: TestKey,
    serving: Child,
    pub(crate) url: String,
    /// Share of the devices that a bad release goes to at first.
    pub(crate) first_percent: u32,
}

impl Publisher {
    /// Makes a channel in a folder and serves it.
    pub(crate) fn new(folder: &Path, first_percent: u32) -> Self {
        let key = TestKey::generate();
        std::fs::write(folder.join(format!("{KEY}.pub")), key.public_text()).unwrap();
        std::fs::write(folder.join(format!("{KEY}.key")), key.secret_text()).unwrap();
        let public = format!("{KEY}.pub");
        let roles = ["--root-key", &public, "--channel-key", &public, "--bundle-key", &public];
        run(folder, &[&["channel", "init", "channel"], &roles[..], &["--key", &format!("{KEY}.key")]].concat());
        let mut serving = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data", "served", "--channel", "channel"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(serving.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { folder: folder.to_owned(), key, serving, url, first_percent }
    }

    /// The root that ships with the app.
    pub(crate) fn root(&self) -> Vec<u8> {
        std::fs::read(self.folder.join("channel/root/1.json")).unwrap()
    }

    /// Releases a bundle to a share of the devices.
    pub(crate) fn publish(&self, parts: &Parts, percent: u32) {
        let file = format!("tiny-{}.dunlin", parts.sequence);
        let bundle = self.key.sign_bundle(parts.write().unwrap()).unwrap();
        std::fs::write(self.folder.join(&file), bundle).unwrap();
        self.signed(&["publish", &file, "--channel", "channel", "--percent", &percent.to_string()]);
    }

    pub(crate) fn rollout(&self, sequence: u64, percent: u32) {
        self.change("rollout", sequence, &["--percent", &percent.to_string()]);
    }

    pub(crate) fn halt(&self, sequence: u64) {
        self.change("halt", sequence, &[]);
    }

    pub(crate) fn recall(&self, sequence: u64, reason: &str) {
        self.change("recall", sequence, &["--reason", reason]);
    }

    fn change(&self, verb: &str, sequence: u64, more: &[&str]) {
        let sequence = sequence.to_string();
        self.signed(&[&["channel", verb, "channel", "--model", "tiny", "--sequence", &sequence], more].concat());
    }

    fn signed(&self, words: &[&str]) {
        run(&self.folder, &[words, &["--key", &format!("{KEY}.key")]].concat());
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.serving.kill();
        let _ = self.serving.wait();
    }
}

fn run(folder: &Path, words: &[&str]) {
    let done = Command::new(binary()).args(words).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "dunlin {}: {}", words.join(" "), String::from_utf8_lossy(&done.stderr));
}
