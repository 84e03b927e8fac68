//! `dunlind`: a model that answers on a board, remembers, watches, uploads and takes updates, without anybody at a keyboard.
//!
//! ```text
//! a line of a socket or of standard input --> Session --> a line of answer      (one thread a connection)
//! the clock --> tick, sync, update                                              (chores)
//! signals, the service manager's watchdog                                       (main)
//! ```

#![forbid(unsafe_code)]

mod args;
mod chores;
mod config;
mod error;
mod line;
mod lines;
mod logging;
mod served;
mod service;
mod signals;
mod socket;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    logging::start(args.log_level);
    match service::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}
