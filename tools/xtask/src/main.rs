//! `cargo xtask`: every developer command, one module a task.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)] // what it prints is what it is for

mod architecture;
mod arm;
mod arm_count;
mod board;
mod c;
mod c_cases;
mod c_lifecycles;
mod calibrate;
mod cargo_tests;
mod cargo_tool;
mod checks;
mod conformance;
mod cross;
mod deb;
mod demo;
mod deny;
mod document;
mod drill;
mod fuzz;
mod import_rules;
mod jvm;
mod mobile;
mod pages;
mod peers;
mod process;
mod project;
mod python;
mod report;
mod sbom;
mod setup;
mod size;
mod source_rules;
mod swift;
mod test;
mod toolchain;
mod unit;
mod zig;

use std::process::ExitCode;

use project::Project;

const USAGE: &str = "\
cargo xtask COMMAND [--no-setup]

  test             sets up what it lacks, then every check and test
  test quick       the inner loop: format, lint, architecture, and the tests that are not slow
  test c           the C library: its example and tests, shared and static, under valgrind
  test arm         golden vectors and the kernels' tests on emulated aarch64 cores
  test board       an emulated board whose power is pulled twice, the short form of `board`
  test jvm         the Kotlin library and the Android sample, compiled and tested on a host JVM (Maven)
  test swift       the Swift SDK against the real library, with Debian's Swift in the cache
  check-mobile     type-checks the SDKs' libraries for Android and iOS (rust-src; some minutes)
  cross [TARGET]   builds dunlind for boards, runs each once on an emulated core, tells its size; all that can be built here
                   unless one is named (the static one takes some minutes)
  deb              a Debian package of dunlind for arm64, with its bill of materials; installed into a root and checked
  sbom [TARGET]    the bill of materials of dunlind, as CycloneDX
  deny             no network crate below the runtime, known licences, known sources
  architecture     who may never import whom
  calibrate        measures the statistics of drift and rewrites the tables of docs/monitoring.md (some minutes)
  drill [--devices N]
                   plays a rollout with one bad release over 200 devices, with real runtimes and a virtual clock, and prints
                   the timeline and what came of it (some minutes)
  board [--kills N]
                   flashes an emulated aarch64 board (QEMU, Debian's kernel) that samples a simulated machine, pulls its power
                   20 times, and reports what was on the record each time (some minutes)
  bench --peers [--rounds N]
                   measures Dunlin against ONNX Runtime, LiteRT and candle, rewrites docs/benchmarks.md (some minutes;
                   DUNLIN_DATA names the folder of the models)
  bench --arm      counts instructions of an inference on emulated ARM, ours and the peers' (DUNLIN_DATA as above)
  conformance      runs the ONNX project's own node tests and rewrites docs/conformance.md
  xcframework      on a Mac with Xcode: what ios/Package.swift needs there
  size             stripped sizes of the smallest program that answers, of the SDKs' libraries and of the command,
                   here and on aarch64
  fuzz [TARGET] [--seconds N]
                   fuzzes one target, or each in turn (nightly Rust; 60 seconds each unless told)

  --no-setup       installs nothing, and says what it therefore skipped";

/// Bursts of each engine with each model: enough for a quartile.
const ROUNDS: u64 = 60;

/// Devices of a drill.
const DEVICES: u64 = 200;

/// Times that a board's power is pulled.
const KILLS: u64 = 20;

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let no_setup = take_flag(&mut words, "--no-setup");
    let seconds = match take_value(&mut words, "--seconds") {
        Ok(seconds) => seconds,
        Err(message) => return usage(&message),
    };
    let rounds = match take_value(&mut words, "--rounds") {
        Ok(rounds) => rounds.unwrap_or(ROUNDS),
        Err(message) => return usage(&message),
    };
    let devices = match take_value(&mut words, "--devices") {
        Ok(devices) => devices.unwrap_or(DEVICES),
        Err(message) => return usage(&message),
    };
    let kills = match take_value(&mut words, "--kills") {
        Ok(kills) => kills.unwrap_or(KILLS),
        Err(message) => return usage(&message),
    };
    let project = Project::here(!no_setup);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let passed = match words.as_slice() {
        ["test"] => report::run(&project, test::FULL),
        ["test", "quick"] => report::run(&project, test::QUICK),
        ["test", "c"] => report::run(&project, test::C),
        ["test", "arm"] => report::run(&project, test::ARM),
        ["test", "board"] => report::run(&project, test::BOARD),
        ["test", "jvm"] => report::run(&project, test::JVM),
        ["test", "swift"] => report::run(&project, test::SWIFT),
        ["cross", targets @ ..] if targets.len() <= 1 => cross::run(&project, targets.first().copied()),
        ["deb"] => report::run(&project, test::PACKAGE),
        ["sbom", targets @ ..] if targets.len() <= 1 => {
            sbom::run(&project, targets.first().copied().unwrap_or(arm::TARGET))
        }
        ["deny"] => report::run(&project, test::DENY),
        ["architecture"] => report::run(&project, test::ARCHITECTURE),
        ["calibrate"] => calibrate::run(&project),
        ["board"] => board::run(&project, kills),
        ["drill"] => drill::run(&project, devices),
        ["bench", "--peers"] => peers::run(&project, rounds),
        ["bench", "--arm"] => arm_count::run(&project),
        ["xcframework"] => report::run(&project, test::XCFRAMEWORK),
        ["check-mobile"] => report::run(&project, test::MOBILE),
        ["size"] => report::run(&project, size::STEPS),
        ["conformance"] => conformance::run(&project),
        ["fuzz", targets @ ..] if targets.len() <= 1 => fuzz::run(&project, targets.first().copied(), seconds),
        [] => return usage("no command"),
        other => return usage(&format!("unknown: {}", other.join(" "))),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage(message: &str) -> ExitCode {
    eprintln!("{message}\n\n{USAGE}");
    ExitCode::from(2)
}

fn take_flag(words: &mut Vec<String>, flag: &str) -> bool {
    let before = words.len();
    words.retain(|word| word != flag);
    words.len() < before
}

fn take_value(words: &mut Vec<String>, flag: &str) -> Result<Option<u64>, String> {
    let Some(at) = words.iter().position(|word| word == flag) else { return Ok(None) };
    let value = words.get(at + 1).and_then(|word| word.parse().ok());
    let value = value.ok_or_else(|| format!("{flag} wants a whole number"))?;
    words.drain(at..at + 2);
    Ok(Some(value))
}
