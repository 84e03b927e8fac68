//! `dunlin budget`: what a board needs for a bundle, in memory, flash, wear and traffic, before anything is flashed.
//!
//! ```text
//! bundle --every check--> Job --a process of its own--> Measured --and the policies--> Budget --limits--> exit code
//! ```

mod args;
mod board;
mod figures;
mod job;
mod measure;
mod measured;
mod network;
mod process;
mod program;
mod text;
mod uploads;

use dunlin_bundle::Bundle;

pub(crate) use args::Args;
pub(crate) use job::measuring_process;

use self::figures::Budget;
use self::job::Job;
use self::program::Program;
use super::{read_bundle, read_keys, verify};
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let asked = args.asked()?;
    let program = args.daemon.as_deref().map(Program::read).transpose()?;
    let (bytes, keys) = (read_bundle(&args.bundle)?, read_keys(&args.keys)?);
    let (bundle, _) = verify::checked(bytes, &keys).map_err(|error| error.of(&args.bundle))?;
    can_be_measured(&bundle).map_err(|error| error.of(&args.bundle))?;
    drop(bundle);
    let measured = Job { bundle: args.bundle.clone(), keys: args.keys.clone(), asked }.measured()?;
    let budget = Budget::new(asked, measured, program, args.limits());
    let document = serde_json::to_value(&budget).map_err(|error| CliError::new(Kind::Failed, "budget", error))?;
    output.result(&document, || text::text(&budget));
    match over(&budget) {
        None => Ok(()),
        Some(_) if output.json => Err(CliError::told(Kind::Bundle)),
        Some(what) => Err(CliError::new(Kind::Bundle, "over_budget", what).of(&args.bundle)),
    }
}

/// The records of the golden set are what is measured with.
fn can_be_measured(bundle: &Bundle) -> Result<(), CliError> {
    if bundle.golden().cases.is_empty() {
        let why =
            "the golden set is empty, and its records are what is measured with; pack the bundle with held-out records";
        return Err(CliError::new(Kind::Bundle, "no_golden_records", why));
    }
    Ok(())
}

/// What exceeds a limit, for people.
fn over(budget: &Budget) -> Option<String> {
    let over = budget.limits.iter().filter(|limit| limit.exceeded).map(|limit| {
        let (needed, allowed) = (text::size(limit.needed_bytes), text::size(limit.limit_bytes));
        format!("it needs {needed} of {}, and --{} allows {allowed}", limit.of, limit.of)
    });
    let over = over.collect::<Vec<_>>();
    (!over.is_empty()).then(|| over.join("; "))
}
