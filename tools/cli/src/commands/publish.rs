//! `dunlin publish`: adds bundles to a channel.

use std::path::{Path, PathBuf};

use dunlin_bundle::TrustedKeys;
use dunlin_channel::{Channel, Digest, Release, is_name};
use serde_json::json;

use super::channel::{Folder, Signers, SigningArgs, bundle_keys, replace, told};
use super::read_bundle;
use super::verify::checked;
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Add bundles to a channel: checks each as a device would, its golden set too, copies them into its folder and signs the channel's next version.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The bundles, each signed by a key that the root lets sign bundles.
    #[arg(required = true)]
    bundles: Vec<PathBuf>,
    /// The channel's folder.
    #[arg(long, value_name = "DIR")]
    channel: PathBuf,
    /// Share of the devices that may take them at first, 0 to 100; raise it with dunlin channel rollout.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    percent: u32,
    /// Devices whose model has a lower sequence do not take them.
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    from_sequence: u64,
    /// Processor that they are for (aarch64, x86_64, ...); may be given more than once; all where it is not given.
    #[arg(long = "arch")]
    archs: Vec<String>,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Smallest part of a download: what a broken connection costs at most.
const PART_BYTES: u64 = 64 << 10;
/// Parts that a bundle is cut into before parts grow: their hashes take 17 KiB.
const MANY_PARTS: u64 = 256;
/// Releases of one model that stay listed: the one that all take, the one on its way, and what leads there.
const KEPT_RELEASES: usize = 8;

impl Args {
    /// A bundle to a share of the devices, signed by one key.
    pub(crate) fn of(bundle: &Path, channel: &Path, percent: u32, key: &Path, password_file: Option<&Path>) -> Self {
        Self {
            bundles: vec![bundle.to_owned()],
            channel: channel.to_owned(),
            percent,
            from_sequence: 0,
            archs: Vec::new(),
            signing: SigningArgs::of(key, password_file),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let (folder, said, dropped) = add(args)?;
    let published: Vec<_> = folder.channel().releases.iter().rev().take(args.bundles.len()).rev().collect();
    let more = [("published", json!(published)), ("dropped", json!(dropped))];
    told(output, &folder, &said.join("\n"), &more);
    Ok(())
}

/// Adds the bundles; gives the folder, what to say, and the releases that are no longer listed.
pub(crate) fn add(args: &Args) -> Result<(Folder, Vec<String>, Vec<String>), CliError> {
    let mut folder = Folder::open_to_change(&args.channel)?;
    let keys = bundle_keys(folder.trust().root())?;
    let signers = Signers::read(&args.signing, &[folder.trust().root()])?;
    let mut channel = folder.channel().clone();
    let (mut files, mut said) = (Vec::new(), Vec::new());
    for path in &args.bundles {
        let (release, bytes) = release(args, path, &keys)?;
        must_be_newer(&channel, &release).map_err(|error| error.of(path))?;
        let Release { model_id, version, sequence, rollout_percent, .. } = &release;
        said.push(format!(
            "Published {model_id} {version} (sequence {sequence}) to {rollout_percent} % of the devices."
        ));
        files.push((folder.dir().join(&release.path), bytes));
        channel.releases.push(release);
    }
    let dropped = drop_old(&mut channel);
    let signed = folder.sign_channel(&signers, None, channel)?;
    // Bundles first: nobody may read of a file that is not there.
    files.iter().try_for_each(|(path, bytes)| replace(path, bytes))?;
    folder.write_channel(signed)?;
    said.extend(dropped.iter().map(|old| format!("Older than the newest {KEPT_RELEASES}, no longer listed: {old}.")));
    Ok((folder, said, dropped))
}

/// Checks a bundle as a device would, its golden set on this machine too, and describes it.
fn release(args: &Args, path: &Path, keys: &TrustedKeys) -> Result<(Release, Vec<u8>), CliError> {
    let bytes = read_bundle(path)?;
    let (bundle, _) = checked(bytes.clone(), keys).map_err(|error| error.of(path))?;
    let (manifest, sha256, length) = (bundle.manifest(), Digest::of(&bytes), bytes.len() as u64);
    let part_bytes = part_bytes(length);
    let parts = bytes.chunks(usize::try_from(part_bytes).unwrap_or(usize::MAX)).map(Digest::of).collect();
    let digest =
        bundle.digest().parse::<Digest>().map_err(|error| CliError::new(Kind::Bundle, "digest", error).of(path))?;
    if let Some(arch) = args.archs.iter().find(|arch| !is_name(arch)) {
        let message = format!("--arch {arch:?} is no processor; write it as aarch64 or x86_64");
        return Err(CliError::new(Kind::Usage, "no_name", message));
    }
    let release = Release {
        model_id: manifest.model_id.clone(),
        version: manifest.version.to_string(),
        sequence: manifest.sequence,
        from_sequence: args.from_sequence,
        digest,
        sha256,
        bytes: length,
        part_bytes,
        parts,
        path: format!("bundles/{sha256}.dunlin"),
        arch: args.archs.clone(),
        rollout_percent: args.percent,
        halted: false,
    };
    Ok((release, bytes))
}

/// The smallest power of two with which a bundle has few enough parts.
fn part_bytes(length: u64) -> u64 {
    let mut part_bytes = PART_BYTES;
    while length.div_ceil(part_bytes) > MANY_PARTS {
        part_bytes *= 2;
    }
    part_bytes
}

/// Devices take a higher sequence or nothing: what is not above all that was published would never arrive.
fn must_be_newer(channel: &Channel, new: &Release) -> Result<(), CliError> {
    let for_same = |old: &&Release| {
        old.arch.is_empty() || new.arch.is_empty() || old.arch.iter().any(|arch| new.arch.contains(arch))
    };
    let published = channel.releases.iter().filter(|old| old.model_id == new.model_id).filter(for_same);
    let recalled = channel.recalled.iter().filter(|old| old.model_id == new.model_id);
    let highest = published.map(|old| old.sequence).chain(recalled.map(|old| old.sequence)).max();
    let Some(highest) = highest.filter(|highest| new.sequence <= *highest) else { return Ok(()) };
    let message = format!(
        "{} has sequence {}, and {highest} was published; give it a higher sequence (dunlin pack)",
        new.model_id, new.sequence
    );
    Err(CliError::new(Kind::Bundle, "not_newer", message))
}

/// Takes the oldest releases of each model out, so that the channel stays small. Their files stay.
fn drop_old(channel: &mut Channel) -> Vec<String> {
    let mut sequences: Vec<(String, u64)> =
        channel.releases.iter().map(|release| (release.model_id.clone(), release.sequence)).collect();
    sequences.sort();
    sequences.dedup();
    let is_old = |release: &Release| {
        let newer =
            sequences.iter().filter(|(model, sequence)| *model == release.model_id && *sequence > release.sequence);
        newer.count() >= KEPT_RELEASES
    };
    let dropped = channel.releases.iter().filter(|release| is_old(release));
    let dropped = dropped.map(|release| format!("{} {}", release.model_id, release.sequence)).collect();
    channel.releases.retain(|release| !is_old(release));
    dropped
}

#[cfg(test)]
mod tests {
    use super::part_bytes;

    #[test]
    fn parts_grow_with_the_bundle() {
        assert_eq!(part_bytes(1), 64 << 10);
        assert_eq!(part_bytes(16 << 20), 64 << 10);
        assert_eq!(part_bytes((16 << 20) + 1), 128 << 10);
        assert_eq!(part_bytes(1 << 31), 8 << 20);
    }
}
