//! `dunlin channel verify`: every check of a device on every file, made here.

use std::path::{Path, PathBuf};

use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_channel::{Digest, Parts, Release};
use serde_json::json;

use super::folder::{follow, name_in, no_channel, root_path};
use super::keys::bundle_keys;
use super::{now_us, told};
use crate::commands::read_bundle;
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Verify a channel as a device would: from a root that it ships with to the last byte of every bundle.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The channel's folder.
    dir: PathBuf,
    /// The root that devices ship with; root/1.json where it is not given.
    #[arg(long)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let name = name_in(&args.dir)?;
    let first = args.root.clone().unwrap_or_else(|| root_path(&args.dir, 1));
    let mut followed = follow(&args.dir, &first, &name)?;
    let path = args.dir.join(format!("{name}.json"));
    let served = std::fs::read(&path).map_err(|error| CliError::file(&path, &error))?;
    let roots = followed.len();
    let trust = followed.last_mut().ok_or_else(|| no_channel(&args.dir))?;
    let channel = trust.accept_channel(&served, now_us()).map_err(|error| CliError::from(error).of(&path))?;
    let keys = bundle_keys(trust.root())?;
    for release in &channel.releases {
        check(&args.dir, release, &keys)?;
    }
    let count = channel.releases.len();
    let words = format!("Roots that follow one another: {roots}. Bundles that are what the channel says: {count}.");
    told(output, &super::Folder::open(&args.dir)?, &words, &[("verified", json!(true)), ("bundles", json!(count))]);
    Ok(())
}

/// Checks a release's file by its parts, its hash, and as a bundle.
fn check(dir: &Path, release: &Release, keys: &TrustedKeys) -> Result<(), CliError> {
    let path = dir.join(&release.path);
    let bytes = read_bundle(&path)?;
    let differs = |what: &str| {
        let message = format!("{what} is not what the channel says; publish it again with a higher sequence");
        CliError::new(Kind::Bundle, "differs", message).of(&path)
    };
    if Digest::of(&bytes) != release.sha256 || bytes.len() as u64 != release.bytes {
        return Err(differs("the file"));
    }
    let mut parts = Parts::of(release);
    for (index, part) in bytes.chunks(usize::try_from(release.part_bytes).unwrap_or(usize::MAX)).enumerate() {
        parts.check(index, part).map_err(|_| differs("a part"))?;
    }
    let bundle = Bundle::read(bytes, keys).map_err(|error| CliError::from(error).of(&path))?;
    let manifest = bundle.manifest();
    let version = manifest.version.to_string();
    let is_named = release.is_bundle(&manifest.model_id, &version, manifest.sequence, bundle.digest());
    if is_named { Ok(()) } else { Err(differs("its manifest")) }
}
