//! Runs a test of this binary again in a process of its own, to be killed, starved or shut out.

use std::process::Command;

/// Set in the child, to what it is to do.
const ROLE: &str = "DUNLIN_CRASH_ROLE";

/// What the child is told to do; `None` in the parent.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// The command that runs one test of this binary as a child with a role.
pub(crate) fn command(test: &str, role: &str) -> Command {
    let program = std::env::current_exe().expect("a test binary knows where it is");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture", "-q"]).env(ROLE, role);
    command
}
