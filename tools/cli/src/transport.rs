//! The way to a receiver that the command line names.

use std::path::Path;

use dunlin_transport::{HttpTransport, SetupError};

use crate::error::{CliError, Kind};

/// A transport to a base address, with a bearer token from a file where there is one.
pub(crate) fn open(url: &str, token_file: Option<&Path>) -> Result<HttpTransport, CliError> {
    let transport = HttpTransport::open(url, token_file)?;
    if transport.exposes_token() {
        eprintln!("dunlin: the token goes over plain http, where others on the way can read it; use https");
    }
    Ok(transport)
}

impl From<SetupError> for CliError {
    fn from(error: SetupError) -> Self {
        let kind = match &error {
            SetupError::File { path, source } => return Self::file(path, source),
            SetupError::BadUrl { .. } => Kind::Usage,
            _ => Kind::Key,
        };
        Self::new(kind, error.code(), error)
    }
}
