//! `dunlind`: a model that answers on a board, remembers, watches, uploads and takes updates, without anybody at a keyboard.
//!
//! ```text
//! a line of a socket or of standard input --> Session --> a line of answer      (socket: a thread a connection)
//! samples --> window --> Session --> sinks, and whoever follows                 (sensor)
//! a file in a folder --> Session --> a file of answers                          (folder)
//! the clock --> tick, sync, update                                              (chores)
//! dunlin ctl --> status, sync, rollback, events                                 (control)
//! signals, the service manager's watchdog                                       (service)
//! ```

#![forbid(unsafe_code)]

mod args;
mod chores;
mod config;
mod control;
mod error;
mod folder;
mod followers;
mod gate;
mod line;
mod lines;
mod logging;
mod sensor;
mod served;
mod service;
mod signals;
mod sink;
mod socket;
mod stop;

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
