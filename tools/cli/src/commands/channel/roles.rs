//! `dunlin channel add-key`, `remove-key` and `rotate`: who may sign what, from the next root on.

use std::path::PathBuf;

use clap::ValueEnum;
use dunlin_channel::{Role, Root};

use super::folder::Folder;
use super::keys::{Signers, public_key};
use super::{Target, told};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoleName {
    Root,
    Channel,
    Bundle,
}

/// Let a key sign roots, channels or bundles, from the next root on.
#[derive(clap::Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    target: Target,
    /// The public key; named by its file.
    #[arg(long = "public", value_name = "PUB")]
    public: PathBuf,
    /// What it may sign; may be given more than once.
    #[arg(long = "role", required = true)]
    roles: Vec<RoleName>,
    /// How many keys of the role must sign from then on.
    #[arg(long, value_name = "N")]
    threshold: Option<usize>,
}

/// Retire a key, from the next root on: of all that it may sign, or of one role.
#[derive(clap::Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    target: Target,
    /// Name of the key in the root.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it may not sign any more; everything where it is not given.
    #[arg(long = "role")]
    roles: Vec<RoleName>,
    /// How many keys of the role must sign from then on.
    #[arg(long, value_name = "N")]
    threshold: Option<usize>,
}

/// Put a new key in the place of an old one, in all its roles, from the next root on.
#[derive(clap::Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    target: Target,
    /// Name of the old key in the root.
    #[arg(long, value_name = "NAME")]
    old: String,
    /// The new public key; named by its file.
    #[arg(long, value_name = "PUB")]
    new: PathBuf,
}

/// Runs `add-key`.
pub(super) fn add(args: &AddArgs, output: Output) -> Result<(), CliError> {
    let (name, key) = public_key(&args.public)?;
    change(&args.target, output, &format!("Added key {name}"), |root| {
        if root.keys.get(&name).is_some_and(|known| !known.is_same(&key)) {
            let message = format!("another key is called `{name}`; rename this file");
            return Err(CliError::new(Kind::Key, "name_taken", message).of(&args.public));
        }
        root.keys.insert(name.clone(), key);
        for role in &args.roles {
            let role = role_of(root, *role);
            if !role.keys.contains(&name) {
                role.keys.push(name.clone());
            }
            role.threshold = args.threshold.unwrap_or(role.threshold);
        }
        Ok(())
    })
}

/// Runs `remove-key`.
pub(super) fn remove(args: &RemoveArgs, output: Output) -> Result<(), CliError> {
    change(&args.target, output, &format!("Retired key {}", args.name), |root| {
        must_be_there(root, &args.name)?;
        for role in [RoleName::Root, RoleName::Channel, RoleName::Bundle] {
            let is_meant = args.roles.is_empty() || args.roles.contains(&role);
            let role = role_of(root, role);
            if is_meant && role.keys.contains(&args.name) {
                role.keys.retain(|name| *name != args.name);
                role.threshold = args.threshold.unwrap_or(role.threshold);
            }
        }
        let roles = [&root.roles.root, &root.roles.channel, &root.roles.bundle];
        if !roles.iter().any(|role| role.keys.contains(&args.name)) {
            root.keys.remove(&args.name);
        }
        Ok(())
    })
}

/// Runs `rotate`.
pub(super) fn rotate(args: &RotateArgs, output: Output) -> Result<(), CliError> {
    let (name, key) = public_key(&args.new)?;
    change(&args.target, output, &format!("Put key {name} in the place of {}", args.old), |root| {
        must_be_there(root, &args.old)?;
        root.keys.remove(&args.old);
        if root.keys.insert(name.clone(), key).is_some() {
            let message = format!("the root has a key `{name}` already; rename this file");
            return Err(CliError::new(Kind::Key, "name_taken", message).of(&args.new));
        }
        for role in [RoleName::Root, RoleName::Channel, RoleName::Bundle] {
            let keys = &mut role_of(root, role).keys;
            keys.iter_mut().filter(|listed| **listed == args.old).for_each(|listed| listed.clone_from(&name));
        }
        Ok(())
    })
}

fn role_of(root: &mut Root, role: RoleName) -> &mut Role {
    match role {
        RoleName::Root => &mut root.roles.root,
        RoleName::Channel => &mut root.roles.channel,
        RoleName::Bundle => &mut root.roles.bundle,
    }
}

fn must_be_there(root: &Root, name: &str) -> Result<(), CliError> {
    if root.keys.contains_key(name) {
        return Ok(());
    }
    let known: Vec<&str> = root.keys.keys().map(String::as_str).collect();
    let message = format!("the root has no key `{name}`; it has {}", known.join(", "));
    Err(CliError::new(Kind::Key, "unknown_key", message))
}

/// Signs and writes the next root after a change of it.
fn change(
    target: &Target,
    output: Output,
    words: &str,
    edit: impl FnOnce(&mut Root) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut folder = Folder::open_to_change(&target.dir)?;
    let mut next = folder.trust().root().clone();
    edit(&mut next)?;
    let signers = Signers::read(&target.signing, &[folder.trust().root(), &next])?;
    let retires_a_bundle_key =
        folder.trust().root().bundle_keys().any(|(_, old)| !next.bundle_keys().any(|(_, new)| new.is_same(old)));
    let signed_again = folder.change_root(&signers, next)?;
    let mut words = format!("{words}: root {}.", folder.trust().root().version);
    if signed_again {
        words.push_str(" The channel was signed again.");
    }
    if retires_a_bundle_key && !folder.channel().releases.is_empty() {
        words.push_str("\nDevices refuse bundles that the retired key signed: dunlin channel verify says which.");
    }
    told(output, &folder, &words, &[("channel_signed_again", signed_again.into())]);
    Ok(())
}
