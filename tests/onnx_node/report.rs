//! Judges every case of a folder and prints the outcomes as JSON: what `cargo xtask conformance` makes its tables of.

#![allow(clippy::print_stdout)] // what it prints is what it is for

mod runner;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("give the folder that generate.py has filled");
        return ExitCode::from(2);
    };
    let judged = runner::run(Path::new(&folder)).and_then(|all| serde_json::to_string(&all).map_err(|e| e.to_string()));
    match judged {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
