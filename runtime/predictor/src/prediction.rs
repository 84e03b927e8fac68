//! What the predict line makes: the outputs, read as the schema says, and the guard's verdict on them.

use std::fmt;
use std::sync::Arc;

/// The model's answer to one record and the guard's verdict on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// One for each output of the schema; `None` when any of them held NaN or infinity, which is never an answer.
    pub outputs: Option<Vec<OutputValue>>,
    /// Whether the answer may be used.
    pub verdict: Verdict,
    /// Probability of the chosen class of the first classification output, 0..=1.
    pub confidence: Option<f64>,
    /// The largest robust distance of the input from the training sample, in spreads, where the bundle has a threshold.
    pub distance: Option<f64>,
}

/// One output's values.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValue {
    /// Name of the output.
    pub name: Arc<str>,
    /// Its elements, row-major.
    pub values: Vec<f32>,
    /// The chosen class of a classification.
    pub class: Option<Class>,
}

/// The class that a classification chose.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Position among the classes.
    pub index: usize,
    /// Its name in the schema, or its position where the schema names none.
    pub name: Arc<str>,
    /// Its probability, 0..=1.
    pub probability: f64,
}

/// Whether an answer may be used.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Accept,
    /// It should not be used, and why.
    Abstain(Vec<Reason>),
}

/// Why the guard abstained.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// An output holds NaN or infinity.
    NonFinite {
        /// The output.
        output: Arc<str>,
    },
    /// An output lies outside of the bounds that the schema gives it.
    OutOfRange {
        /// The output.
        output: Arc<str>,
    },
    /// The chosen class is less probable than the bundle's threshold.
    LowConfidence {
        /// The output.
        output: Arc<str>,
        /// Its probability.
        confidence: f64,
        /// The smallest accepted.
        min: f64,
    },
    /// The input lies farther from the training sample than the bundle's threshold.
    FarFromReference {
        /// The feature, or `feature.scalar` for a tensor.
        scalar: Arc<str>,
        /// Its distance, in robust spreads.
        distance: f64,
        /// The largest accepted.
        max: f64,
    },
}

impl Verdict {
    /// Whether the answer may be used.
    #[must_use]
    pub fn is_accept(&self) -> bool {
        matches!(self, Self::Accept)
    }

    /// The reasons against it; empty when accepted.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Accept => &[],
            Self::Abstain(reasons) => reasons,
        }
    }

    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if self.is_accept() { "accept" } else { "abstain" }
    }
}

impl Reason {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NonFinite { .. } => "non_finite",
            Self::OutOfRange { .. } => "out_of_range",
            Self::LowConfidence { .. } => "low_confidence",
            Self::FarFromReference { .. } => "far_from_reference",
        }
    }

    /// The output or scalar at fault.
    #[must_use]
    pub fn culprit(&self) -> &str {
        match self {
            Self::NonFinite { output } | Self::OutOfRange { output } | Self::LowConfidence { output, .. } => output,
            Self::FarFromReference { scalar, .. } => scalar,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonFinite { output } => write!(f, "output '{output}' holds NaN or infinity"),
            Self::OutOfRange { output } => write!(f, "output '{output}' lies outside of its range"),
            Self::LowConfidence { output, confidence, min } => {
                write!(f, "output '{output}': probability {confidence:.3} of the chosen class is below {min:.3}")
            }
            Self::FarFromReference { scalar, distance, max } => {
                write!(
                    f,
                    "'{scalar}' lies {distance:.1} spreads from the training sample, {max:.1} is the most accepted"
                )
            }
        }
    }
}
