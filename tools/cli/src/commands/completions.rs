//! `dunlin completions`: completion scripts for shells.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::error::CliError;
use crate::output::Output;

/// Print a completion script for a shell.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "dunlin", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}
