//! Runs a piece of code in a child process that dies the moment it asks the kernel for a socket.

use std::collections::BTreeMap;
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::{env, process};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

/// Tells the re-executed test that it is the child.
const CHILD: &str = "DUNLIN_TEST_WITHOUT_SOCKETS";

/// The child's exit code once the body has run to its end. Not 0: a test program that matched no test exits with that.
const RAN_TO_ITS_END: i32 = 77;

/// How the child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The body ran to its end and asked for no socket.
    Clean,
    /// The kernel killed the child: it asked for a socket.
    KilledForASocket,
    /// Anything else: the body failed, or never ran. Holds what the child printed.
    Failed(String),
}

/// Runs `body` in a child process in which `socket`, `socketpair` and `io_uring_setup` kill the process, whichever
/// thread calls them. The child is this same test program, asked for the one test `test_name` (its full path within the
/// program), which must be the test that calls this: its code up to this call runs in the child as well.
pub fn run_without_sockets(test_name: &str, body: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Ending {
    if env::var_os(CHILD).is_some() {
        match forbid_sockets().and_then(|()| body()) {
            Ok(()) => process::exit(RAN_TO_ITS_END),
            Err(error) => {
                eprintln!("{error}");
                process::exit(1);
            }
        }
    }
    match run_child(test_name) {
        Ok(output) => ending_of(&output),
        Err(error) => Ending::Failed(format!("the child did not start: {error}")),
    }
}

fn run_child(test_name: &str) -> std::io::Result<Output> {
    let mut child = Command::new(env::current_exe()?);
    child.args(["--exact", test_name, "--include-ignored", "--nocapture"]).env(CHILD, "1").output()
}

fn ending_of(output: &Output) -> Ending {
    if output.status.code() == Some(RAN_TO_ITS_END) {
        return Ending::Clean;
    }
    if output.status.signal() == Some(libc::SIGSYS) {
        return Ending::KilledForASocket;
    }
    let printed = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    Ending::Failed(format!("{}: {printed}", output.status))
}

/// For good, and for every thread of the process, also those that run already.
fn forbid_sockets() -> Result<(), Box<dyn Error>> {
    // io_uring can open sockets without the other two calls.
    let calls = [libc::SYS_socket, libc::SYS_socketpair, libc::SYS_io_uring_setup];
    let rules: BTreeMap<_, _> = calls.map(|call| (call, Vec::new())).into();
    let (otherwise, matched) = (SeccompAction::Allow, SeccompAction::KillProcess);
    let filter = SeccompFilter::new(rules, otherwise, matched, env::consts::ARCH.try_into()?)?;
    apply_filter_all_threads(&BpfProgram::try_from(filter)?)?;
    Ok(())
}
