//! Why a record cannot become features; every variant names the feature, and none repeats its value.

use dunlin_bundle::schema::FeatureType;
use dunlin_bundle::tensor::DType;
use serde_json::error::Category;

/// A record that the schema refuses.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// The text is not one JSON object.
    #[error("the record is not a JSON object: {reason}")]
    NotAnObject {
        /// What the parser found, with line and column.
        reason: String,
    },
    /// The record names a feature that the schema does not know.
    #[error("feature '{feature}' is not in the schema; remove it or correct its name")]
    Unknown {
        /// The name found.
        feature: String,
    },
    /// The record holds another number of values than the schema has features.
    #[error("the record holds {found} values for {expected} features; build it by feature name")]
    WrongLength {
        /// Features in the schema.
        expected: usize,
        /// Values in the record.
        found: usize,
    },
    /// A required feature is absent.
    #[error("feature '{feature}' is missing; supply it, or give it a missing policy in the schema")]
    Missing {
        /// The feature.
        feature: String,
    },
    /// The value is of another type than the schema says.
    #[error("feature '{feature}' must be of type {expected:?}; a {found} was given")]
    WrongType {
        /// The feature.
        feature: String,
        /// Type in the schema.
        expected: FeatureType,
        /// What was given.
        found: &'static str,
    },
    /// A number, or an element of a tensor, is NaN or infinite.
    #[error("feature '{feature}' holds NaN or infinity; check the sensor or the preprocessing that made it")]
    NonFinite {
        /// The feature.
        feature: String,
    },
    /// A window of samples holds the same value throughout: no check of the schema, but of whoever samples.
    #[error("feature '{feature}' holds the same value throughout; look whether the sensor is stuck")]
    Constant {
        /// The feature.
        feature: String,
    },
    /// A value lies outside of the domain.
    #[error("feature '{feature}' lies outside of its domain {domain}; check its unit and its source")]
    OutOfDomain {
        /// The feature.
        feature: String,
        /// The domain, as the schema states it.
        domain: String,
    },
    /// A level that the vocabulary does not list, where the schema refuses those.
    #[error(
        "feature '{feature}' has a level that its vocabulary does not list; accept unseen levels in the schema, or map it"
    )]
    UnseenLevel {
        /// The feature.
        feature: String,
    },
    /// A tensor of another shape.
    #[error("feature '{feature}' must have shape {expected:?}; {found:?} was given")]
    WrongShape {
        /// The feature.
        feature: String,
        /// Shape in the schema.
        expected: Vec<usize>,
        /// Shape given.
        found: Vec<usize>,
    },
    /// A tensor of another element type, or with a byte count that does not fit its shape.
    #[error(
        "feature '{feature}' must hold {expected:?} elements, {expected_bytes} bytes in all; {found:?} with {found_bytes} bytes was given"
    )]
    WrongElements {
        /// The feature.
        feature: String,
        /// Element type in the schema.
        expected: DType,
        /// Bytes that the schema's shape takes.
        expected_bytes: usize,
        /// Element type given.
        found: DType,
        /// Bytes given.
        found_bytes: usize,
    },
}

impl FeatureError {
    /// The error of a text that could not be parsed as a JSON object. Says where and of what kind; serde_json's own message
    /// would repeat a part of the text.
    #[must_use]
    pub fn not_an_object(error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            Category::Eof => "it ends too early",
            Category::Data => "it is of another type",
            Category::Syntax | Category::Io => "it is not well-formed JSON",
        };
        Self::NotAnObject { reason: format!("{what} at line {}, column {}", error.line(), error.column()) }
    }

    /// A short name for machines: what the journal and the CLI print.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject { .. } => "not_an_object",
            Self::Unknown { .. } => "unknown_feature",
            Self::WrongLength { .. } => "wrong_length",
            Self::Missing { .. } => "missing",
            Self::WrongType { .. } => "wrong_type",
            Self::NonFinite { .. } => "non_finite",
            Self::Constant { .. } => "constant",
            Self::OutOfDomain { .. } => "out_of_domain",
            Self::UnseenLevel { .. } => "unseen_level",
            Self::WrongShape { .. } => "wrong_shape",
            Self::WrongElements { .. } => "wrong_elements",
        }
    }

    /// The feature at fault, where it is one.
    #[must_use]
    pub fn feature(&self) -> Option<&str> {
        match self {
            Self::NotAnObject { .. } | Self::WrongLength { .. } => None,
            Self::Unknown { feature }
            | Self::Missing { feature }
            | Self::WrongType { feature, .. }
            | Self::NonFinite { feature }
            | Self::Constant { feature }
            | Self::OutOfDomain { feature, .. }
            | Self::UnseenLevel { feature }
            | Self::WrongShape { feature, .. }
            | Self::WrongElements { feature, .. } => Some(feature),
        }
    }
}

/// Transforms that cannot be fitted, compiled or applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// A column names a feature that the schema does not have.
    #[error("input '{input}' uses feature '{feature}', which the schema does not have")]
    UnknownFeature {
        /// The graph's input.
        input: String,
        /// The name found.
        feature: String,
    },
    /// No transform of this name exists in this version.
    #[error(
        "transform '{op}' of feature '{feature}' is not known to this version of Dunlin; update it, or refit without"
    )]
    UnknownTransform {
        /// The feature.
        feature: String,
        /// The name found.
        op: String,
    },
    /// A transform's parameters are wrong.
    #[error("transform '{op}' of feature '{feature}': {reason}")]
    BadParameters {
        /// The feature.
        feature: String,
        /// The transform.
        op: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A transform cannot take what the one before it makes.
    #[error("transform '{op}' of feature '{feature}' takes {expected}, not {found}")]
    WrongKind {
        /// The feature.
        feature: String,
        /// The transform, or `(end)` for the input that the column ends in.
        op: String,
        /// What it takes.
        expected: &'static str,
        /// What it would be given.
        found: &'static str,
    },
    /// The columns of an input do not fill its shape.
    #[error("the columns of input '{input}' make {found} values, its shape takes {expected}")]
    WrongWidth {
        /// The graph's input.
        input: String,
        /// Elements of the shape.
        expected: usize,
        /// Values that the columns make.
        found: usize,
    },
    /// A transform made NaN or infinity of a value that the schema accepts.
    #[error("the transforms of feature '{feature}' made NaN or infinity; tighten its domain in the schema")]
    NonFinite {
        /// The feature.
        feature: String,
    },
    /// The sample has nothing to fit on.
    #[error("transform '{op}' of feature '{feature}' has no value to be fitted on")]
    EmptySample {
        /// The feature.
        feature: String,
        /// The transform.
        op: String,
    },
    /// A record of the sample was refused.
    #[error("record {index} of the sample: {error}")]
    BadSample {
        /// Position in the sample.
        index: usize,
        /// Why.
        error: FeatureError,
    },
}
