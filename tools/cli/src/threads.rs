//! Starts the process again with `RAYON_NUM_THREADS=1` where it is unset.
//!
//! candle looks for the number of processors on every matrix product while the variable is unset, which makes small
//! models 3 to 19 times slower. It must be set before the first product, and setting a variable of a running process is
//! unsound once there are threads, so the process is replaced instead.

use std::process::{Command, ExitCode};

const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Replaces the process where need be; `None` means that this is the process to go on with.
pub(crate) fn restart_with_one_thread() -> Option<ExitCode> {
    if std::env::var_os(VARIABLE).is_some() {
        return None;
    }
    let program = std::env::current_exe().ok()?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).env(VARIABLE, "1");
    restart(&mut command)
}

/// Returns only when the process could not be replaced; then this one goes on, slower.
#[cfg(unix)]
fn restart(command: &mut Command) -> Option<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    eprintln!("dunlin: could not restart with {VARIABLE}=1, predictions will be slow: {error}");
    None
}

#[cfg(not(unix))]
fn restart(command: &mut Command) -> Option<ExitCode> {
    let status = command.status().ok()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Some(ExitCode::from(code))
}
