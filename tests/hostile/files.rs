//! Bundles as files: opened into memory, mapped once installed, and read by other people's zip tools.

use std::fs;
use std::path::Path;
use std::process::Command;

use dunlin_bundle::{Bundle, BundleError};
use dunlin_tests::forge::{find, pack, unpack};
use dunlin_tests::signing::TestKey;

use crate::support::HONEST;

#[test]
fn a_file_that_is_not_there_is_an_error_and_no_panic() {
    let keys = TestKey::generate().trusted();
    for open in [Bundle::open, Bundle::open_installed] {
        let error = open(Path::new("/nowhere/model.dunlin"), &keys).map(drop).unwrap_err();
        assert!(matches!(error, BundleError::Io { .. }), "{error}");
        assert!(open(Path::new("/"), &keys).is_err(), "a folder is no bundle");
    }
}

#[test]
fn an_empty_file_and_one_larger_than_any_bundle_are_refused() {
    let keys = TestKey::generate().trusted();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.dunlin");
    for open in [Bundle::open, Bundle::open_installed] {
        fs::write(&path, []).unwrap();
        assert_eq!(open(&path, &keys).map(drop).unwrap_err().code(), "too_small");
        fs::File::create(&path).unwrap().set_len((1 << 31) + 1).unwrap();
        assert_eq!(open(&path, &keys).map(drop).unwrap_err().code(), "too_large");
    }
}

#[test]
fn an_installed_bundle_is_mapped_and_holds_the_same() {
    let key = TestKey::generate();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.dunlin");
    fs::write(&path, key.sign_bundle(HONEST.clone()).unwrap()).unwrap();
    let read = Bundle::open(&path, &key.trusted()).unwrap();
    let mapped = Bundle::open_installed(&path, &key.trusted()).unwrap();
    assert_eq!(
        (read.digest(), read.signer(), read.length_bytes()),
        (mapped.digest(), mapped.signer(), mapped.length_bytes())
    );
    assert!(read.weights().iter().eq(mapped.weights().iter()));
    assert_eq!(read.golden(), mapped.golden());
    // A clone of the weights outlives the bundle that it came from.
    let weights = mapped.weights().clone();
    drop(mapped);
    assert!(weights.iter().eq(read.weights().iter()));
    let start = weights.get("second.weight").unwrap().bytes.as_ptr();
    assert!(start.cast::<f32>().is_aligned(), "mapped in place, aligned");
}

#[test]
fn an_installed_bundle_is_still_checked_but_for_its_tensors() {
    let key = TestKey::generate();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.dunlin");
    let signed = key.sign_bundle(HONEST.clone()).unwrap();
    for name in ["signature.minisig", "manifest.json", "schema.json", "golden.jsonl", "README.md"] {
        let start = signed.windows(name.len()).position(|found| found == name.as_bytes()).unwrap() + name.len();
        let mut damaged = signed.clone();
        damaged[start + 30] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(Bundle::open_installed(&path, &key.trusted()).is_err(), "{name} was changed");
    }
    fs::write(&path, &signed[..signed.len() - 1]).unwrap();
    assert_eq!(Bundle::open_installed(&path, &key.trusted()).map(drop).unwrap_err().code(), "layout");
    fs::write(&path, &*HONEST).unwrap();
    assert_eq!(Bundle::open_installed(&path, &key.trusted()).map(drop).unwrap_err().code(), "unsigned");
}

#[test]
fn tensors_start_at_multiples_of_64_in_the_file() {
    for name in ["weights.safetensors", "baseline/weights.safetensors"] {
        let content = find(&mut unpack(&HONEST), name).content.clone();
        let start = HONEST.windows(content.len()).position(|found| found == content).unwrap();
        assert_eq!(start % 64, 0, "{name}");
    }
}

#[test]
fn python_s_zipfile_reads_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.dunlin");
    fs::write(&path, &*HONEST).unwrap();
    let script =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()))";
    let output = Command::new("python3").args(["-c", script]).arg(&path).output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), unpack(&HONEST).len().to_string());
}

#[test]
fn signing_again_keeps_the_digest() {
    let (one, two) = (TestKey::generate(), TestKey::generate());
    let first = one.sign_bundle(HONEST.clone()).unwrap();
    let second = two.sign_bundle(first.clone()).unwrap();
    assert_ne!(first, second);
    let first = Bundle::read(first, &one.trusted()).unwrap();
    let second = Bundle::read(second, &two.trusted()).unwrap();
    assert_eq!(first.digest(), second.digest());
    assert_eq!(pack(&unpack(&HONEST)).len(), HONEST.len());
}
