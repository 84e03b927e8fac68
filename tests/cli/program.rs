//! Runs the binary that this build made, in a folder of the test's own.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dunlin_bundle::Parts;
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
    /// The lines of stdout as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }

    /// Fails unless it ended with this code and said all of this.
    pub(crate) fn expect(&self, code: i32, words: &[&str]) {
        let said = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{said}");
        for word in words {
            assert!(said.contains(word), "'{word}' is not in: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// A folder with a key, its public half, and a signed bundle of the small model.
pub(crate) struct Desk {
    dir: tempfile::TempDir,
    pub(crate) key: TestKey,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().expect("a temporary folder"), key: TestKey::generate() };
        desk.write("test.pub", desk.key.public_text());
        desk.write("test.key", desk.key.secret_text());
        desk.bundle("tiny.dunlin", tiny_parts());
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("it can be written");
    }

    /// Writes a signed bundle.
    pub(crate) fn bundle(&self, name: &str, parts: Parts) {
        let signed = self.key.sign_bundle(parts.write().expect("the parts are good")).expect("the bundle is good");
        self.write(name, signed);
    }

    /// Runs the command in this folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "")
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: impl AsRef<[u8]> + Send) -> Ended {
        let mut child = Command::new(binary())
            .args(arguments)
            .current_dir(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        let done = std::thread::scope(|scope| {
            // Beside reading: both pipes are small. A command that does not read its input may have ended already.
            scope.spawn(move || drop(stdin.write_all(input.as_ref())));
            child.wait_with_output().expect("it ends")
        });
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
        Ended { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Predicts with the small model: `arguments` after the bundle.
    pub(crate) fn predict(&self, arguments: &[&str], input: impl AsRef<[u8]> + Send) -> Ended {
        let all = [&["predict", "tiny.dunlin", "--key", "test.pub"], arguments].concat();
        self.run_with(&all, input)
    }
}
