//! Runs a test of this binary again in a process of its own, to be killed, starved or shut out.

use std::process::Command;

/// Set in the child, to what it is to do.
const ROLE: &str = "DUNLIN_CRASH_ROLE";

/// What the child is told to do; `None` in the parent.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// The command that runs one test of this binary as a child with a role. `wrapper` is put before it (`unshare`, say).
pub(crate) fn command(wrapper: &[&str], test: &str, role: &str) -> Command {
    let program = std::env::current_exe().expect("a test binary knows where it is");
    let program = program.to_str().expect("target folders are UTF-8");
    let words: Vec<&str> = wrapper.iter().copied().chain([program, "--exact", test, "--nocapture", "-q"]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env(ROLE, role);
    command
}
