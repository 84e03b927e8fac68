//! Why the daemon does not start, or ends, and with which exit code.

use std::io;
use std::path::PathBuf;

use dunlin::store::StorageProblem;
use dunlin::{InstallError, KeyError, SessionError};
use dunlin_transport::SetupError;

/// The table that `--help` prints; docs/boards.md holds the same.
pub(crate) const EXIT_CODES_HELP: &str = "Exit codes:
  0  asked to end, and everything is written; or the configuration, its keys and its token can be used (--check-config)
  1  something failed that has no code of its own
  2  the command line is wrong
  3  the configuration is wrong: an unknown key, a value that is none, a setting that lacks
  4  no model can answer: the bundle was refused, and none is installed
  5  a file of a key holds none, or the token cannot be used
  6  the state directory could not be written to the end
  7  the socket cannot be bound";

/// An end of the daemon that nobody asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DaemonError {
    #[error("{path}: {source}; check the path and its permissions", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: {message}", path = path.display())]
    Config { path: PathBuf, message: String },
    #[error("{setting} is not set; {remedy}")]
    Lacking { setting: &'static str, remedy: &'static str },
    #[error("{setting} cannot be used; it holds {expected}")]
    Wrong { setting: &'static str, expected: &'static str },
    #[error("the sensor does not fit the model: {0}")]
    Sensor(String),
    #[error("the folder {path} cannot be used: {source}; check the path and its permissions", path = path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{path}: {source}", path = path.display())]
    Key { path: PathBuf, source: KeyError },
    #[error("{0}")]
    Receiver(#[from] SetupError),
    #[error("{path}: {source}", path = path.display())]
    Bundle { path: PathBuf, source: InstallError },
    #[error("no model can answer: {0}")]
    NoModel(#[from] SessionError),
    #[error("the socket {path} cannot be bound: {why}", path = path.display())]
    Socket { path: PathBuf, why: String },
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Storage(#[from] StorageProblem),
    #[error("signals cannot be listened for: {0}")]
    Signals(io::Error),
    #[error("no thread can be started: {0}")]
    Thread(io::Error),
    #[error("the {0} has ended by itself; see the log above, and report it")]
    Worker(&'static str),
}

impl DaemonError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Signals(_) | Self::Thread(_) | Self::Worker(_) => 1,
            Self::File { .. } | Self::Config { .. } | Self::Lacking { .. } | Self::Wrong { .. } => 3,
            Self::Sensor(_) | Self::Folder { .. } => 3,
            Self::Bundle { .. } | Self::NoModel(_) => 4,
            Self::Key { .. } => 5,
            Self::Receiver(SetupError::BadUrl { .. }) => 3,
            Self::Receiver(_) => 5,
            Self::Storage(_) => 6,
            Self::Socket { .. } => 7,
        }
    }
}
