//! Golden vectors and the kernels' tests on emulated aarch64 cores: old ones, a server's, and one that has everything.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo_tests::count;
use crate::process::{cargo, follow, keep, untied};
use crate::project::Project;
use crate::report::{Counts, Outcome};
use crate::setup::{Readiness, packages};

pub(crate) const TARGET: &str = "aarch64-unknown-linux-gnu";

/// cortex-a53 and cortex-a72 (Raspberry Pi 3 and 4) lack dotprod, neoverse-n1 has it, max has i8mm and all else.
const CORES: &[&str] = &["cortex-a53", "cortex-a72", "neoverse-n1", "max"];

/// What runs on them, as cargo selects it.
const TESTS: &[&[&str]] =
    &[&["--package", "dunlin-tests", "--test", "golden"], &["--package", "dunlin-kernels", "--test", "*"]];

/// Emulation that goes wrong tends to loop for ever; a good run lasts seconds.
const LIMIT_SECONDS: &str = "600";

const EMULATOR: &[&str] =
    &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user-static", "libc6:arm64", "libgcc-s1:arm64"];

/// Debian's own Rust, which has the other architecture's standard library in a package.
const DEBIAN_RUST: &[&str] = &["rustc-web", "cargo-web", "libstd-rust-web-dev:arm64"];

/// Where Debian's Rust is found. A rustup in front of it would answer in its place.
pub(crate) const DEBIAN_PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    if cfg!(target_arch = "aarch64") {
        return Ok(Outcome::Skipped("this machine is aarch64 itself: its own tests are these".to_owned()));
    }
    let mut programs = Vec::new();
    for tests in TESTS {
        match cross_cargo(project)? {
            Ok(cargo) => programs.extend(build(cargo, tests)?),
            Err(why) => return Ok(Outcome::Skipped(why)),
        }
    }
    let mut sum = Counts::default();
    for core in CORES {
        for (program, folder) in &programs {
            println!("\n--- {} on {core}", program.display());
            let mut run = untied(project, "timeout");
            run.args([LIMIT_SECONDS, "qemu-aarch64-static", "-cpu", core]).arg(program).arg("--include-ignored");
            match count(run.current_dir(folder)).map_err(|why| format!("{core}: {why}"))? {
                Outcome::Tests(counts) => sum += counts,
                other => return Ok(other),
            }
        }
    }
    Ok(Outcome::Tests(sum))
}

/// A cargo that builds for aarch64, into a target folder of its own; else what is lacking.
pub(crate) fn cross_cargo(project: &Project) -> Result<Result<Command, String>, String> {
    let own = has_standard_library(&cargo(project), project, TARGET);
    let needed: Vec<&str> = if own { EMULATOR.to_vec() } else { [EMULATOR, DEBIAN_RUST].concat() };
    if let Readiness::Lacking(why) = packages(project, &needed)? {
        let other_way = if own { String::new() } else { format!(" (or, with rustup: rustup target add {TARGET})") };
        return Ok(Err(format!("{why}{other_way}")));
    }
    if !own {
        same_version(project)?;
    }
    let mut cargo = if own { cargo(project) } else { debian_cargo(project) };
    cargo
        .env("CARGO_TARGET_DIR", project.cache.join("arm"))
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
        .env("CC_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-gcc");
    Ok(Ok(cargo))
}

/// Whether the compiler beside a cargo builds for a target.
pub(crate) fn has_standard_library(cargo: &Command, project: &Project, target: &str) -> bool {
    // `cargo rustc` would need a package; the compiler beside cargo is the one that it uses.
    let beside = Path::new(cargo.get_program()).with_file_name("rustc");
    let rustc = if beside.is_file() { beside } else { PathBuf::from("rustc") };
    keep(crate::process::program(project, rustc).args(["--print", "target-libdir", "--target", target]))
        .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

fn debian_cargo(project: &Project) -> Command {
    let mut cargo = untied(project, "/usr/bin/cargo");
    cargo.env("PATH", DEBIAN_PATH);
    cargo
}

/// A standard library of another version would be refused crate by crate, in words that do not name the cause.
fn same_version(project: &Project) -> Result<(), String> {
    let version =
        |package: &str| keep(untied(project, "dpkg-query").args(["--show", "--showformat", "${Version}", package]));
    let (compiler, library) = (version("rustc-web")?, version("libstd-rust-web-dev:arm64")?);
    if compiler == library {
        return Ok(());
    }
    Err(format!("rustc-web is {compiler} and libstd-rust-web-dev:arm64 is {library}: upgrade both"))
}

/// The test programs, each with the folder of its crate, in which cargo would run it.
fn build(mut cargo: Command, tests: &[&str]) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    cargo
        .args(["test", "--no-run", "--profile", "arm", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .args(tests);
    let mut programs = Vec::new();
    let built = follow(&mut cargo, |line| programs.extend(program_of(line)))?;
    match (built, programs.is_empty()) {
        (false, _) => Err(format!("does not build for {TARGET}")),
        (true, true) => Err("cargo built no test program".to_owned()),
        (true, false) => Ok(programs),
    }
}

fn program_of(message: &str) -> Option<(PathBuf, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let program = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some((program.into(), folder.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_test_program_is_taken_from_cargos_messages() {
        let message = |test: bool| {
            format!(
                r#"{{"executable":"/t/golden-1","manifest_path":"/p/tests/Cargo.toml","profile":{{"test":{test}}}}}"#
            )
        };
        assert_eq!(program_of(&message(true)), Some(("/t/golden-1".into(), "/p/tests".into())));
        assert_eq!(program_of(&message(false)), None);
        assert_eq!(program_of(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
