//! A process is killed at a random moment of installing and switching, many times over, in one folder.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dunlin::{Config, Record, Runtime, TrustedKeys};
use dunlin_bundle::Bundle;
use dunlin_tests::challenger::biased;
use dunlin_tests::fixture::tiny_parts;

use crate::device::Device;

/// Set in the child: where the device is, and which bundles it is to install.
const FOLDER: &str = "DUNLIN_KILLED_FOLDER";
const KEY: &str = "DUNLIN_KILLED_KEY";
const BUNDLES: &str = "DUNLIN_KILLED_BUNDLES";

const KILLS: u64 = 200;
const BUNDLES_A_ROUND: u64 = 4;

#[test]
#[ignore = "slow: two hundred processes"]
fn however_often_it_is_killed_the_active_model_was_fully_verified() {
    const NAME: &str = "killed::however_often_it_is_killed_the_active_model_was_fully_verified";
    if let Ok(folder) = std::env::var(FOLDER) {
        return install_until_killed(Path::new(&folder));
    }
    let device = Device::new();
    device.open().install(&device.bundle(&tiny_parts())).unwrap();
    let mut versions = std::collections::BTreeSet::new();
    for round in 0..KILLS {
        let bundles: Vec<PathBuf> = (0..BUNDLES_A_ROUND)
            .map(|i| device.bundle(&biased(100 + round * BUNDLES_A_ROUND + i, [0.001 * round as f32, 0.0, 0.0])))
            .collect();
        kill_one(&device, NAME, &bundles, round);
        versions.insert(check(&device));
        bundles.iter().for_each(|bundle| std::fs::remove_file(bundle).unwrap());
    }
    assert!(versions.len() > 20, "only {} versions were ever active: nothing was tried", versions.len());
    eprintln!("{KILLS} kills, {} versions were active after one", versions.len());
}

fn install_until_killed(folder: &Path) {
    let mut keys = TrustedKeys::new();
    keys.add("test", &std::env::var(KEY).unwrap()).unwrap();
    let runtime = Runtime::open(Config::new(folder, keys));
    println!("ready");
    for (i, bundle) in std::env::split_paths(&std::env::var_os(BUNDLES).unwrap()).enumerate() {
        let _ = if i % 2 == 0 { runtime.install_candidate(&bundle) } else { runtime.install(&bundle) };
        if let Ok(mut session) = runtime.session("tiny") {
            let _ = session.predict(&record(session.schema()));
        }
        let _ = if i % 4 < 2 { runtime.activate("tiny") } else { runtime.rollback("tiny") };
    }
    // The parent kills; a child that is done waits for it.
    std::thread::sleep(Duration::from_secs(60));
}

fn record(schema: &dunlin::schema::Schema) -> Record<'static> {
    Record::from_json_str(schema, r#"{"age": 40, "visits": 3, "colour": "red", "member": true}"#).unwrap()
}

fn kill_one(device: &Device, test: &str, bundles: &[PathBuf], round: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--ignored", "--nocapture", "-q"]);
    child.env(FOLDER, device.folder()).env(KEY, device.key.public_text());
    child.env(BUNDLES, std::env::join_paths(bundles).unwrap()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "ready"), "round {round}: the child did not start");
    // Tens of milliseconds an installation, on a busy machine: the moments are spread over all of them.
    std::thread::sleep(Duration::from_micros(round.wrapping_mul(7_919) % 300_000));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What is active loads, answers and is whole; nothing else lies about. Gives its version.
fn check(device: &Device) -> String {
    let runtime = device.open();
    let mut session = runtime.session("tiny").unwrap();
    session.predict(&record(session.schema())).unwrap();
    let models = runtime.health().models;
    let slots: Vec<&str> = models.iter().map(|model| model.slot.as_deref().unwrap()).collect();
    assert_eq!(slots.iter().filter(|slot| **slot == "active").count(), 1, "{slots:?}");
    let copies: Vec<PathBuf> =
        std::fs::read_dir(device.folder().join("models")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(copies.len(), slots.len(), "{copies:?} {slots:?}");
    for copy in copies {
        Bundle::open(&copy, &device.key.trusted()).unwrap_or_else(|error| panic!("{}: {error}", copy.display()));
    }
    session.model_version().to_owned()
}
