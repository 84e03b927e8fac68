//! The measuring process of `dunlin bench`, as a small program of its own.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let job = std::env::args().nth(1).unwrap_or_default();
    dunlin_bench::measuring_process(&job)
}
