//! A minisign public key as a root names it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{Error, PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::error::SignatureFault;

/// Bytes of a minisign public key: two of the algorithm, eight of the id, 32 of Ed25519.
const KEY_BYTES: usize = 42;
/// Where Ed25519's begin.
const ED25519_AT: usize = 10;

/// A public key: the line of a minisign `.pub` file that starts with `RW`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key {
    text: String,
    key: PublicKey,
    ed25519: [u8; 32],
}

/// A text that is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is the line of a minisign .pub file that starts with RW, 56 characters; never the secret key")]
pub struct NotAKey;

impl Key {
    /// Reads the line, or a whole `.pub` file.
    ///
    /// # Errors
    /// [`NotAKey`] for everything else, a secret key too.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines.find(|line| !line.starts_with("untrusted comment:")).ok_or(NotAKey)?;
        if lines.next().is_some() {
            return Err(NotAKey);
        }
        let bytes = STANDARD.decode(line).map_err(|_| NotAKey)?;
        let ed25519 = bytes.get(ED25519_AT..KEY_BYTES).filter(|_| bytes.len() == KEY_BYTES).ok_or(NotAKey)?;
        let ed25519 = ed25519.try_into().map_err(|_| NotAKey)?;
        let key = PublicKey::from_base64(line).map_err(|_| NotAKey)?;
        Ok(Self { text: line.to_owned(), key, ed25519 })
    }

    /// The line that starts with `RW`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether both are one key, whatever id they carry.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.ed25519 == other.ed25519
    }

    /// Whether the text of a signature is this key's over these bytes.
    pub(crate) fn verify(&self, bytes: &[u8], signature: &str) -> Result<(), SignatureFault> {
        let signature = Signature::decode(signature).map_err(|_| SignatureFault::Malformed)?;
        self.key.verify(bytes, &signature, false).map_err(|error| match error {
            Error::UnexpectedAlgorithm | Error::UnsupportedLegacyMode => SignatureFault::Malformed,
            _ => SignatureFault::Wrong,
        })
    }
}

impl TryFrom<String> for Key {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        Self::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.text
    }
}
