//! Why a document of the channel is refused: each error names the culprit and says what to do.

use std::fmt;

use crate::moment::Moment;

/// Which document an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The keys and who may sign what.
    Root,
    /// What is released and recalled.
    Channel,
}

impl Document {
    /// The payload's `type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Channel => "channel",
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A signature that does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted {
    /// Name that the signature gives its key.
    pub key: String,
    /// Why it does not count.
    pub fault: SignatureFault,
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureFault {
    /// The root has no key of this name: it was never trusted, or it is retired.
    UnknownKey,
    /// The root has the key for other things.
    NotForThis,
    /// It is not by this key, or the payload is not what was signed.
    Wrong,
    /// It is not what minisign writes, or of its legacy kind.
    Malformed,
}

impl fmt::Display for Uncounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.fault {
            SignatureFault::UnknownKey => "is no key of the root: never trusted, or retired",
            SignatureFault::NotForThis => "may not sign this",
            SignatureFault::Wrong => "did not sign these bytes",
            SignatureFault::Malformed => "comes with what is no minisign signature",
        };
        write!(f, "`{}` {why}", self.key)
    }
}

/// A document that is refused. Nothing of it is remembered; the model at hand goes on answering.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// Larger than any honest one; not parsed.
    #[error("{document}: {bytes} bytes, and at most {max} are read; check the URL, or take old releases out")]
    TooLarge {
        /// What it was offered as.
        document: Document,
        /// Its size.
        bytes: usize,
        /// The most allowed.
        max: usize,
    },
    /// Not JSON, or not of the form of the document.
    #[error("{document}: {problem}; fetch it again, and check that the URL leads to a channel")]
    Json {
        /// What it was offered as.
        document: Document,
        /// What is wrong.
        problem: String,
    },
    /// One document offered in the place of another.
    #[error("{document}: its type is `{found}`; it was put in the place of a {document}: check who serves the channel")]
    WrongType {
        /// What it was offered as.
        document: Document,
        /// Its type.
        found: String,
    },
    /// Of another major version.
    #[error("{document}: it has format {found}, this reader knows {supported}; update the app")]
    UnsupportedFormat {
        /// Which document.
        document: Document,
        /// Version in the document.
        found: String,
        /// Version of this reader.
        supported: &'static str,
    },
    /// A list longer than it may be.
    #[error("{document}: {count} {field}, and at most {max} are read; take some out and sign again")]
    TooMany {
        /// Which document.
        document: Document,
        /// What there are too many of.
        field: &'static str,
        /// How many.
        count: usize,
        /// The most allowed.
        max: usize,
    },
    /// A value that contradicts itself or another.
    #[error("{document}: {at}: {problem}; correct it and sign again")]
    Invalid {
        /// Which document.
        document: Document,
        /// What inside it (a key, a role, a release).
        at: String,
        /// What is wrong.
        problem: String,
    },
    /// Too few good signatures by keys that may sign.
    #[error(
        "{document}: good signatures by {} ({}), and {needed} of {} are needed under root {root_version}{}; sign with more of \
         them, or update the app if its root is older than the keys",
        good.len(), listed(good), listed(allowed), because(uncounted)
    )]
    BelowThreshold {
        /// Which document.
        document: Document,
        /// Version of the root whose keys are counted.
        root_version: u64,
        /// How many keys must have signed.
        needed: usize,
        /// Names of the keys that may.
        allowed: Vec<String>,
        /// Names of the keys that did, each once.
        good: Vec<String>,
        /// The other signatures.
        uncounted: Vec<Uncounted>,
    },
    /// A root that does not follow the one at hand.
    #[error("root: version {offered} does not follow {held}; fetch version {} first", held.saturating_add(1))]
    RootGap {
        /// Version at hand.
        held: u64,
        /// Version offered.
        offered: u64,
    },
    /// An older document than the one that was accepted.
    #[error(
        "{document}: version {offered} is older than {held}, which was accepted before; someone serves old files: check the \
         server and what stands between"
    )]
    Rollback {
        /// Which document.
        document: Document,
        /// Version at hand.
        held: u64,
        /// Version offered.
        offered: u64,
    },
    /// Two documents of one version, both signed well.
    #[error(
        "{document}: version {version} was accepted with other bytes; two were signed under one number: publish a higher \
         version, and ask who signs"
    )]
    Fork {
        /// Which document.
        document: Document,
        /// The version that both have.
        version: u64,
    },
    /// Signed before the root took a key away from those who may sign it.
    #[error(
        "channel: it was signed on {}, before root {root_version} retired a key of the channel on {}; sign it again with \
         the keys of today", Moment(*issued_us), Moment(*since_us)
    )]
    BeforeRotation {
        /// When it says it was signed, µs since 1970 UTC.
        issued_us: i64,
        /// When the root that retired a key was signed, µs since 1970 UTC.
        since_us: i64,
        /// Version of the root at hand.
        root_version: u64,
    },
    /// Past its time: the publisher is late, someone holds back newer ones, or the clock is wrong.
    #[error(
        "{document}: version {version} expired on {}, and it is {} by {}; if that is not today's date, correct the clock, \
         else the publisher must sign a newer one or someone holds it back; the present model goes on answering",
        Moment(*expires_us), Moment(*now_us), if *by_clock { "the device's clock" } else { "what was signed last" }
    )]
    Expired {
        /// Which document.
        document: Document,
        /// Its version.
        version: u64,
        /// When it expired, µs since 1970 UTC.
        expires_us: i64,
        /// The moment it was judged at, µs since 1970 UTC.
        now_us: i64,
        /// Whether that moment is the device's clock; else it is the latest moment that a signed document told.
        by_clock: bool,
    },
    /// Another channel under the same root.
    #[error("channel: it is `{found}`, and this device follows `{expected}`; check the URL")]
    OtherChannel {
        /// Name that the device follows.
        expected: String,
        /// Name in the document.
        found: String,
    },
}

impl ChannelError {
    /// A short, stable name of the kind of refusal, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Json { .. } => "json",
            Self::WrongType { .. } => "wrong_type",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::TooMany { .. } => "too_many",
            Self::Invalid { .. } => "invalid",
            Self::BelowThreshold { .. } => "below_threshold",
            Self::RootGap { .. } => "root_gap",
            Self::Rollback { .. } => "rollback",
            Self::Fork { .. } => "fork",
            Self::BeforeRotation { .. } => "before_rotation",
            Self::Expired { .. } => "expired",
            Self::OtherChannel { .. } => "other_channel",
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn because(uncounted: &[Uncounted]) -> String {
    uncounted.iter().map(|signature| format!("; {signature}")).collect()
}
