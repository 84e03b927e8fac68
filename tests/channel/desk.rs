//! A publisher's desk: keys, bundles, and the real command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use dunlin_tests::binary;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;
use serde_json::Value;

/// What a run ended with.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Fails unless it ended with this code and said all of this.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, words: &[&str]) -> Self {
        let said = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{said}");
        words.iter().for_each(|word| assert!(said.contains(word), "'{word}' is not in: {said}"));
        assert!(!said.contains("panicked"), "{said}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A folder with keys `r1`, `r2`, `r3`, `c1`, `c2`, `b1`, `b2` and `x1`.
pub(crate) struct Desk {
    dir: tempfile::TempDir,
    keys: BTreeMap<&'static str, TestKey>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let names = ["r1", "r2", "r3", "c1", "c2", "b1", "b2", "x1"];
        let keys = names.map(|name| (name, TestKey::generate())).into();
        let desk = Self { dir: tempfile::tempdir().unwrap(), keys };
        for (name, key) in &desk.keys {
            desk.write(&format!("{name}.pub"), key.public_text());
            desk.write(&format!("{name}.key"), key.secret_text());
        }
        desk
    }

    /// With a channel: two of three root keys, `c1` for the channel, `b1` for bundles.
    pub(crate) fn with_channel() -> Self {
        let desk = Self::new();
        desk.run(&format!("channel init channel {ROLES} --key r1.key --key r3.key --key c1.key")).expect(0, &[]);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn key(&self, name: &str) -> &TestKey {
        &self.keys[name]
    }

    /// Writes `NAME-SEQUENCE.dunlin`, a bundle of some 300 KiB signed by a key, and gives its path.
    pub(crate) fn bundle(&self, model_id: &str, sequence: u64, key: &str) -> String {
        let mut parts = tiny_parts();
        model_id.clone_into(&mut parts.model_id);
        parts.version = semver::Version::new(1, sequence, 0);
        parts.sequence = sequence;
        let padding = (0..30_000_u64).map(|line| format!("{:08x}\n", line * 0x9e37 + sequence));
        parts.readme.extend(padding);
        let name = format!("{model_id}-{sequence}.dunlin");
        self.write(&name, self.key(key).sign_bundle(parts.write().unwrap()).unwrap());
        name
    }

    /// Publishes a bundle of `tiny` and this sequence to a share of the devices.
    pub(crate) fn publish(&self, sequence: u64, percent: u32) {
        let name = self.bundle("tiny", sequence, "b1");
        self.run(&format!("publish {name} --channel channel --percent {percent} --key c1.key")).expect(0, &[]);
    }

    /// Runs the command in this folder with these words.
    pub(crate) fn run(&self, words: &str) -> Ended {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Ended {
        run_in(self.dir.path(), words)
    }

    /// Every file of the channel and what is in it.
    pub(crate) fn channel_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path("channel")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.clone(), std::fs::read(path).unwrap());
                }
            }
        }
        found
    }
}

/// The keys' roles, as options of `channel init`.
pub(crate) const ROLES: &str =
    "--root-key r1.pub --root-key r2.pub --root-key r3.pub --root-threshold 2 --channel-key c1.pub --bundle-key b1.pub";

fn run_in(folder: &Path, words: &[&str]) -> Ended {
    let done =
        Command::new(binary()).args(words).current_dir(folder).stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
}
