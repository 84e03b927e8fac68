//! Starts other programs: in an environment that `cargo run` has not marked, with their output shown or kept.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::project::Project;

/// What `cargo run` leaves in the environment of its child. Another cargo would take these for its own: it would call
/// the first one's rustc, load its libraries, or rebuild crates because a variable that they watch has changed.
const MARKS: &[&str] = &[
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "LD_LIBRARY_PATH",
    "OUT_DIR",
    "RUST_RECURSION_COUNT",
];

/// What ties a cargo to the toolchain that started us.
const TIES: &[&str] = &["RUSTC", "RUSTDOC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_TOOLCHAIN"];

/// A program in the project's folder, with nothing on its standard input.
pub(crate) fn program(project: &Project, name: impl Into<OsString>) -> Command {
    let mut command = Command::new(name.into());
    command.current_dir(&project.root).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if MARKS.contains(&text.as_ref()) || text.starts_with("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
    // candle asks for the number of threads in every product, and without this re-reads /proc/cpuinfo each time.
    command.env("RAYON_NUM_THREADS", "1");
    command
}

/// The cargo that runs this.
pub(crate) fn cargo(project: &Project) -> Command {
    program(project, env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder(project: &Project) -> Result<PathBuf, String> {
    let metadata = keep(cargo(project).args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    metadata["target_directory"].as_str().map(PathBuf::from).ok_or_else(|| "cargo metadata names no folder".to_owned())
}

/// A program of another toolchain, free of the ties to this one.
pub(crate) fn untied(project: &Project, name: impl Into<OsString>) -> Command {
    let mut command = program(project, name);
    for tie in TIES {
        command.env_remove(tie);
    }
    command
}

/// Runs with the output shown as it comes.
pub(crate) fn show(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", line_of(command))) }
}

/// Runs and keeps the standard output; the error output is shown only where it fails.
pub(crate) fn keep(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| cannot_start(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` ended with {}: {}", line_of(command), output.status, complaint.trim()))
}

/// Runs, hands each line of standard output to `see`, and tells whether it ended well.
pub(crate) fn follow(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool, String> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| cannot_start(command, &error))?;
    let stdout = child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).split(b'\n'));
    for line in stdout.map_while(Result::ok) {
        see(&String::from_utf8_lossy(&line));
    }
    child.wait().map(|status| status.success()).map_err(|error| cannot_start(command, &error))
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` did not start: {error}", line_of(command))
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_cargo_sees_no_mark_of_the_cargo_that_runs_us() -> Result<(), String> {
        assert!(env::var_os("CARGO_PKG_NAME").is_some(), "cargo marks the environment of a test");
        let seen = keep(&mut untied(&Project::here(false), "env"))?;
        let marked = |line: &&str| line.starts_with("CARGO_PKG_") || line.starts_with("CARGO=");
        assert_eq!(seen.lines().find(marked), None);
        assert!(!seen.contains("RUSTUP_TOOLCHAIN="));
        Ok(())
    }

    #[test]
    fn a_failed_program_is_named_with_its_complaint() {
        let failed = keep(Command::new("sh").args(["-c", "echo no such luck >&2; exit 3"]));
        let message = failed.expect_err("exit 3");
        assert!(message.contains("sh -c") && message.contains("no such luck"), "{message}");
    }
}
