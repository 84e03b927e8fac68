//! Makes the folder that the tests of every SDK read: bundles, keys and `cases.json`. `sdk_fixture FOLDER`.

#![forbid(unsafe_code)]

mod channels;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use dunlin_bundle::Parts;
use dunlin_tests::challenger::{biased, overflowing};
use dunlin_tests::every_feature::every_parts;
use dunlin_tests::fixture::tiny_parts;
use dunlin_tests::signing::TestKey;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: sdk_fixture FOLDER");
        return ExitCode::from(2);
    };
    match make(folder.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the fixture cannot be made: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (trusted, stranger) = (TestKey::generate(), TestKey::generate());
    fs::write(folder.join("trusted.pub"), trusted.public_text())?;
    let tiny = signed(&trusted, &version("1.0.0", 10)?)?;
    fs::write(folder.join("tampered.dunlin"), tampered(&tiny))?;
    fs::write(folder.join("tiny-1.0.0.dunlin"), tiny)?;
    fs::write(folder.join("tiny-0.9.0.dunlin"), signed(&trusted, &version("0.9.0", 9)?)?)?;
    fs::write(folder.join("tiny-1.1.0.dunlin"), signed(&trusted, &version("1.1.0", 11)?)?)?;
    fs::write(folder.join("tiny-nan-1.2.0.dunlin"), signed(&trusted, &as_version(overflowing(12), "1.2.0")?)?)?;
    fs::write(folder.join("tiny-unsure-1.3.0.dunlin"), signed(&trusted, &unsure()?)?)?;
    fs::write(folder.join("untrusted.dunlin"), signed(&stranger, &version("1.0.0", 10)?)?)?;
    fs::write(folder.join("every-1.0.0.dunlin"), signed(&trusted, &every_parts())?)?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(tests.join("golden/digits-f32.dunlin"), folder.join("digits-1.0.0.dunlin"))?;
    fs::copy(tests.join("golden/demo.pub"), folder.join("demo.pub"))?;
    fs::copy(tests.join("sdk/cases.json"), folder.join("cases.json"))?;
    channels::make(folder, &trusted, &stranger)
}

/// `tiny` as another version.
fn version(version: &str, sequence: u64) -> io::Result<Parts> {
    as_version(Parts { sequence, ..tiny_parts() }, version)
}

fn as_version(parts: Parts, version: &str) -> io::Result<Parts> {
    Ok(Parts { version: version.parse().map_err(io::Error::other)?, ..parts })
}

/// `tiny` as a version that is never sure enough.
fn unsure() -> io::Result<Parts> {
    let mut parts = as_version(biased(13, [0.0; 3]), "1.3.0")?;
    parts.reference.guard.min_confidence = Some(1.0);
    Ok(parts)
}

fn signed(key: &TestKey, parts: &Parts) -> io::Result<Vec<u8>> {
    key.sign_bundle(parts.write().map_err(io::Error::other)?).map_err(io::Error::other)
}

/// One bit of a weight is turned after the bundle was signed.
fn tampered(bundle: &[u8]) -> Vec<u8> {
    let mut bytes = bundle.to_vec();
    let name = b"weights.safetensors";
    let header = bytes.windows(name.len()).position(|window| window == name);
    // Behind the name: padding up to the alignment of 64, the tensors' own header of a few hundred bytes, the weights.
    if let Some(byte) = header.and_then(|at| bytes.get_mut(at + 600)) {
        *byte ^= 1;
    }
    bytes
}
