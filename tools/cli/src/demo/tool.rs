//! The command itself, as people would type it: for one thing, and as a server in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{CliError, Kind};

/// The server is asked for by then, or something is wrong.
const START: Duration = Duration::from_secs(20);

/// Runs the command in a folder, and gives what it said.
pub(super) fn tool(dir: &Path, words: &str) -> Result<String, CliError> {
    let failed = |what: &dyn std::fmt::Display| CliError::new(Kind::Failed, "tool", format!("dunlin {words}: {what}"));
    let program = std::env::current_exe().map_err(|e| failed(&e))?;
    let mut command = Command::new(program);
    let done = command.args(words.split_whitespace()).current_dir(dir).stdin(Stdio::null()).output();
    let done = done.map_err(|e| failed(&e))?;
    if !done.status.success() {
        return Err(failed(&String::from_utf8_lossy(&done.stderr)));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The server's process; it ends with the value.
pub(super) struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // A server that has ended by itself needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server in a folder on a port of its own, and gives its address.
pub(super) fn serve(dir: &Path, more: &[&str]) -> Result<(Serving, String), CliError> {
    let failed =
        |what: &dyn std::fmt::Display| CliError::new(Kind::Failed, "no_server", format!("dunlin serve: {what}"));
    let program = std::env::current_exe().map_err(|e| failed(&e))?;
    let port_file: PathBuf = dir.join("cloud.port");
    // The port of a server before this one must not be read.
    let _ = std::fs::remove_file(&port_file);
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data", "cloud", "--port-file", "cloud.port"]).args(more);
    command.current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null());
    let mut serving = Serving(command.spawn().map_err(|e| failed(&e))?);
    let began = Instant::now();
    loop {
        if let Ok(port) = std::fs::read_to_string(&port_file) {
            return Ok((serving, format!("http://127.0.0.1:{}", port.trim())));
        }
        if let Ok(Some(status)) = serving.0.try_wait() {
            return Err(failed(&status));
        }
        if began.elapsed() > START {
            return Err(failed(&"it did not start in time"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
