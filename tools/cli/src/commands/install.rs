//! `dunlin install`: a bundle into a runtime's folder, to answer from now on or to be tried first.

use std::path::PathBuf;

use dunlin::{Config, InstallOutcome, InstallReport, Runtime};
use serde_json::json;

use super::read_keys;
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Install a bundle in a runtime's folder, after every check that a device makes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder; made where it is not there.
    dir: PathBuf,
    /// The bundle.
    bundle: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
    /// Let it watch beside the active version first, and answer once it has done as well.
    #[arg(long)]
    candidate: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let runtime = Runtime::open(Config::new(&args.dir, read_keys(&args.keys)?));
    let installed = match args.candidate {
        true => runtime.install_candidate(&args.bundle),
        false => runtime.install(&args.bundle),
    };
    let closed = runtime.close();
    let report = installed.map_err(|error| CliError::from(error).of(&args.bundle))?;
    closed.map_err(|e| CliError::new(Kind::Storage, "storage", e))?;
    let document = json!({
        "outcome": outcome(&report), "model_id": report.model_id, "version": report.version,
        "sequence": report.sequence, "digest": report.digest, "signer": report.signer,
    });
    output.result(&document, || {
        format!("{} {} (sequence {}): {}", report.model_id, report.version, report.sequence, told(&report))
    });
    Ok(())
}

fn outcome(report: &InstallReport) -> &'static str {
    match report.outcome {
        InstallOutcome::Activated => "activated",
        InstallOutcome::Candidate => "candidate",
        InstallOutcome::AlreadyInstalled => "already_installed",
        InstallOutcome::Repaired => "repaired",
        InstallOutcome::PassedOver => "passed_over",
        _ => "held_in_memory",
    }
}

fn told(report: &InstallReport) -> &'static str {
    match report.outcome {
        InstallOutcome::Activated => "answers from now on",
        InstallOutcome::Candidate => "watches from now on, beside the active version",
        InstallOutcome::AlreadyInstalled => "was installed already",
        InstallOutcome::Repaired => "its installed copy was damaged, and is replaced",
        InstallOutcome::PassedOver => "is passed over",
        _ => "is not installed: the folder cannot be written",
    }
}
