//! What the board is flashed with, made by the `dunlin` command as a team would make it: a key, two versions of the int8 model,
//! an update channel, and what the sensor will say.

use std::path::{Path, PathBuf};
use std::process::Command;

use dunlin_models::vibration::{Fault, Machine, WornMount};
use serde_json::Value;

/// Samples of a minute.
const SAMPLES: usize = 60_000;
/// The machine that the board is bolted to.
const MACHINE: Machine = Machine { speed_hz: 24.0, load: 0.8, fault: Fault::Healthy, seed: 1 };

/// A folder with everything.
pub(crate) struct Factory {
    dir: PathBuf,
}

impl Factory {
    pub(crate) fn make(dir: PathBuf) -> Self {
        let factory = Self { dir };
        factory.dunlin("keygen --out team --no-password");
        factory.bundle("first", 7, None);
        factory.bundle("second", 8, Some(("1.1.0", 2)));
        let keys = "--root-key team.pub --channel-key team.pub --bundle-key team.pub --key team.key";
        factory.dunlin(&format!("channel init channel {keys}"));
        factory.samples("steady.txt", WornMount::NEW);
        factory.samples("loose.txt", WornMount::DEMO);
        factory
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Releases the second version to everybody.
    pub(crate) fn publish(&self) {
        self.dunlin("publish second.dunlin --channel channel --percent 100 --key team.key");
    }

    /// A signed int8 bundle, by the reference recipe.
    fn bundle(&self, name: &str, seed: u64, version: Option<(&str, u64)>) {
        self.dunlin(&format!("train vibration --out {name} --seed {seed}"));
        if let Some((version, sequence)) = version {
            let settings = self.path(name).join("settings.json");
            let mut document: Value = serde_json::from_slice(&std::fs::read(&settings).unwrap()).unwrap();
            (document["version"], document["sequence"]) = (version.into(), sequence.into());
            std::fs::write(&settings, document.to_string()).unwrap();
        }
        self.dunlin(&format!("quantize {name} --out {name}.int8"));
        self.dunlin(&format!("pack {name}.int8 --out {name}.dunlin"));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        self.dunlin(&format!("sign {name}.dunlin --key team.key --commit {commit} --reviewer team"));
    }

    fn samples(&self, name: &str, mount: WornMount) {
        let text: String = MACHINE.stream_through(mount).take(SAMPLES).map(|sample| format!("{sample}\n")).collect();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn dunlin(&self, words: &str) {
        dunlin(&self.dir, words);
    }
}

/// Runs the command in a folder.
///
/// # Panics
/// When it fails, with what it said.
pub(crate) fn dunlin(dir: &Path, words: &str) {
    let mut command = Command::new(dunlin_tests::binary());
    let ended = command.args(words.split(' ')).current_dir(dir).output().unwrap();
    assert!(ended.status.success(), "dunlin {words}: {}", String::from_utf8_lossy(&ended.stderr));
}
