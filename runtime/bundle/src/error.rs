//! Why a bundle is refused: every error names the entry that is at fault.

use std::fmt;

use crate::weights::WeightsError;

/// Why a bundle cannot be read or trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file could not be read at all.
    #[error("the bundle cannot be read ({source}); check that the file exists and may be read")]
    Io {
        /// What the system said.
        source: std::io::Error,
    },
    /// More bytes than a bundle may have.
    #[error("{length} bytes are more than the {limit} that a bundle may have")]
    TooLarge {
        /// Length of the file, or what its manifest adds up to.
        length: u64,
        /// The most allowed.
        limit: u64,
    },
    /// Fewer bytes than the smallest bundle has.
    #[error("{length} bytes are too few for a bundle; the file was cut off: fetch it again")]
    TooSmall {
        /// Length of the file.
        length: u64,
    },
    /// The file does not begin as a bundle does.
    #[error("this is not a bundle: it does not start with a zip header")]
    NotABundle,
    /// The signature entry is empty.
    #[error("signature.minisig is empty: the bundle is not signed; sign it with `dunlin sign`")]
    Unsigned,
    /// The signature entry is not four lines of minisign.
    #[error("signature.minisig is not a minisign signature ({problem}); sign the bundle again")]
    MalformedSignature {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The signature was made with a key that is not trusted here.
    #[error(
        "signature.minisig was made with a key that is not among the {trusted} trusted here; \
         add the signer's public key, or get the bundle from someone you trust"
    )]
    UnknownSigner {
        /// How many keys are trusted.
        trusted: usize,
    },
    /// The signature claims a trusted key but does not fit the manifest.
    #[error("signature.minisig does not fit manifest.json under key `{key}`: the bundle was changed; fetch it again")]
    WrongSignature {
        /// Name of the key that the signature claims.
        key: String,
    },
    /// The format is of another major version.
    #[error("manifest.json has format {found}, this reader knows {supported}; update the runtime or repack the model")]
    UnsupportedFormat {
        /// Version in the manifest.
        found: String,
        /// Version of this reader.
        supported: String,
    },
    /// The bundle needs an ability that this reader lacks.
    #[error("manifest.json requires `{requirement}`, which this reader does not know; update the runtime")]
    UnknownRequirement {
        /// The ability.
        requirement: String,
    },
    /// The container differs from the one file that the manifest implies.
    #[error("{entry}: {fault}; the file was changed or written by another tool: fetch or pack it again")]
    Layout {
        /// Entry at which the difference starts, or `central directory` or `end record`.
        entry: String,
        /// What differs.
        fault: LayoutFault,
    },
    /// Something claims to be larger than it may be.
    #[error("{entry}: {value} is over {limit} ({max})")]
    Limit {
        /// The entry that claims it.
        entry: String,
        /// Name of the limit, as in [`limits`](crate::limits).
        limit: &'static str,
        /// What was claimed or found.
        value: u64,
        /// The most allowed.
        max: u64,
    },
    /// The content is not what the signed manifest says.
    #[error("{entry}: its SHA-256 is not the one in manifest.json: the content was changed; fetch the bundle again")]
    Hash {
        /// The entry that was changed.
        entry: String,
    },
    /// The text is not JSON, or not of the expected form.
    #[error("{entry}: line {line}, column {column}: {problem}; correct it and pack again")]
    Json {
        /// The entry that cannot be parsed.
        entry: String,
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1; 0 where it concerns the whole line.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// The content parses but contradicts itself or another entry.
    #[error("{entry}: {at}: {problem}; correct it and pack again")]
    Invalid {
        /// The entry that is at fault.
        entry: String,
        /// What inside it (a feature, a node, a tensor, a case).
        at: String,
        /// What is wrong.
        problem: String,
    },
    /// The weights are unusable.
    #[error("{entry}: {source}")]
    Weights {
        /// The entry that is at fault.
        entry: String,
        /// What is wrong, naming the tensor.
        source: WeightsError,
    },
}

/// How a file differs from the canonical container of its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutFault {
    /// The file ends inside the entry.
    Truncated,
    /// There is no zip header where the entry should start.
    NoHeader,
    /// The entry is compressed.
    Compressed {
        /// Zip's number of the method.
        method: u16,
    },
    /// The header has flags (encryption, a trailing descriptor, ...).
    Flags {
        /// Zip's flag bits.
        flags: u16,
    },
    /// The entry is not there.
    Missing,
    /// Another entry stands in its place.
    OutOfOrder {
        /// Name of the entry found.
        found: String,
    },
    /// An entry comes a second time.
    Repeated {
        /// Name of the entry found.
        found: String,
    },
    /// An entry that the manifest does not list, or the format does not know.
    Unlisted {
        /// Name of the entry found.
        found: String,
    },
    /// A name that could escape a folder or mean two things: absolute, dotted, with a backslash, a NUL, ...
    UnsafeName {
        /// Name of the entry found, with unprintable characters escaped.
        found: String,
    },
    /// An extra field other than the zero-filled alignment.
    ExtraField,
    /// Another header field differs.
    Field {
        /// Name of the field.
        field: &'static str,
    },
    /// Bytes after the end.
    TrailingBytes {
        /// How many.
        count: u64,
    },
}

impl fmt::Display for LayoutFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the file ends inside it"),
            Self::NoHeader => f.write_str("no zip header where it should start (bytes between entries, or an overlap)"),
            Self::Compressed { method } => write!(f, "it is compressed (method {method}); entries are stored"),
            Self::Flags { flags } => write!(f, "its header has flags {flags:#06x}; a bundle sets none"),
            Self::Missing => f.write_str("the entry is missing"),
            Self::OutOfOrder { found } => write!(f, "`{found}` stands in its place"),
            Self::Repeated { found } => write!(f, "`{found}` comes twice"),
            Self::Unlisted { found } => write!(f, "`{found}` is not an entry of this bundle"),
            Self::UnsafeName { found } => write!(f, "`{found}` is not a name that an entry may have"),
            Self::ExtraField => f.write_str("its extra field is not the canonical alignment"),
            Self::Field { field } => write!(f, "header field `{field}` is not what the manifest implies"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes follow the end of the bundle"),
        }
    }
}

impl BundleError {
    /// A short, stable name of the kind of refusal, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::TooLarge { .. } => "too_large",
            Self::TooSmall { .. } => "too_small",
            Self::NotABundle => "not_a_bundle",
            Self::Unsigned => "unsigned",
            Self::MalformedSignature { .. } => "malformed_signature",
            Self::UnknownSigner { .. } => "unknown_signer",
            Self::WrongSignature { .. } => "wrong_signature",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::UnknownRequirement { .. } => "unknown_requirement",
            Self::Layout { .. } => "layout",
            Self::Limit { .. } => "limit",
            Self::Hash { .. } => "hash",
            Self::Json { .. } => "json",
            Self::Invalid { .. } => "invalid",
            Self::Weights { .. } => "weights",
        }
    }

    /// The entry at fault, where there is one.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        match self {
            Self::Layout { entry, .. }
            | Self::Limit { entry, .. }
            | Self::Hash { entry }
            | Self::Json { entry, .. }
            | Self::Invalid { entry, .. }
            | Self::Weights { entry, .. } => Some(entry),
            Self::Unsigned
            | Self::MalformedSignature { .. }
            | Self::UnknownSigner { .. }
            | Self::WrongSignature { .. } => Some(crate::entry::SIGNATURE),
            Self::UnsupportedFormat { .. } | Self::UnknownRequirement { .. } => Some(crate::entry::MANIFEST),
            Self::Io { .. } | Self::TooLarge { .. } | Self::TooSmall { .. } | Self::NotABundle => None,
        }
    }
}
