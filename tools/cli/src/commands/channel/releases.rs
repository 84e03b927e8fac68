//! `dunlin channel rollout`, `halt` and `recall`: what becomes of a release after it was published.

use dunlin_channel::{Channel, Digest, Recall, Release};
use serde_json::json;

use super::folder::Folder;
use super::keys::Signers;
use super::{Target, told};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Which release.
#[derive(clap::Args)]
struct Which {
    /// Name of the model.
    #[arg(long)]
    model: String,
    /// Its sequence.
    #[arg(long)]
    sequence: u64,
}

/// Set the share of the devices that may take a release. Raising it only adds devices.
#[derive(clap::Args)]
pub(crate) struct RolloutArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    which: Which,
    /// The share, 0 to 100.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    percent: u32,
}

/// Keep devices from taking a release; who has it keeps it.
#[derive(clap::Args)]
pub(crate) struct HaltArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    which: Which,
    /// Let devices take it again.
    #[arg(long)]
    resume: bool,
}

/// Take a release back: no device may run it any more.
#[derive(clap::Args)]
pub(crate) struct RecallArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    which: Which,
    /// Why, for those who read it on a device.
    #[arg(long)]
    reason: String,
    /// The bundle's digest, as dunlin verify prints it, where the channel does not list the release any more.
    #[arg(long)]
    digest: Option<Digest>,
}

/// Runs `rollout`.
pub(super) fn rollout(args: &RolloutArgs, output: Output) -> Result<(), CliError> {
    let percent = args.percent;
    change(&args.target, &args.which, output, &format!("goes to {percent} % of the devices"), |channel| {
        each(channel, &args.which, |release| release.rollout_percent = percent)
    })
}

/// Runs `halt`.
pub(super) fn halt(args: &HaltArgs, output: Output) -> Result<(), CliError> {
    let words = if args.resume { "goes out again" } else { "is halted" };
    change(&args.target, &args.which, output, words, |channel| {
        each(channel, &args.which, |release| release.halted = !args.resume)
    })
}

/// Runs `recall`.
pub(super) fn recall(args: &RecallArgs, output: Output) -> Result<(), CliError> {
    change(&args.target, &args.which, output, "is recalled", |channel| {
        let listed =
            channel.releases.iter().filter(|release| is_it(release, &args.which)).map(|release| release.digest);
        let digests: Vec<Digest> = listed.chain(args.digest).collect();
        if digests.is_empty() {
            return Err(no_such(channel, &args.which, "; give --digest for one that was listed before"));
        }
        channel.releases.retain(|release| !digests.contains(&release.digest));
        for digest in digests {
            channel.recalled.retain(|recall| recall.digest != digest);
            let (model_id, reason) = (args.which.model.clone(), args.reason.clone());
            channel.recalled.push(Recall { model_id, sequence: args.which.sequence, digest, reason });
        }
        Ok(())
    })
}

fn is_it(release: &Release, which: &Which) -> bool {
    release.model_id == which.model && release.sequence == which.sequence
}

/// Changes every release of a sequence: there is one for each kind of processor.
fn each(channel: &mut Channel, which: &Which, mut edit: impl FnMut(&mut Release)) -> Result<(), CliError> {
    if !channel.releases.iter().any(|release| is_it(release, which)) {
        return Err(no_such(channel, which, ""));
    }
    channel.releases.iter_mut().filter(|release| is_it(release, which)).for_each(&mut edit);
    Ok(())
}

fn no_such(channel: &Channel, which: &Which, more: &str) -> CliError {
    let listed: Vec<String> =
        channel.releases.iter().map(|release| format!("{} {}", release.model_id, release.sequence)).collect();
    let listed = if listed.is_empty() { "nothing".to_owned() } else { listed.join(", ") };
    let message = format!("the channel has no {} {}; it has {listed}{more}", which.model, which.sequence);
    CliError::new(Kind::Failed, "no_such_release", message)
}

/// Signs and writes the next version of the channel after a change of it.
fn change(
    target: &Target,
    which: &Which,
    output: Output,
    words: &str,
    edit: impl FnOnce(&mut Channel) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut folder = Folder::open_to_change(&target.dir)?;
    let mut channel = folder.channel().clone();
    edit(&mut channel)?;
    let signers = Signers::read(&target.signing, &[folder.trust().root()])?;
    let signed = folder.sign_channel(&signers, None, channel)?;
    folder.write_channel(signed)?;
    let words = format!("{} {} {words}.", which.model, which.sequence);
    told(output, &folder, &words, &[("model_id", json!(which.model)), ("sequence", json!(which.sequence))]);
    Ok(())
}
