//! `cargo xtask cross`: the daemon for the boards that can be built for here, each run once on an emulated core.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, keep, show, untied};
use crate::project::Project;
use crate::report::{self, Outcome, Step};
use crate::setup::{Readiness, packages};
use crate::{arm, zig};

/// The profile of what boards carry.
pub(crate) const PROFILE: &str = "sdk";
const BUILD: &[&str] = &["--package", "dunlin-daemon", "--bin", "dunlind", "--profile"];

/// More than this is a dependency too many: it was 5.8 MB when the limit was set.
const LIMIT_BYTES: u64 = 8_000_000;

/// Printing a version takes well under a second; emulation that goes wrong tends to loop for ever.
const LIMIT_SECONDS: &str = "60";

const ARMV7: &str = "armv7-unknown-linux-gnueabihf";

/// A Raspberry Pi 3, the oldest core that is promised.
const AARCH64: &[&str] = &["qemu-aarch64-static", "-cpu", "cortex-a53"];
const ARM_LIBC: &[&str] = &["qemu-arm-static", "-L", "/usr/arm-linux-gnueabihf"];

const TARGETS: &[Step] = &[
    Step { name: arm::TARGET, run: aarch64_gnu },
    Step { name: "aarch64-unknown-linux-musl", run: aarch64_musl },
    Step { name: ARMV7, run: armv7_gnu },
];

/// All targets, or the one that is named.
pub(crate) fn run(project: &Project, target: Option<&str>) -> bool {
    let chosen: Vec<Step> =
        TARGETS.iter().copied().filter(|step| target.is_none_or(|name| name == step.name)).collect();
    match target {
        Some(name) if chosen.is_empty() => {
            println!("{}", unknown(name));
            false
        }
        _ => report::run(project, &chosen),
    }
}

fn unknown(target: &str) -> String {
    let known: Vec<&str> = TARGETS.iter().map(|step| step.name).collect();
    format!(
        "{target} cannot be built here; known are {}. Cross.toml has more, in containers: \
         cross build --release -p dunlin-daemon --target {target}",
        known.join(", ")
    )
}

fn aarch64_gnu(project: &Project) -> Result<Outcome, String> {
    judge(project, program(project, PROFILE)?, AARCH64)
}

/// The daemon for aarch64 with glibc, which its package carries too; else what is lacking.
pub(crate) fn program(project: &Project, profile: &str) -> Result<Result<PathBuf, String>, String> {
    match arm::cross_cargo(project)? {
        Ok(mut cargo) => {
            show(cargo.arg("build").args(BUILD).args([profile, "--target", arm::TARGET]))?;
            Ok(Ok(built(&project.cache.join("arm"), arm::TARGET, profile)))
        }
        Err(why) => Ok(Err(why)),
    }
}

fn aarch64_musl(project: &Project) -> Result<Outcome, String> {
    static_program(project, "aarch64-unknown-linux-musl", AARCH64)
}

/// Runs on any Linux of that processor, whatever its libc.
fn static_program(project: &Project, target: &str, emulator: &[&str]) -> Result<Outcome, String> {
    let program = match zig::cargo(project)? {
        Ok(mut cargo) => {
            cargo.args(BUILD).args([PROFILE, "--target", target]);
            // Zig brings the C library and its start files; rustc's own are not there for a library built on the spot.
            show(cargo.args(["--", "-C", "link-self-contained=no"]))?;
            built(&project.cache.join("musl"), target, PROFILE)
        }
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let headers = keep(untied(project, "readelf").args(["--program-headers", "--dynamic", "--wide"]).arg(&program))?;
    if let Some(line) = dynamic_line(&headers) {
        return Err(format!("{} is not static: {line}", program.display()));
    }
    judge(project, Ok(program), emulator)
}

/// What a static program does not have: a loader, or a library that it needs.
fn dynamic_line(headers: &str) -> Option<&str> {
    headers.lines().map(str::trim).find(|line| line.starts_with("INTERP") || line.contains("(NEEDED)"))
}

/// With rustup's standard library alone: Debian's, for armhf, does not go beside that of another architecture.
fn armv7_gnu(project: &Project) -> Result<Outcome, String> {
    if !arm::has_standard_library(&cargo(project), project, ARMV7) {
        return Ok(Outcome::Skipped(format!(
            "no standard library for it: rustup target add {ARMV7}, or cross build --release -p dunlin-daemon --target {ARMV7}"
        )));
    }
    if let Readiness::Lacking(why) =
        packages(project, &["gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross", "qemu-user-static"])?
    {
        return Ok(Outcome::Skipped(why));
    }
    let folder = project.cache.join("armv7");
    let mut cargo = cargo(project);
    cargo
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER", "arm-linux-gnueabihf-gcc")
        .env("CC_armv7_unknown_linux_gnueabihf", "arm-linux-gnueabihf-gcc");
    show(cargo.arg("build").args(BUILD).args([PROFILE, "--target", ARMV7]))?;
    judge(project, Ok(built(&folder, ARMV7, PROFILE)), ARM_LIBC)
}

fn built(target_folder: &Path, target: &str, profile: &str) -> PathBuf {
    target_folder.join(target).join(profile).join("dunlind")
}

/// Whether it starts, and how large it is; the profile has stripped it.
fn judge(project: &Project, program: Result<PathBuf, String>, emulator: &[&str]) -> Result<Outcome, String> {
    let program = match program {
        Ok(program) => program,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    let version = keep(emulated(project, emulator).arg(&program).arg("--version"))?;
    let file = fs::metadata(&program).map_err(|error| format!("{}: {error}", program.display()))?;
    println!("{}: {}, {} bytes stripped", program.display(), version.trim(), file.len());
    within_limit(file.len())
}

/// A program on an emulated core, which is given some time and no more.
pub(crate) fn emulated(project: &Project, emulator: &[&str]) -> Command {
    let mut command = untied(project, "timeout");
    command.arg(LIMIT_SECONDS).args(emulator);
    command
}

/// On the core that the aarch64 program is tried on.
pub(crate) fn emulated_aarch64(project: &Project) -> Command {
    emulated(project, AARCH64)
}

fn within_limit(bytes: u64) -> Result<Outcome, String> {
    if bytes <= LIMIT_BYTES {
        return Ok(Outcome::Passed);
    }
    Err(format!("dunlind has {bytes} bytes, at most {LIMIT_BYTES} are promised: see what came in with cargo tree"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_answered_with_the_known_ones_and_another_way() {
        let message = unknown("riscv64gc-unknown-linux-gnu");
        assert!(message.contains("aarch64-unknown-linux-musl"), "{message}");
        assert!(
            message.contains("Cross.toml") && message.ends_with("--target riscv64gc-unknown-linux-gnu"),
            "{message}"
        );
    }

    #[test]
    fn a_loader_or_a_needed_library_tells_a_program_that_is_not_static() {
        let interpreter = "  PHDR  0x40\n  INTERP         0x0002a8 0x00000000004002a8\n";
        assert!(dynamic_line(interpreter).is_some());
        assert!(dynamic_line(" 0x0000000000000001 (NEEDED)  Shared library: [libc.so.6]\n").is_some());
        assert_eq!(dynamic_line("  LOAD  0x000000\nThere is no dynamic section in this file.\n"), None);
    }

    #[test]
    fn a_program_above_the_limit_fails_the_step() {
        assert_eq!(within_limit(LIMIT_BYTES), Ok(Outcome::Passed));
        assert!(within_limit(LIMIT_BYTES + 1).is_err_and(|why| why.contains("8000001")));
    }
}
