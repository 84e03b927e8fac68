//! Why there is no transport.

use std::io;
use std::path::{Path, PathBuf};

/// An address or a token that cannot be used. No message repeats an address that may hold a password, or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The address is none.
    #[error("{what}")]
    BadUrl {
        /// What is wrong with it, and what would be right.
        what: String,
    },
    /// The token's file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Others than its owner can read the token.
    #[error("{path}: others can read this token; run: chmod 600 {path}", path = path.display())]
    TokenIsReadable {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no token.
    #[error("{path}: this is no token; the file must hold one, of visible ASCII characters", path = path.display())]
    NotAToken {
        /// The file.
        path: PathBuf,
    },
}

impl SetupError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::File { .. } => "file",
            Self::TokenIsReadable { .. } => "token_is_readable",
            Self::NotAToken { .. } => "not_a_token",
        }
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}
