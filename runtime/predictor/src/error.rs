//! Failures before the guard: a record refused, an engine that failed, a model that cannot be loaded or trusted.

use dunlin_engine::EngineError;
use dunlin_features::{FeatureError, TransformError};

/// A record has no prediction.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The schema refuses the record.
    #[error(transparent)]
    Feature(#[from] FeatureError),
    /// The transforms cannot take a value that the schema accepts.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl PredictError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Feature(error) => error.code(),
            Self::Transform(_) => "transform",
            Self::Engine(error) => error.code(),
        }
    }

    /// The feature at fault, where it is one.
    #[must_use]
    pub fn feature(&self) -> Option<&str> {
        match self {
            Self::Feature(error) => error.feature(),
            Self::Transform(TransformError::NonFinite { feature }) => Some(feature),
            Self::Transform(_) | Self::Engine(_) => None,
        }
    }
}

/// A model cannot be loaded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A missing policy substitutes a value that the schema refuses.
    #[error("schema: {0}")]
    Schema(#[from] FeatureError),
    /// The transforms do not fit the schema.
    #[error("transforms: {0}")]
    Transforms(#[from] TransformError),
    /// The graph cannot be compiled.
    #[error("graph: {0}")]
    Engine(#[from] EngineError),
    /// The bundle asks for a later engine than this one.
    #[error("the model needs engine {needed} or later, this is {found}; update the app")]
    EngineTooOld {
        /// Version that the manifest asks for.
        needed: String,
        /// Version of this build.
        found: &'static str,
    },
    /// The transforms make other inputs than the graph takes.
    #[error("the transforms make the inputs [{made}], the graph takes [{taken}]")]
    InputsDiffer {
        /// Names of the inputs made.
        made: String,
        /// Names of the inputs taken.
        taken: String,
    },
    /// The graph makes other outputs than the schema describes.
    #[error("the graph makes the outputs [{made}], the schema describes [{described}]")]
    OutputsDiffer {
        /// Names of the outputs made.
        made: String,
        /// Names of the outputs described.
        described: String,
    },
    /// An output is wider or narrower than its task and classes need.
    #[error("the graph's output '{output}' has not the width that the schema's task and classes need")]
    OutputWidth {
        /// The output.
        output: String,
    },
    /// A distance threshold names a scalar that the schema does not have.
    #[error("the guard measures the distance of '{scalar}', which the schema does not have; pack the bundle again")]
    UnknownScalar {
        /// The name found.
        scalar: String,
    },
}

/// A golden set that cannot be run, or disagrees with what the model answers here.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// A record of the golden set is no record of the schema.
    #[error("golden case {case}: {error}")]
    BadRecord {
        /// Position in the set, from 0.
        case: usize,
        /// Why.
        error: FeatureError,
    },
    /// A golden tensor is missing or has too few rows.
    #[error("golden case {case}: golden.safetensors has no row for feature '{feature}'")]
    MissingTensor {
        /// Position in the set.
        case: usize,
        /// The feature.
        feature: String,
    },
    /// The model could not answer a golden record.
    #[error("golden case {case} has no answer: {error}")]
    Failed {
        /// Position in the set.
        case: usize,
        /// Why.
        error: PredictError,
    },
    /// The model answers with NaN or infinity.
    #[error("golden case {case}: the model answers NaN or infinity on this device's kernels ({kernels})")]
    NonFinite {
        /// Position in the set.
        case: usize,
        /// The kernel set.
        kernels: String,
    },
    /// The golden set states no tolerance for an output and kernel family.
    #[error("the golden set has no tolerance for output '{output}' on {family} kernels; pack the bundle again")]
    NoTolerance {
        /// The output.
        output: String,
        /// The kernel family.
        family: &'static str,
    },
    /// An answer differs by more than the tolerance.
    #[error(
        "golden case {case}, output '{output}', element {element}: expected {expected}, found {found} on this device's \
         kernels ({kernels}); the model must not be trusted here"
    )]
    Disagrees {
        /// Position in the set.
        case: usize,
        /// The output.
        output: String,
        /// Element of the output.
        element: usize,
        /// What the bundle says.
        expected: f32,
        /// What this device makes of it.
        found: f32,
        /// The kernel set.
        kernels: String,
    },
    /// An answer has another number of elements than expected.
    #[error("golden case {case}: output '{output}' has {found} elements, {expected} are expected")]
    WrongLength {
        /// Position in the set.
        case: usize,
        /// The output.
        output: String,
        /// Elements expected.
        expected: usize,
        /// Elements found.
        found: usize,
    },
}
