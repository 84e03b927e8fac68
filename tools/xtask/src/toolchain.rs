//! Type-checks everything with a second Rust, so that no single version is needed: the oldest promised, or Debian's.

use std::process::Command;

use crate::process::{keep, program, show, untied};
use crate::project::Project;
use crate::report::Outcome;

/// `rust-version` of the workspace, which rustup may have under this name.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(crate) fn check(project: &Project) -> Result<Outcome, String> {
    let own = keep(program(project, "rustc").arg("--version"))?;
    let candidates: [fn(&Project, &str) -> Command; 2] = [rustups_oldest, debians];
    for candidate in candidates {
        let Ok(version) = keep(candidate(project, "rustc").arg("--version")) else { continue };
        if version == own || release(&version) < release(OLDEST) {
            continue;
        }
        println!("Here {}, there {}", own.trim(), version.trim());
        let mut check = candidate(project, "cargo");
        check.env("CARGO_TARGET_DIR", project.cache.join("other-toolchain"));
        show(check.args(["check", "--workspace", "--all-targets"]))?;
        return Ok(Outcome::Passed);
    }
    let remedy = format!("no Rust of at least {OLDEST} beside {}", own.trim());
    Ok(Outcome::Skipped(format!("{remedy}: rustup toolchain install {OLDEST}, or Debian's rustc-web")))
}

fn rustups_oldest(project: &Project, tool: &str) -> Command {
    let mut command = untied(project, "rustup");
    // Installing a toolchain is the developer's choice.
    command.env("RUSTUP_AUTO_INSTALL", "0").args(["run", OLDEST, tool]);
    command
}

fn debians(project: &Project, tool: &str) -> Command {
    let mut command = untied(project, format!("/usr/bin/{tool}"));
    command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    command
}

/// Major and minor of `rustc 1.96.0 (...)` or `1.96`.
fn release(version: &str) -> Option<(u32, u32)> {
    let number = version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_and_not_as_text() {
        assert!(release("rustc 1.100.0 (abc 2027-01-01)") > release("1.95"));
        assert!(release("rustc 1.95.0 (f2d3ce0bd 2026-03-21)") == release("1.95"));
        assert!(release("rustc 1.63.0") < release(OLDEST));
    }
}
