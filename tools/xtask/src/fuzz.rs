//! Fuzzes the targets of tests/fuzz, each for a limited time, with cargo-fuzz on nightly Rust.

use std::process::Command;

use crate::process::{cargo, keep, show, untied};
use crate::project::Project;

const VERSION: &str = "0.13.2";
const DEFAULT_SECONDS: u64 = 60;

/// Tells whether nothing was found; a missing tool is told aloud and is no failure.
pub(crate) fn run(project: &Project, target: Option<&str>, seconds: Option<u64>) -> bool {
    let result = match lacking(project) {
        Err(why) => Err(why),
        Ok(Some(why)) => {
            println!("skipped: {why}");
            return true;
        }
        Ok(None) => fuzz(project, target, seconds.unwrap_or(DEFAULT_SECONDS)),
    };
    match &result {
        Ok(()) => println!("nothing found"),
        Err(why) => println!("FAILED: {why}"),
    }
    result.is_ok()
}

/// What is missing and may not, or cannot, be installed here.
fn lacking(project: &Project) -> Result<Option<String>, String> {
    if keep(untied(project, "rustup").args(["run", "nightly", "cargo", "--version"])).is_err() {
        return Ok(Some("no nightly Rust: rustup toolchain install nightly".to_owned()));
    }
    if keep(untied(project, "c++").arg("--version")).is_err() {
        return Ok(Some("no C++ compiler, which libFuzzer needs: apt-get install g++".to_owned()));
    }
    let cached = project.cached_tool("cargo-fuzz");
    if keep(untied(project, &cached).arg("--version")).is_ok_and(|version| version.trim().ends_with(VERSION)) {
        return Ok(None);
    }
    if !project.may_install {
        return Ok(Some(format!(
            "no cargo-fuzz and --no-setup; else: cargo install cargo-fuzz --version {VERSION} --locked"
        )));
    }
    println!("Building cargo-fuzz {VERSION} once, into {}", cached.display());
    let mut install = cargo(project);
    install.env("CARGO_TARGET_DIR", project.cache.join("tools/build"));
    install.args(["install", "--quiet", "cargo-fuzz", "--version", VERSION, "--locked", "--debug", "--root"]);
    show(install.arg(project.cache.join("tools")))?;
    Ok(None)
}

fn fuzz(project: &Project, target: Option<&str>, seconds: u64) -> Result<(), String> {
    // A fuzzer that starts from whole bundles gets past the signature's first bytes.
    let mut seeds = cargo(project);
    seeds.args(["run", "--release", "--quiet", "--package", "dunlin-tests", "--example", "fuzz_seeds"]);
    show(seeds.args(["--", "tests/fuzz/corpus"]))?;
    let known = keep(cargo_fuzz(project, "list").args(["--fuzz-dir", "tests/fuzz"]))?;
    let wanted: Vec<&str> = known.lines().filter(|known| target.is_none_or(|target| target == *known)).collect();
    if wanted.is_empty() {
        return Err(format!("no such target; there are: {}", known.lines().collect::<Vec<_>>().join(", ")));
    }
    for target in wanted {
        println!("\n=== {target}, {seconds} s");
        let mut run = cargo_fuzz(project, "run");
        run.env("CARGO_TARGET_DIR", project.cache.join("fuzz")).args(["--fuzz-dir", "tests/fuzz", target, "--"]);
        show(run.args([&format!("-max_total_time={seconds}"), "-rss_limit_mb=4096"]))?;
    }
    Ok(())
}

fn cargo_fuzz(project: &Project, verb: &str) -> Command {
    let mut command = untied(project, "rustup");
    command.args(["run", "nightly"]).arg(project.cached_tool("cargo-fuzz")).args(["fuzz", verb]);
    command
}
