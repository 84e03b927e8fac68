//! `dunlin compat`: what becomes of apps, devices and servers that have one bundle when another comes.

use std::path::{Path, PathBuf};

use dunlin_bundle::compat::{Compat, Finding, Level, Party, compare};
use dunlin_bundle::{Bundle, Contents, TrustedKeys};
use serde_json::json;

use super::{read_bundle, read_keys};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Compare a bundle with the one that it is to follow: what an app, a device or a server that has the old one makes of it.
/// Ends with exit code 4 where they do not go together.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The bundle that is out there.
    old: PathBuf,
    /// The one that is to follow it.
    new: PathBuf,
    /// Public key to trust; may be given more than once. Without it no signature is checked.
    #[arg(long = "key")]
    keys: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let keys = if args.keys.is_empty() { None } else { Some(read_keys(&args.keys)?) };
    let [old, new] = [&args.old, &args.new].map(|path| read(path, keys.as_ref()).map_err(|error| error.of(path)));
    let (old, new) = (old?, new?);
    let compat = compare(&old, &new);
    let document = json!({
        "level": compat.level(), "old": identity(&old), "new": identity(&new), "findings": compat.findings,
    });
    output.result(&document, || text(&old, &new, &compat));
    if compat.level() == Level::Incompatible { Err(CliError::told(Kind::Bundle)) } else { Ok(()) }
}

fn read(path: &Path, keys: Option<&TrustedKeys>) -> Result<Contents, CliError> {
    let bytes = read_bundle(path)?;
    Ok(match keys {
        Some(keys) => (*Bundle::read(bytes, keys)?).clone(),
        None => Contents::read_unsigned(bytes)?,
    })
}

fn identity(contents: &Contents) -> serde_json::Value {
    let manifest = contents.manifest();
    json!({
        "model_id": manifest.model_id, "version": manifest.version, "sequence": manifest.sequence,
        "digest": contents.digest(),
    })
}

fn text(old: &Contents, new: &Contents, compat: &Compat) -> String {
    let name = |contents: &Contents| {
        let manifest = contents.manifest();
        format!("{} {} (sequence {})", manifest.model_id, manifest.version, manifest.sequence)
    };
    let verdict = match compat.level() {
        Level::Compatible => "goes together with what there is.",
        Level::Note => "goes together with what there is; read the notes.",
        Level::Incompatible => "must not follow: what is out there could not use it.",
    };
    let findings: String = compat.findings.iter().map(finding).collect();
    format!("{} after {}: {verdict}\n{findings}", name(new), name(old)).trim_end().to_owned()
}

fn finding(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Compatible => "compatible",
        Level::Note => "note",
        Level::Incompatible => "INCOMPATIBLE",
    };
    let party = match finding.party {
        Party::App => "an app made for the old bundle",
        Party::OldBundle => "the old bundle after a rollback",
        Party::Server => "a server with the old bundle",
    };
    let Finding { subject, code, what, remedy, .. } = finding;
    format!("\n{level}: {subject}: {what}.\n  concerns: {party} ({code})\n  to do: {remedy}.\n")
}
