//! Why something received cannot be used, and why two summaries cannot be added.

/// A body that is no message of this protocol, or not one that this version understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// More bytes than a message can have, before or after decompression.
    #[error("the body is larger than {max_bytes} bytes; send smaller summaries")]
    TooLarge {
        /// The limit.
        max_bytes: usize,
    },
    /// The compression is damaged.
    #[error("the body is not gzip: {reason}")]
    NotGzip {
        /// What the decompressor says.
        reason: String,
    },
    /// The JSON is no message.
    #[error("the body is not a message of this protocol: {reason}")]
    Malformed {
        /// Where and why, without quoting the body.
        reason: String,
    },
    /// A message of a kind or version that this reader does not know.
    #[error("'{found}' is not understood here, {known} is; update the receiver")]
    Unsupported {
        /// Type or format found.
        found: String,
        /// What is known.
        known: &'static str,
    },
    /// A field holds what no sender writes.
    #[error("field '{field}' {problem}")]
    BadField {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl WireError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotGzip { .. } => "not_gzip",
            Self::Malformed { .. } => "malformed",
            Self::Unsupported { .. } => "unsupported",
            Self::BadField { .. } => "bad_field",
        }
    }
}

/// Two summaries cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They are of different models, versions or formats.
    #[error("summaries of different models or versions do not add")]
    OtherModel,
    /// They count a feature on different bins.
    #[error("feature '{feature}' is counted on other bins")]
    OtherBins {
        /// The feature.
        feature: String,
    },
}
