//! `dunlin channel init`: root 1 and an empty channel.

use std::path::PathBuf;

use dunlin_channel::{Channel, Document, Role, Roles, Root, Trust, is_name};

use super::folder::{Folder, lock, name_in, replace, root_path};
use super::keys::{Signers, SigningArgs, public_key};
use super::{after_days, now_us, told};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Make a channel: root 1, which ships with the app, and an empty channel.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The channel's folder; made where it is missing.
    dir: PathBuf,
    /// Name of the channel.
    #[arg(long, default_value = "stable")]
    name: String,
    /// Public key that may sign roots; named by its file; may be given more than once.
    #[arg(long = "root-key", value_name = "PUB", required = true)]
    root_keys: Vec<PathBuf>,
    /// How many of them must sign: more than half of them where it is not given.
    #[arg(long, value_name = "N")]
    root_threshold: Option<usize>,
    /// Public key that may sign the channel; may be given more than once.
    #[arg(long = "channel-key", value_name = "PUB", required = true)]
    channel_keys: Vec<PathBuf>,
    /// How many of them must sign.
    #[arg(long, value_name = "N", default_value_t = 1)]
    channel_threshold: usize,
    /// Public key that may sign bundles; may be given more than once.
    #[arg(long = "bundle-key", value_name = "PUB", required = true)]
    bundle_keys: Vec<PathBuf>,
    /// Days until a channel that is not signed again stops being believed.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// Days until a root that is not followed by another stops being believed.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    root_days: u32,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    if !is_name(&args.name) {
        let message = format!("--name {:?}: a channel is named with 1 to 64 of a-z, 0-9, - _ .", args.name);
        return Err(CliError::new(Kind::Usage, "no_name", message));
    }
    let now_us = now_us();
    let root = root(args, now_us)?;
    let signers = Signers::read(&args.signing, &[&root])?;
    let channel = Channel {
        name: args.name.clone(),
        version: 1,
        issued_us: now_us,
        expires_us: after_days(now_us, args.days),
        releases: Vec::new(),
        recalled: Vec::new(),
    };
    let signed_root = signers.sign(Document::Root, root.to_payload(), &[&root])?.to_json();
    let signed_channel = signers.sign(Document::Channel, channel.to_payload(), &[&root])?.to_json();
    Trust::shipped(signed_root.as_bytes(), &args.name)?.accept_channel(signed_channel.as_bytes(), now_us)?;

    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file(&args.dir, &error))?;
    let _lock = lock(&args.dir)?;
    let first = root_path(&args.dir, 1);
    if first.exists() {
        let message = format!("{} is there already and is not overwritten; give another folder", first.display());
        return Err(CliError::new(Kind::Failed, "file_exists", message));
    }
    if let Some(other) = name_in(&args.dir).ok().filter(|other| *other != args.name) {
        let message = format!("{} holds the channel {other}; give another folder", args.dir.display());
        return Err(CliError::new(Kind::Failed, "two_channels", message));
    }
    replace(&args.dir.join(format!("{}.json", args.name)), signed_channel.as_bytes())?;
    replace(&first, signed_root.as_bytes())?;
    let words = format!("Made {}.\nShip {} with the app.", args.dir.display(), first.display());
    told(output, &Folder::open(&args.dir)?, &words, &[("root", first.display().to_string().into())]);
    Ok(())
}

fn root(args: &Args, now_us: i64) -> Result<Root, CliError> {
    let mut root = Root {
        version: 1,
        issued_us: now_us,
        expires_us: after_days(now_us, args.root_days),
        keys: [].into(),
        roles: Roles { root: empty(), channel: empty(), bundle: empty() },
    };
    root.roles.root = role(&mut root, &args.root_keys, args.root_threshold)?;
    root.roles.channel = role(&mut root, &args.channel_keys, Some(args.channel_threshold))?;
    root.roles.bundle = role(&mut root, &args.bundle_keys, Some(1))?;
    Ok(root)
}

fn empty() -> Role {
    Role { keys: Vec::new(), threshold: 1 }
}

/// Adds keys to a root and makes the role that they have.
fn role(root: &mut Root, paths: &[PathBuf], threshold: Option<usize>) -> Result<Role, CliError> {
    let mut keys = Vec::new();
    for path in paths {
        let (name, key) = public_key(path)?;
        if root.keys.get(&name).is_some_and(|known| !known.is_same(&key)) {
            let message = format!("another key is called `{name}`; rename this file");
            return Err(CliError::new(Kind::Key, "name_taken", message).of(path));
        }
        root.keys.insert(name.clone(), key);
        keys.push(name);
    }
    let threshold = threshold.unwrap_or(keys.len() / 2 + 1);
    Ok(Role { keys, threshold })
}
