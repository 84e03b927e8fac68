//! Identifiers that outlive a process: predictions, installations, and hashed people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// First of the epochs that are drawn at random because `state.db` could not be written.
const FIRST_PROVISIONAL: u32 = 1 << 30;
/// Largest epoch that fits in 31 bits.
const LAST: u32 = i32::MAX as u32;

/// Which opening of the runtime's folder a prediction belongs to.
///
/// `state.db` counts writable openings and makes each count durable before the first prediction, so an epoch never
/// comes back. Where it cannot be written the epoch is provisional: drawn at random from the upper half of the range,
/// which the count does not reach in a billion openings, so that even then two predictions share an id only by a chance
/// of one in a billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u32);

impl Epoch {
    /// The epoch of a counted opening; `None` for zero and for the provisional half of the range.
    #[must_use]
    pub fn counted(number: u32) -> Option<Self> {
        (1..FIRST_PROVISIONAL).contains(&number).then_some(Self(number))
    }

    /// An epoch for an opening that could not be counted.
    #[must_use]
    pub fn provisional() -> Self {
        // The remainder is below 2^30, so the sum stays within 31 bits.
        Self(FIRST_PROVISIONAL + (random_u64() % u64::from(FIRST_PROVISIONAL)) as u32)
    }

    /// Whether the epoch was drawn at random rather than counted.
    #[must_use]
    pub fn is_provisional(self) -> bool {
        self.0 >= FIRST_PROVISIONAL
    }

    /// The number itself.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

/// Names one prediction for ever: the epoch in the upper 31 bits, a counter within it in the lower 32.
///
/// As text, and in JSON, it is `epoch-counter`.
///
/// ```
/// use dunlin::ids::PredictionId;
///
/// let id: PredictionId = "12-345".parse()?;
/// assert_eq!((id.epoch().number(), id.counter()), (12, 345));
/// assert_eq!(id.to_string(), "12-345");
/// # Ok::<(), dunlin::ids::IdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PredictionId(i64);

impl PredictionId {
    /// The id of the `counter`-th prediction of an epoch.
    #[must_use]
    pub fn new(epoch: Epoch, counter: u32) -> Self {
        Self(i64::from(epoch.0) << 32 | i64::from(counter))
    }

    /// The opening of the folder in which it was made.
    #[must_use]
    pub fn epoch(self) -> Epoch {
        Epoch((self.0 >> 32) as u32)
    }

    /// Its number within the epoch.
    #[must_use]
    pub fn counter(self) -> u32 {
        (self.0 & i64::from(u32::MAX)) as u32
    }

    /// The one number that the database and the bindings hold.
    #[must_use]
    pub fn to_i64(self) -> i64 {
        self.0
    }

    /// The id behind a number from [`to_i64`](Self::to_i64).
    ///
    /// # Errors
    /// When the number is negative, or too small to hold an epoch.
    pub fn from_i64(number: i64) -> Result<Self, IdError> {
        let id = Self(number);
        if number >> 32 > 0 { Ok(id) } else { Err(IdError::NoSuchNumber { number }) }
    }
}

/// Text or a number that is not a prediction's id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text is not `epoch-counter`.
    #[error("not a prediction id; write it as epoch-counter, for example 12-345")]
    NotAnId,
    /// The number cannot stand for an id.
    #[error("{number} is not a prediction id; pass a number that came from a prediction")]
    NoSuchNumber {
        /// The number given.
        number: i64,
    },
}

impl fmt::Display for PredictionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch().0, self.counter())
    }
}

impl FromStr for PredictionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (epoch, counter) = text.split_once('-').ok_or(IdError::NotAnId)?;
        let epoch = decimal(epoch).filter(|e| (1..=LAST).contains(e)).ok_or(IdError::NotAnId)?;
        Ok(Self::new(Epoch(epoch), decimal(counter).ok_or(IdError::NotAnId)?))
    }
}

/// Parses plain digits; unlike `u32::from_str`, no sign is let through, so that each id has few spellings.
fn decimal(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl TryFrom<String> for PredictionId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PredictionId> for String {
    fn from(id: PredictionId) -> Self {
        id.to_string()
    }
}

/// Names this installation to its fleet; random, and reset at the user's wish.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstallId(pub(crate) [u8; 16]);

impl InstallId {
    /// A new id that no other installation has.
    #[must_use]
    pub fn random() -> Self {
        Self(random_bytes())
    }
}

impl fmt::Display for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstallId({self})")
    }
}

/// A person, as a hash keyed by this installation: enough to forget them, not enough to name them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubjectHash(pub(crate) [u8; 8]);

impl fmt::Display for SubjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SubjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectHash({self})")
    }
}

/// Bytes from the system's generator.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        // No generator (a very early boot, a broken sandbox): the standard library's hasher is seeded per process and
        // per call, which still keeps ids apart; a key made here protects less, and the log says so.
        log::warn!("the system gave no random bytes; ids and hash keys of this opening are weaker than they should be");
        for chunk in bytes.chunks_mut(8) {
            let word = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), chunk.len());
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
    bytes
}

/// The id of an upload: a UUIDv7, whose first bits are the time, so that ids of one device sort as they were made.
pub(crate) fn upload_id(now_us: i64) -> String {
    let millis = u64::try_from(now_us / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid().to_string()
}

/// A number in `0.0..1.0` from the system's generator.
pub(crate) fn random_unit() -> f64 {
    // 53 bits fill an f64.
    (random_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A number from the system's generator.
pub(crate) fn random_u64() -> u64 {
    u64::from_le_bytes(random_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_text_json_and_number(epoch in 1..=LAST, counter: u32) {
            let id = PredictionId::new(Epoch(epoch), counter);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(PredictionId::from_i64(id.to_i64()), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<PredictionId>(&json).unwrap(), id);
        }

        #[test]
        fn ids_order_as_they_were_given_out(a in 1..=LAST, b in 1..=LAST, m: u32, n: u32) {
            let (left, right) = (PredictionId::new(Epoch(a), m), PredictionId::new(Epoch(b), n));
            prop_assert_eq!(left.to_i64().cmp(&right.to_i64()), (a, m).cmp(&(b, n)));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text in "\\PC*") {
            let _ = text.parse::<PredictionId>();
        }
    }

    #[test]
    fn texts_that_are_not_ids_are_refused() {
        for text in ["", "-", "1", "1-", "-1", "0-1", "+1-1", "1-+1", "1-1-1", "1-4294967296", "2147483648-1", "a-b"] {
            assert_eq!(text.parse::<PredictionId>(), Err(IdError::NotAnId), "{text:?}");
        }
        for number in [-1, 0, 1, i64::from(u32::MAX), i64::MIN] {
            assert_eq!(PredictionId::from_i64(number), Err(IdError::NoSuchNumber { number }));
        }
    }

    #[test]
    fn a_provisional_epoch_is_never_one_that_was_counted() {
        for _ in 0..1_000 {
            let epoch = Epoch::provisional();
            assert!(epoch.is_provisional() && epoch.number() <= LAST && Epoch::counted(epoch.number()).is_none());
        }
        assert_eq!(Epoch::counted(0), None);
    }
}
