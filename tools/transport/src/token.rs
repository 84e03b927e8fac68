//! A bearer token from a file that nobody else can read.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ureq::http::HeaderValue;

use crate::error::SetupError;

/// Longest file that is read for a token; servers refuse longer headers.
const MAX_BYTES: u64 = 4096;

/// A token, never shown.
pub(crate) struct Token(HeaderValue);

impl Token {
    /// Reads a file that holds one token and nothing else.
    pub(crate) fn read(path: &Path) -> Result<Self, SetupError> {
        let failed = |error| SetupError::file(path, error);
        let file = File::open(path).map_err(failed)?;
        if is_readable_by_others(&file).map_err(failed)? {
            return Err(SetupError::TokenIsReadable { path: path.to_owned() });
        }
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text).map_err(failed)?;
        let token = text.trim_ascii();
        let is_token = !token.is_empty() && token.iter().all(u8::is_ascii_graphic) && (text.len() as u64) < MAX_BYTES;
        let header = HeaderValue::from_bytes(&[b"Bearer ", token].concat()).ok().filter(|_| is_token);
        let mut header = header.ok_or_else(|| SetupError::NotAToken { path: path.to_owned() })?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// The value of `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(...)")
    }
}

#[cfg(unix)]
fn is_readable_by_others(file: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// Elsewhere the system's access lists decide, and are not looked at.
#[cfg(not(unix))]
fn is_readable_by_others(_: &File) -> std::io::Result<bool> {
    Ok(false)
}
