//! What goes wrong on purpose: one fault for each upload attempt, in order, and afterwards nothing.

mod answer;
mod body;

use std::collections::VecDeque;
use std::str::FromStr;

pub(crate) use answer::{Abort, cut, instead, read_a_little};
pub(crate) use body::Piped;

/// The faults of the next upload attempts, in order. Parsed from words with commas between: `503/1,cut,ok,captive`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    faults: VecDeque<Fault>,
}

/// What happens to one upload attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// `ok`: nothing; the attempt is treated as ever.
    None,
    /// `503` or `503/1`: this status, with this `Retry-After` in seconds. Nothing is stored.
    Status(u16, Option<u64>),
    /// `cut`: the summary is stored, and the connection is cut in the middle of the answer's body.
    Cut,
    /// `cut-request`: the connection is cut while the request's body is read. Nothing is stored.
    CutRequest,
    /// `captive`: status 200 with a page of HTML, as a captive portal answers. Nothing is stored.
    Captive,
    /// `wrong-id`: status 200 and an acknowledgement of another upload. Nothing is stored.
    WrongId,
    /// `garbage`: status 200 and a body that is no JSON. Nothing is stored.
    Garbage,
    /// `redirect`: status 302 to elsewhere. Nothing is stored.
    Redirect,
    /// `endless`: status 200 and a body that trickles for a minute. Nothing is stored.
    Endless,
    /// `hang`: no answer for a minute. Nothing is stored.
    Hang,
}

/// A list of faults that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// A word is no fault.
    #[error(
        "'{word}' is no fault; there are STATUS, STATUS/RETRY_AFTER, ok, cut, cut-request, captive, wrong-id, garbage, \
         redirect, endless and hang, with commas between"
    )]
    Unknown {
        /// The word.
        word: String,
    },
    /// A status that no answer can have.
    #[error("'{word}': a status is a number from 200 to 599, and Retry-After a number of seconds")]
    BadStatus {
        /// The word.
        word: String,
    },
}

impl FaultPlan {
    /// A plan of these faults.
    #[must_use]
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { faults: faults.into_iter().collect() }
    }

    /// The fault of the next attempt.
    pub(crate) fn next(&mut self) -> Fault {
        self.faults.pop_front().unwrap_or(Fault::None)
    }
}

impl FromStr for FaultPlan {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let words = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
        Ok(Self { faults: words.map(str::parse).collect::<Result<_, _>>()? })
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(word: &str) -> Result<Self, FaultError> {
        Ok(match word {
            "ok" => Self::None,
            "cut" => Self::Cut,
            "cut-request" => Self::CutRequest,
            "captive" => Self::Captive,
            "wrong-id" => Self::WrongId,
            "garbage" => Self::Garbage,
            "redirect" => Self::Redirect,
            "endless" => Self::Endless,
            "hang" => Self::Hang,
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => return status(word),
            _ => return Err(FaultError::Unknown { word: word.to_owned() }),
        })
    }
}

/// Reads `STATUS` or `STATUS/RETRY_AFTER`.
fn status(word: &str) -> Result<Fault, FaultError> {
    let bad = || FaultError::BadStatus { word: word.to_owned() };
    let (status, retry_after) = match word.split_once('/') {
        Some((status, seconds)) => (status, Some(seconds.parse().map_err(|_| bad())?)),
        None => (word, None),
    };
    let status = status.parse().ok().filter(|status| (200..600).contains(status)).ok_or_else(bad)?;
    Ok(Fault::Status(status, retry_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_in_order_and_then_nothing_goes_wrong() {
        let mut plan: FaultPlan = "503/1, 429,cut,ok,wrong-id".parse().expect("they are faults");
        let expected = [Fault::Status(503, Some(1)), Fault::Status(429, None), Fault::Cut, Fault::None, Fault::WrongId];
        assert_eq!(plan, FaultPlan::new(expected));
        expected.iter().for_each(|fault| assert_eq!(plan.next(), *fault));
        assert_eq!(plan.next(), Fault::None);
        assert_eq!("".parse(), Ok(FaultPlan::default()));
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (text, word) in [("503,cutt", "cutt"), ("ok,,ok", ""), ("ok,CUT", "CUT")] {
            assert_eq!(text.parse::<FaultPlan>(), Err(FaultError::Unknown { word: word.into() }));
        }
        for word in ["99", "600", "503/", "503/soon", "5O3", "503/1/2"] {
            assert_eq!(word.parse::<FaultPlan>(), Err(FaultError::BadStatus { word: word.into() }), "{word}");
        }
    }
}
