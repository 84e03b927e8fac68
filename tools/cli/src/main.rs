//! The `dunlin` command: from training and signing to predicting, watching, reporting and serving.

#![forbid(unsafe_code)]

mod commands;
mod demo;
mod engine;
mod error;
mod folder;
mod interrupt;
mod output;
mod threads;
mod transport;
mod utc;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::CliError;
use output::Output;

/// On-device models that are verified, guarded and on the record.
#[derive(Parser)]
#[command(name = "dunlin", version, after_help = error::EXIT_CODES_HELP)]
struct Cli {
    /// Print one JSON document (JSON lines for predict) instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(commands::train::Args),
    Retrain(commands::retrain::Args),
    Import(commands::import::Args),
    Quantize(commands::quantize::Args),
    Pack(commands::pack::Args),
    Keygen(commands::keygen::Args),
    Sign(commands::sign::Args),
    Verify(commands::verify::Args),
    Inspect(commands::inspect::Args),
    Compat(commands::compat::Args),
    Precompute(commands::precompute::Args),
    Predict(commands::predict::Args),
    Batch(commands::batch::Args),
    Bench(commands::bench::Args),
    Budget(commands::budget::Args),
    Install(commands::install::Args),
    Models(commands::models::Args),
    /// Make a model's candidate the active version by hand.
    Activate(commands::switch::Args),
    /// Throw a model's active version out by hand: the previous one answers from now on.
    Rollback(commands::switch::Args),
    /// Throw a model's candidate out by hand.
    Reject(commands::switch::Args),
    Report(commands::report::Args),
    Channel(commands::channel::Args),
    Publish(commands::publish::Args),
    Serve(commands::serve::Args),
    Simulate(commands::simulate::Args),
    Sync(commands::sync::Args),
    Update(commands::update::Args),
    Events(commands::events::Args),
    Watch(commands::watch::Args),
    #[cfg(unix)]
    Ctl(commands::ctl::Args),
    Demo(demo::Args),
    Completions(commands::completions::Args),
}

fn main() -> ExitCode {
    if let Some(code) = threads::restart_with_one_thread() {
        return code;
    }
    if let Some(code) = commands::bench::measuring_process().or_else(commands::budget::measuring_process) {
        return code;
    }
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).format_timestamp(None).init();
    let Cli { json, command } = Cli::parse();
    let output = Output { json };
    match run(command, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(output),
    }
}

fn run(command: Command, output: Output) -> Result<(), CliError> {
    match command {
        Command::Train(args) => commands::train::run(&args, output),
        Command::Retrain(args) => commands::retrain::run(&args, output),
        Command::Import(args) => commands::import::run(&args, output),
        Command::Quantize(args) => commands::quantize::run(&args, output),
        Command::Pack(args) => commands::pack::run(&args, output),
        Command::Keygen(args) => commands::keygen::run(&args, output),
        Command::Sign(args) => commands::sign::run(&args, output),
        Command::Verify(args) => commands::verify::run(&args, output),
        Command::Inspect(args) => commands::inspect::run(&args, output),
        Command::Install(args) => commands::install::run(&args, output),
        Command::Models(args) => commands::models::run(&args, output),
        Command::Activate(args) => commands::switch::activate(&args, output),
        Command::Rollback(args) => commands::switch::rollback(&args, output),
        Command::Reject(args) => commands::switch::reject(&args, output),
        Command::Compat(args) => commands::compat::run(&args, output),
        Command::Batch(args) => commands::batch::run(&args, output),
        Command::Bench(args) => commands::bench::run(&args, output),
        Command::Budget(args) => commands::budget::run(&args, output),
        Command::Precompute(args) => commands::precompute::run(&args, output),
        Command::Predict(args) => commands::predict::run(&args, output),
        Command::Report(args) => commands::report::run(&args, output),
        Command::Channel(args) => commands::channel::run(&args, output),
        Command::Publish(args) => commands::publish::run(&args, output),
        Command::Serve(args) => commands::serve::run(&args, output),
        Command::Simulate(args) => commands::simulate::run(&args, output),
        Command::Sync(args) => commands::sync::run(&args, output),
        Command::Update(args) => commands::update::run(&args, output),
        Command::Events(args) => commands::events::run(&args, output),
        Command::Watch(args) => commands::watch::run(&args, output),
        #[cfg(unix)]
        Command::Ctl(args) => commands::ctl::run(&args, output),
        Command::Demo(args) => demo::run(&args, output),
        Command::Completions(args) => commands::completions::run(&args, output),
    }
}
