//! What all payloads have in common: a `type`, a `format`, and a time from `issued` to `expires`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{ChannelError, Document};
use crate::json;

/// The format that this crate writes. A reader takes any minor version and ignores what it does not know; what an old
/// reader must not ignore takes a new major version.
pub const FORMAT: &str = "1.0";
const MAJOR: &str = "1";

#[derive(Serialize)]
struct Written<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    format: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    format: String,
}

/// The JSON text of a document.
pub(crate) fn write<T: Serialize>(document: Document, body: &T) -> String {
    let written = Written { kind: document.name(), format: FORMAT, body };
    // Only maps with string keys, lists, strings and whole numbers: nothing in it can fail to be written.
    serde_json::to_string(&written).unwrap_or_default()
}

/// Reads a document's type, format and fields.
pub(crate) fn read<T: DeserializeOwned>(document: Document, payload: &str) -> Result<T, ChannelError> {
    let wrong = |problem: String| ChannelError::Json { document, problem: format!("in its payload: {problem}") };
    let value: Value = json::parse(payload.as_bytes()).map_err(wrong)?;
    let head = Head::deserialize(&value).map_err(|error| wrong(json::problem(error)))?;
    if head.kind != document.name() {
        return Err(ChannelError::WrongType { document, found: json::shown(&head.kind) });
    }
    let known =
        head.format.split_once('.').is_some_and(|(major, minor)| major == MAJOR && minor.parse::<u16>().is_ok());
    if !known {
        let (found, supported) = (json::shown(&head.format), FORMAT);
        return Err(ChannelError::UnsupportedFormat { document, found, supported });
    }
    T::deserialize(value).map_err(|error| wrong(json::problem(error)))
}

/// Checks of a document's fields, which all name what is wrong.
#[derive(Clone, Copy)]
pub(crate) struct Check(pub(crate) Document);

impl Check {
    pub(crate) fn invalid(self, at: impl Into<String>, problem: impl Into<String>) -> ChannelError {
        ChannelError::Invalid { document: self.0, at: at.into(), problem: problem.into() }
    }

    pub(crate) fn count(self, field: &'static str, count: usize, max: usize) -> Result<(), ChannelError> {
        if count > max {
            return Err(ChannelError::TooMany { document: self.0, field, count, max });
        }
        Ok(())
    }

    /// Version from 1, and a time that begins before it ends.
    pub(crate) fn life(self, version: u64, issued_us: i64, expires_us: i64) -> Result<(), ChannelError> {
        if version == 0 {
            return Err(self.invalid("version", "versions start at 1"));
        }
        if issued_us < 0 || expires_us <= issued_us {
            return Err(self.invalid("expires", "it must lie after issued, and issued not before 1970"));
        }
        Ok(())
    }

    /// Lower-case letters, digits, `-`, `_` and `.`, which can be read aloud and stand in a path.
    pub(crate) fn name(self, at: &str, name: &str) -> Result<(), ChannelError> {
        if is_name(name) {
            return Ok(());
        }
        let shown = json::shown(name);
        Err(self.invalid(at, format!("`{shown}` is no name: 1 to 64 of a-z, 0-9, - _ . and no dot first")))
    }
}

/// Whether a text may name a key, a model, a channel or a processor.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    (1..=crate::limits::MAX_NAME_BYTES).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed)
}
