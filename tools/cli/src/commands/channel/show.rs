//! `dunlin channel show`: what a channel says, and until when.

use std::path::PathBuf;

use dunlin_channel::{Channel, Moment, Root};
use serde_json::json;

use super::folder::Folder;
use crate::error::CliError;
use crate::output::{Output, facts, table};

/// Show what a channel says: keys, releases, recalls, and until when it is good.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The channel's folder.
    dir: PathBuf,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let folder = Folder::open(&args.dir)?;
    let (root, channel) = (folder.trust().root(), folder.channel());
    let waits = folder.unsigned.as_ref().map(ToString::to_string);
    let document = json!({"root": root, "channel": channel, "to_be_signed_again": waits});
    output.result(&document, || {
        let mut sections = vec![life(root, channel), keys(root), releases(channel)];
        if !channel.recalled.is_empty() {
            sections.push(recalls(channel));
        }
        sections.extend(waits.map(|why| format!("To be signed again (dunlin channel renew): {why}")));
        sections.join("\n\n")
    });
    Ok(())
}

fn life(root: &Root, channel: &Channel) -> String {
    let line = |version: u64, issued_us, expires_us| {
        format!("version {version}, signed on {}, good until {}", Moment(issued_us), Moment(expires_us))
    };
    facts([
        ("channel", channel.name.clone()),
        ("", line(channel.version, channel.issued_us, channel.expires_us)),
        ("root", line(root.version, root.issued_us, root.expires_us)),
    ])
    .to_string()
}

fn keys(root: &Root) -> String {
    let roles = [("root", &root.roles.root), ("channel", &root.roles.channel), ("bundle", &root.roles.bundle)];
    let rows = roles.map(|(name, role)| {
        [name.to_owned(), format!("{} of {}", role.threshold, role.keys.len()), role.keys.join(", ")]
    });
    table(["may sign", "how many", "keys"], rows).to_string()
}

fn releases(channel: &Channel) -> String {
    if channel.releases.is_empty() {
        return "No release.".to_owned();
    }
    let rows = channel.releases.iter().map(|release| {
        let share = format!("{} %{}", release.rollout_percent, if release.halted { ", halted" } else { "" });
        let from = if release.from_sequence == 0 { String::new() } else { release.from_sequence.to_string() };
        let arch = if release.arch.is_empty() { "all".to_owned() } else { release.arch.join(", ") };
        let size = format!("{} / {}", release.bytes, release.parts.len());
        [release.model_id.clone(), release.version.clone(), release.sequence.to_string(), share, from, arch, size]
    });
    table(["model", "version", "sequence", "rollout", "from", "processors", "bytes / parts"], rows).to_string()
}

fn recalls(channel: &Channel) -> String {
    let rows = channel.recalled.iter().map(|recall| {
        [&recall.model_id, &recall.sequence.to_string(), &recall.reason].map(|text| text.escape_debug().to_string())
    });
    table(["recalled", "sequence", "why"], rows).to_string()
}
