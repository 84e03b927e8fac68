//! What every signed document travels in: its payload as a text, and signatures over that text's bytes.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{ChannelError, Document};
use crate::json;
use crate::limits::{MAX_CHANNEL_BYTES, MAX_ROOT_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNATURES};

/// `{"payload": "<JSON text>", "signatures": [{"key": "<name>", "minisig": "<text>"}]}`.
///
/// What is signed is the payload's bytes as they come out of the string, so nothing has to be written in one way only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The document's JSON text.
    pub payload: String,
    /// Signatures over the payload's bytes, at most [`MAX_SIGNATURES`].
    pub signatures: Vec<Signed>,
}

/// A signature and the name of its key in the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The key's name.
    pub key: String,
    /// The four lines that minisign writes.
    pub minisig: String,
}

impl Envelope {
    /// A payload that nobody has signed yet.
    #[must_use]
    pub fn unsigned(payload: String) -> Self {
        Self { payload, signatures: Vec::new() }
    }

    /// Reads an envelope and trusts nothing in it.
    ///
    /// # Errors
    /// [`ChannelError`] when it is too large (checked before it is parsed), no envelope, or has too many signatures.
    pub fn parse(document: Document, bytes: &[u8]) -> Result<Self, ChannelError> {
        let max = match document {
            Document::Root => MAX_ROOT_BYTES,
            Document::Channel => MAX_CHANNEL_BYTES,
        };
        if bytes.len() > max {
            return Err(ChannelError::TooLarge { document, bytes: bytes.len(), max });
        }
        let wrong = |problem| ChannelError::Json { document, problem };
        let value = json::parse(bytes).map_err(wrong)?;
        let envelope: Self = serde_json::from_value(value).map_err(|error| wrong(json::problem(error)))?;
        let (count, field) = (envelope.signatures.len(), "signatures");
        if count > MAX_SIGNATURES {
            return Err(ChannelError::TooMany { document, field, count, max: MAX_SIGNATURES });
        }
        match envelope.signatures.iter().find(|signed| signed.minisig.len() > MAX_SIGNATURE_BYTES) {
            Some(signed) => Err(ChannelError::Invalid {
                document,
                at: format!("signature by `{}`", json::shown(&signed.key)),
                problem: format!("it is longer than {MAX_SIGNATURE_BYTES} bytes"),
            }),
            None => Ok(envelope),
        }
    }

    /// The envelope as it is served.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings in lists: nothing in it can fail to be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What a fork is told by: signatures may be added to a document, its payload stays.
    #[must_use]
    pub fn payload_digest(&self) -> Digest {
        Digest::of(self.payload.as_bytes())
    }
}
