//! `dunlin channel`: the signed folder from which devices take their models, and every change of it.

mod folder;
mod init;
mod keys;
mod releases;
mod renew;
mod roles;
mod show;
mod verify;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use dunlin_channel::{ChannelError, Moment, Root};
use serde_json::{Value, json};

pub(crate) use folder::{Folder, replace};
pub(crate) use keys::{Signers, SigningArgs, bundle_keys};

use crate::error::{CliError, Kind};
use crate::output::Output;

/// The update channel: a folder of signed files that devices take their models from, on any web server.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Init(init::Args),
    Show(show::Args),
    Verify(verify::Args),
    AddKey(roles::AddArgs),
    RemoveKey(roles::RemoveArgs),
    Rotate(roles::RotateArgs),
    Rollout(releases::RolloutArgs),
    Halt(releases::HaltArgs),
    Recall(releases::RecallArgs),
    Renew(renew::Args),
}

/// The folder to change, and the keys to sign with.
#[derive(clap::Args)]
pub(crate) struct Target {
    /// The channel's folder.
    dir: PathBuf,
    #[command(flatten)]
    signing: SigningArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    match &args.verb {
        Verb::Init(args) => init::run(args, output),
        Verb::Show(args) => show::run(args, output),
        Verb::Verify(args) => verify::run(args, output),
        Verb::AddKey(args) => roles::add(args, output),
        Verb::RemoveKey(args) => roles::remove(args, output),
        Verb::Rotate(args) => roles::rotate(args, output),
        Verb::Rollout(args) => releases::rollout(args, output),
        Verb::Halt(args) => releases::halt(args, output),
        Verb::Recall(args) => releases::recall(args, output),
        Verb::Renew(args) => renew::run(args, output),
    }
}

const DAY_US: i64 = 86_400_000_000;
/// A root that ends sooner than this is warned of: the people who hold its keys must be found first.
const ROOT_WARNING_US: i64 = 30 * DAY_US;

/// This machine's clock, µs since 1970 UTC.
pub(crate) fn now_us() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_micros()).unwrap_or(i64::MAX)
}

/// So many days after a moment.
pub(crate) fn after_days(now_us: i64, days: u32) -> i64 {
    now_us.saturating_add(i64::from(days).saturating_mul(DAY_US))
}

/// Tells what a change came to: people in words, machines in the same document for every change.
pub(crate) fn told(output: Output, folder: &Folder, words: &str, more: &[(&str, Value)]) {
    let (root, channel) = (folder.trust().root(), folder.channel());
    let warnings = warnings(root);
    let mut document = json!({
        "channel": channel.name, "version": channel.version, "expires": channel.expires_us,
        "root_version": root.version, "root_expires": root.expires_us, "warnings": warnings,
    });
    for (name, value) in more {
        document[name] = value.clone();
    }
    if !output.json {
        warnings.iter().for_each(|warning| eprintln!("dunlin: warning: {warning}"));
    }
    output.result(&document, || {
        let (version, expires) = (channel.version, Moment(channel.expires_us));
        format!("{words}\nChannel {} is at version {version}, good until {expires}.", channel.name)
    });
}

fn warnings(root: &Root) -> Vec<String> {
    let left = root.expires_us.saturating_sub(now_us());
    let expires = Moment(root.expires_us);
    let warning =
        format!("root {} expires on {expires}; sign a new one with dunlin channel renew --root", root.version);
    if left < ROOT_WARNING_US { vec![warning] } else { Vec::new() }
}

impl From<ChannelError> for CliError {
    fn from(error: ChannelError) -> Self {
        let kind = if matches!(error, ChannelError::BelowThreshold { .. }) { Kind::Key } else { Kind::Bundle };
        Self::new(kind, error.code(), error)
    }
}
