//! `dunlin channel renew`: the same channel or root again, good for longer.

use dunlin_channel::Root;

use super::folder::Folder;
use super::keys::Signers;
use super::{Target, after_days, told};
use crate::error::CliError;
use crate::output::Output;

/// Sign the channel again before it expires, unchanged; or with --root the root.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// The root, not the channel.
    #[arg(long)]
    root: bool,
    /// Days that it is good for from now on; as many as it was where this is not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
}

/// Runs the command.
pub(super) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let mut folder = Folder::open_to_change(&args.target.dir)?;
    let signers = Signers::read(&args.target.signing, &[folder.trust().root()])?;
    let words = if args.root {
        let next = longer(folder.trust().root(), args.days);
        folder.change_root(&signers, next)?;
        format!("Signed root {}.", folder.trust().root().version)
    } else {
        let signed = folder.sign_channel(&signers, args.days, folder.channel().clone())?;
        folder.write_channel(signed)?;
        "Signed the channel again.".to_owned()
    };
    told(output, &folder, &words, &[]);
    Ok(())
}

/// The same root with the lifetime that the next is to have.
fn longer(root: &Root, days: Option<u32>) -> Root {
    let expires_us = days.map_or(root.expires_us, |days| after_days(root.issued_us, days));
    Root { expires_us, ..root.clone() }
}
