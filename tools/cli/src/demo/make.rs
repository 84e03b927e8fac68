//! First act: train, pack, sign, verify, inspect.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use dunlin_bundle::manifest::Provenance;
use dunlin_bundle::{Bundle, GgmlType, TrustedKeys, with_provenance};
use dunlin_models::pack::{Packed, Precision, pack};
use dunlin_models::{ModelFolder, digits};
use minisign::KeyPair;

use crate::commands::keygen::{key_error, texts};
use crate::commands::{inspect, pack as pack_command, sign, train, write};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// What the first act made.
pub(super) struct Made {
    pub folder: ModelFolder,
    pub bundle: PathBuf,
    pub public_key: String,
    pub accuracy: f64,
    pub baseline_accuracy: f64,
    pub quantized_share: f64,
    pub f32_bytes: usize,
    pub quantized_bytes: usize,
}

/// Trains, packs twice, signs, verifies and inspects.
pub(super) fn make(dir: &Path, seed: u64, output: Output) -> Result<Made, CliError> {
    output.say("1. Train on 1,797 scanned digits (UCI, 8x8), a fifth of them held out");
    let started = Instant::now();
    let folder = train::with_progress(output, |told| digits::train(seed, told))?;
    folder.write(&dir.join("model"))?;
    output.say(&format!(
        "   A small convolutional network beside a linear baseline, {:.1} s. Seed {seed}: the same weights every time.",
        started.elapsed().as_secs_f64()
    ));

    output.say("\n2. Pack it in f32 and in ggml's Q8_0 blocks, sign, verify, inspect");
    let pair = KeyPair::generate_unencrypted_keypair().map_err(|e| key_error(&e))?;
    let (secret_key, public_key) = texts(&pair)?;
    write(&dir.join("demo.pub"), public_key.as_bytes())?;
    write(&dir.join("demo.key"), secret_key.as_bytes())?;
    let (f32, f32_bytes) = packed(dir, &folder, Precision::F32)?;
    let (quantized, quantized_bytes) = packed(dir, &folder, Precision::Blocks(GgmlType::Q8_0))?;
    output.say(&format!("{}\n", pack_command::scores(&quantized)));
    let bundle = path(dir, Precision::Blocks(GgmlType::Q8_0));
    let verified = verified(&bundle, &public_key)?;
    if !output.json {
        inspect::show(&verified, &format!("by {}", verified.signer()), false, output);
    }
    Ok(Made {
        accuracy: accuracy(&f32.scores)?,
        baseline_accuracy: f32.baseline.as_ref().map(accuracy).transpose()?.unwrap_or(f64::NAN),
        quantized_share: verified.quantized_share(),
        folder,
        bundle,
        public_key,
        f32_bytes,
        quantized_bytes,
    })
}

/// Packs and writes one signed bundle.
fn packed(dir: &Path, folder: &ModelFolder, precision: Precision) -> Result<(Packed, usize), CliError> {
    let packed = pack(folder, precision)?;
    let bytes = write_signed(dir, &format!("digits-{precision}.dunlin"), packed.bytes.clone())?;
    Ok((packed, bytes))
}

/// Completes a bundle's provenance, signs and writes it; tells its length.
pub(super) fn write_signed(dir: &Path, name: &str, bundle: Vec<u8>) -> Result<usize, CliError> {
    let provenance = Provenance {
        commit: Some(commit()),
        reviewer: Some("nobody: made by dunlin demo".to_owned()),
        ..Provenance::default()
    };
    let key = sign::secret_key(&dir.join("demo.key"), None)?;
    let signed = sign::sign(with_provenance(bundle, None, provenance)?, &key)?;
    write(&dir.join(name), &signed)?;
    Ok(signed.len())
}

fn path(dir: &Path, precision: Precision) -> PathBuf {
    dir.join(format!("digits-{precision}.dunlin"))
}

fn verified(path: &Path, public_key: &str) -> Result<Bundle, CliError> {
    let mut keys = TrustedKeys::new();
    keys.add("demo", public_key)?;
    Ok(Bundle::open(path, &keys)?)
}

pub(super) fn accuracy(scores: &dunlin_models::pack::Scores) -> Result<f64, CliError> {
    let accuracy = scores.metrics.get("accuracy").copied();
    accuracy.ok_or_else(|| CliError::new(Kind::Model, "no_accuracy", "the held-out digits have no labels"))
}

/// The same as one word of a command line.
pub(super) fn commit_word() -> String {
    commit().replace("; ", "-").replace(' ', "-")
}

/// The checkout's commit where there is one: provenance is not to be made up.
fn commit() -> String {
    let git = Command::new("git").args(["rev-parse", "HEAD"]).output().ok().filter(|o| o.status.success());
    let commit = git.and_then(|o| String::from_utf8(o.stdout).ok()).map(|text| text.trim().to_owned());
    commit.unwrap_or_else(|| concat!("unknown; dunlin ", env!("CARGO_PKG_VERSION")).to_owned())
}
