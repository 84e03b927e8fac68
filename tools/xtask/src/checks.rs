//! The checks that are one cargo command each: format, lint, documentation, and the runtime without candle.

use crate::process::{cargo, keep, show};
use crate::project::Project;
use crate::report::Outcome;

pub(crate) fn format(project: &Project) -> Result<Outcome, String> {
    if keep(cargo(project).args(["fmt", "--version"])).is_err() {
        return Ok(Outcome::Skipped("no rustfmt: rustup component add rustfmt".to_owned()));
    }
    show(cargo(project).args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

/// On the release profile, so that build scripts (SQLite's C code) and macros are compiled once for lint, documentation,
/// tests and demo.
pub(crate) fn lint(project: &Project) -> Result<Outcome, String> {
    if keep(cargo(project).args(["clippy", "--version"])).is_err() {
        return Ok(Outcome::Skipped("no clippy: rustup component add clippy".to_owned()));
    }
    show(cargo(project).args(["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    Ok(Outcome::Passed)
}

/// Libraries only: the binary `dunlin` would write its pages over those of the library of the same name, and so would the
/// JVM's library.
pub(crate) fn documentation(project: &Project) -> Result<Outcome, String> {
    let mut doc = cargo(project);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    show(doc.args(["doc", "--release", "--workspace", "--exclude", "dunlin-jni", "--no-deps", "--lib"]))?;
    Ok(Outcome::Passed)
}

/// The smallest boards leave candle out.
pub(crate) fn without_candle(project: &Project) -> Result<Outcome, String> {
    show(cargo(project).args(["build", "--release", "--package", "dunlin", "--no-default-features"]))?;
    let tree = keep(cargo(project).args(["tree", "--package", "dunlin", "--no-default-features", "--prefix", "none"]))?;
    match tree.lines().find(|line| line.starts_with("candle")) {
        Some(line) => {
            Err(format!("{line} is still below the runtime: a crate asks for it outside the feature `candle`"))
        }
        None => Ok(Outcome::Passed),
    }
}
