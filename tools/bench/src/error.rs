//! Why a bundle cannot be measured.

use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What went wrong in the measuring process.
#[derive(Clone, Debug, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct BenchError {
    /// Whose fault it is.
    pub failure: Failure,
    /// A short name for machines.
    pub code: String,
    /// A sentence for people, which names the file.
    pub message: String,
}

/// Whose fault it is that there are no figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// What was asked for cannot be done: a word that is no number, an engine that is not there.
    Usage,
    /// The bundle cannot be opened or run.
    Bundle,
    /// A key is none.
    Key,
    /// The system: a file, a pipe, a process.
    System,
}

impl BenchError {
    pub(crate) fn new(failure: Failure, code: &str, message: impl ToString) -> Self {
        Self { failure, code: code.to_owned(), message: message.to_string() }
    }

    pub(crate) fn of(path: &Path, code: &str, error: impl std::fmt::Display) -> Self {
        Self::new(Failure::Bundle, code, format!("{}: {error}", path.display()))
    }

    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::new(Failure::System, "file", format!("{}: {error}", path.display()))
    }

    pub(crate) fn process(error: impl std::fmt::Display) -> Self {
        Self::new(Failure::System, "bench", format!("the measuring process: {error}"))
    }
}
