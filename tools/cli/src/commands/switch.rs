//! `dunlin activate`, `dunlin rollback`, `dunlin reject`: changing by hand which version of a model answers.

use std::path::PathBuf;

use dunlin::{Config, Runtime, Switch, SwitchError, TrustedKeys};
use serde_json::json;

use crate::error::{CliError, Kind};
use crate::folder;
use crate::output::Output;

/// What all three are given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
    /// Name of the model.
    model: String,
}

/// Makes the candidate the active version.
pub(crate) fn activate(args: &Args, output: Output) -> Result<(), CliError> {
    run(args, output, Runtime::activate)
}

/// Throws the active version out.
pub(crate) fn rollback(args: &Args, output: Output) -> Result<(), CliError> {
    run(args, output, Runtime::rollback)
}

/// Throws the candidate out.
pub(crate) fn reject(args: &Args, output: Output) -> Result<(), CliError> {
    run(args, output, Runtime::reject)
}

fn run(
    args: &Args,
    output: Output,
    switch: impl FnOnce(&Runtime, &str) -> Result<Switch, SwitchError>,
) -> Result<(), CliError> {
    folder::must_exist(&args.dir)?;
    let runtime = Runtime::open(Config::new(&args.dir, TrustedKeys::new()));
    let switched = switch(&runtime, &args.model);
    let closed = runtime.close();
    let switched = switched.map_err(|error| match error {
        SwitchError::Storage(problem) => CliError::from(&problem),
        SwitchError::NoCandidate { .. } => CliError::new(Kind::Failed, "no_candidate", error),
        error => CliError::new(Kind::Failed, "no_previous", error),
    })?;
    closed.map_err(|e| CliError::new(Kind::Storage, "storage", e))?;
    let document = json!({ "model_id": switched.model_id, "version": switched.version, "sequence": switched.sequence });
    output.result(&document, || format!("{} {} answers from now on.", switched.model_id, switched.version));
    Ok(())
}
