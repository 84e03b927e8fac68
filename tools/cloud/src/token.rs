//! Who may come in: bearer tokens, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Shortest token: a shorter one is guessed.
const MIN_CHARACTERS: usize = 16;

/// The tokens of a server, kept as digests, so that none of them can end up in a log.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    digests: Vec<[u8; 32]>,
}

/// A text holds no usable token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No line holds a token.
    #[error("there is no token; write one a line, at least {MIN_CHARACTERS} visible ASCII characters")]
    None,
    /// A line is no token.
    #[error("line {line} is no token; a token is at least {MIN_CHARACTERS} visible ASCII characters, without spaces")]
    Unusable {
        /// The line, from 1.
        line: usize,
    },
}

impl Tokens {
    /// Lets everybody in.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads tokens, one a line; empty lines and lines that start with `#` are passed over.
    ///
    /// # Errors
    /// [`TokenError`] naming the line.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut digests = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let token = line.trim();
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            if token.len() < MIN_CHARACTERS || !token.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(TokenError::Unusable { line: index + 1 });
            }
            digests.push(digest(token));
        }
        if digests.is_empty() { Err(TokenError::None) } else { Ok(Self { digests }) }
    }

    /// Whether everybody is let in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.digests.len()
    }

    /// Which token an `Authorization` header holds: `Bearer TOKEN`, or `Basic` with the token as password, which is how
    /// a browser sends it. `Some(0)` for everybody where there is none.
    pub(crate) fn admit(&self, header: Option<&str>) -> Option<usize> {
        if self.is_empty() {
            return Some(0);
        }
        let (scheme, rest) = header?.split_once(' ')?;
        let rest = rest.trim();
        let given = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => digest(rest),
            "basic" => {
                let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
                digest(pair.split_once(':')?.1)
            }
            _ => return None,
        };
        // All of them are compared, so that the time taken tells nothing.
        self.digests.iter().enumerate().fold(
            None,
            |found, (index, known)| {
                if bool::from(known.ct_eq(&given)) { Some(index) } else { found }
            },
        )
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\nfirst-token-of-all\n\nsecond-token-of-all\n";

    #[test]
    fn a_token_is_taken_as_bearer_and_as_password_and_in_no_other_way() {
        let tokens = Tokens::parse(TEXT).expect("they are good");
        assert_eq!(tokens.admit(Some("Bearer first-token-of-all")), Some(0));
        assert_eq!(tokens.admit(Some("bearer second-token-of-all")), Some(1));
        let basic = format!("Basic {}", STANDARD.encode("me:second-token-of-all"));
        assert_eq!(tokens.admit(Some(&basic)), Some(1));
        for wrong in ["", "Bearer", "Bearer ", "Bearer first-token-of-al", "Digest first-token-of-all", "Basic !"] {
            assert_eq!(tokens.admit(Some(wrong)), None, "{wrong}");
        }
        assert_eq!(tokens.admit(None), None);
        assert_eq!(Tokens::none().admit(None), Some(0));
    }

    #[test]
    fn a_file_without_a_token_or_with_a_short_one_is_refused_by_its_line() {
        assert_eq!(Tokens::parse("# nothing\n\n").expect_err("none"), TokenError::None);
        assert_eq!(Tokens::parse("a-long-enough-token\nshort").expect_err("short"), TokenError::Unusable { line: 2 });
        assert_eq!(Tokens::parse("two words of a token").expect_err("spaces"), TokenError::Unusable { line: 1 });
    }
}
