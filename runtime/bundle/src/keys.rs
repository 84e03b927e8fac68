//! The public keys that an app trusts, and the check of a signature against them.

use minisign_verify::{Error as MinisignError, PublicKey, Signature};

use crate::error::BundleError;

/// Named minisign public keys; one good signature by any of them makes a bundle trusted.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys {
    keys: Vec<(String, PublicKey)>,
}

/// Why a text is not taken as a trusted key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a minisign public key.
    #[error(
        "key `{name}` is not a minisign public key; give the .pub file that `dunlin keygen` wrote, \
         or its second line, which starts with RW"
    )]
    NotAKey {
        /// Name that the key was to have.
        name: String,
    },
    /// The text is a secret key.
    #[error("key `{name}` is a secret key, which belongs to the signer alone; give the .pub file")]
    SecretKey {
        /// Name that the key was to have.
        name: String,
    },
    /// Another key already has the name.
    #[error("two trusted keys are called `{name}`; give each a name of its own")]
    NameTaken {
        /// The name.
        name: String,
    },
}

/// How the base64 line of every minisign key starts: the letters of its algorithm.
const KEY_START: &str = "RW";
/// Length of a public key's line; a secret key's is longer.
const PUBLIC_KEY_LENGTH: usize = 56;

impl TrustedKeys {
    /// Trusts nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a key: the text of a minisign `.pub` file, or its base64 line alone.
    ///
    /// # Errors
    /// [`KeyError`] when the text is not a public key, or the name is taken.
    pub fn add(&mut self, name: &str, public_key_text: &str) -> Result<(), KeyError> {
        if self.keys.iter().any(|(taken, _)| taken == name) {
            return Err(KeyError::NameTaken { name: name.to_owned() });
        }
        let mut lines = public_key_text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines.find(|line| !line.starts_with("untrusted comment:")).unwrap_or_default();
        if line.starts_with(KEY_START) && line.len() > PUBLIC_KEY_LENGTH {
            return Err(KeyError::SecretKey { name: name.to_owned() });
        }
        let key = PublicKey::from_base64(line).ok().filter(|_| lines.next().is_none());
        let key = key.ok_or_else(|| KeyError::NotAKey { name: name.to_owned() })?;
        self.keys.push((name.to_owned(), key));
        Ok(())
    }

    /// Names of the keys, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(name, _)| name.as_str())
    }

    /// Finds the key that vouches for a manifest; returns its name.
    pub(crate) fn verify(&self, manifest: &[u8], signature: &[u8]) -> Result<&str, BundleError> {
        let signature = parse_signature(signature)?;
        let mut outcome = BundleError::UnknownSigner { trusted: self.keys.len() };
        for (name, key) in &self.keys {
            match key.verify(manifest, &signature, false) {
                Ok(()) => return Ok(name),
                Err(MinisignError::UnexpectedKeyId) => {}
                Err(MinisignError::UnsupportedLegacyMode | MinisignError::UnexpectedAlgorithm) => {
                    outcome = BundleError::MalformedSignature { problem: "it is of minisign's legacy kind" };
                }
                Err(_) => outcome = BundleError::WrongSignature { key: name.clone() },
            }
        }
        Err(outcome)
    }
}

/// Reads the four lines of a signature and nothing else.
pub(crate) fn parse_signature(bytes: &[u8]) -> Result<Signature, BundleError> {
    let malformed = |problem| BundleError::MalformedSignature { problem };
    if bytes.is_empty() {
        return Err(BundleError::Unsigned);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not text"))?;
    let lines = text.strip_suffix('\n').map(|body| body.split('\n').count());
    if lines != Some(4) || text.contains('\r') {
        return Err(malformed("it is not four lines that each end in a line feed"));
    }
    if !text.starts_with("untrusted comment: ") {
        return Err(malformed("its first line is not a comment"));
    }
    Signature::decode(text).map_err(|_| malformed("a line is not what minisign writes there"))
}
