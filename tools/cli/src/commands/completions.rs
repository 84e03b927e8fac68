//! `dunlin completions`: completion scripts for shells.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::error::CliError;

/// Print a completion script for a shell.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "dunlin", &mut std::io::stdout());
    Ok(())
}
