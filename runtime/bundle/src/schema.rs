//! `schema.json`: what a record must hold, what the model answers, and what may be remembered of either.
//!
//! Field names are those of TensorFlow Metadata's `schema.proto` where it has one (`feature`, `presence.min_fraction`,
//! `shape.dim[].size`, `int_domain`, `float_domain`, `string_domain.value`); the rest is named as the field names it.

use serde::{Deserialize, Serialize};

use crate::tensor::DType;

/// Features in the order in which a record holds them, and the model's outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Features, in record order.
    pub feature: Vec<Feature>,
    /// Outputs, in the order of the graph's outputs.
    pub output: Vec<Output>,
}

/// One named value of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Unique within the schema.
    pub name: String,
    /// What kind of value it is.
    #[serde(rename = "type")]
    pub kind: FeatureType,
    /// Element type of a tensor; absent for every other type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<DType>,
    /// Shape of a tensor; absent for every other type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<FixedShape>,
    /// How often the feature must be there; a feature that is not always there needs a `missing` policy.
    #[serde(default)]
    pub presence: Presence,
    /// What to do with a record in which the feature is absent.
    #[serde(default)]
    pub missing: MissingPolicy,
    /// Inclusive bounds of an integer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int_domain: Option<IntDomain>,
    /// Inclusive bounds of a number, or of every element of a tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_domain: Option<FloatDomain>,
    /// Vocabulary of a category, or length bound of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_domain: Option<StringDomain>,
    /// Unit of measurement, for people (`Cel`, `km/h`, `grey level`); UCUM where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What the journal may keep of the value. Undeclared means dropped.
    #[serde(default)]
    pub privacy: PrivacyClass,
    /// Whether the value may be sent from the device at all (to a cloud fallback, say). Undeclared means no.
    #[serde(default)]
    pub may_leave: bool,
    /// Why the model needs it; a policy of the app can ban a purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The scalars that stand for a tensor when its distribution is watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift_summaries: Vec<TensorScalar>,
}

/// The kinds of value that a record can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FeatureType {
    /// A finite real number (f64).
    Number,
    /// A whole number (i64).
    Integer,
    /// One level of a vocabulary.
    Category,
    /// True or false.
    Boolean,
    /// Free text (UTF-8).
    Text,
    /// A dense array of one element type and fixed shape, row-major.
    Tensor,
}

/// How often a feature is there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// Share of records that must hold the feature; 1 means every one.
    pub min_fraction: f64,
}

impl Default for Presence {
    fn default() -> Self {
        Self { min_fraction: 1.0 }
    }
}

/// What to do with a record in which a feature is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub enum MissingPolicy {
    /// Refuse the record, naming the feature.
    #[default]
    Refuse,
    /// Use this value instead; it must itself pass the feature's checks.
    Impute {
        /// The value, in the JSON form of the feature's type.
        value: serde_json::Value,
    },
}

/// A tensor's shape without the batch dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedShape {
    /// Dimensions, slowest-moving first.
    pub dim: Vec<FixedDim>,
}

/// One dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedDim {
    /// Number of elements along it.
    pub size: usize,
}

impl FixedShape {
    /// The sizes of the dimensions, slowest-moving first.
    pub fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        self.dim.iter().map(|d| d.size)
    }

    /// Makes a shape of plain sizes.
    #[must_use]
    pub fn of(sizes: &[usize]) -> Self {
        Self { dim: sizes.iter().map(|&size| FixedDim { size }).collect() }
    }
}

/// Inclusive bounds of an integer feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntDomain {
    /// Smallest value allowed.
    #[serde(default = "min_i64")]
    pub min: i64,
    /// Largest value allowed.
    #[serde(default = "max_i64")]
    pub max: i64,
}

fn min_i64() -> i64 {
    i64::MIN
}

fn max_i64() -> i64 {
    i64::MAX
}

/// Inclusive bounds of a real value, in the feature's unit. An absent bound does not bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FloatDomain {
    /// Smallest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

impl FloatDomain {
    /// Whether a value lies within the bounds; NaN never does.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        !value.is_nan() && self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// What a category or a text may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StringDomain {
    /// The vocabulary of a category, in a fixed order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub value: Vec<String>,
    /// What to do with a level that the vocabulary does not list.
    #[serde(default)]
    pub unseen: UnseenPolicy,
    /// The longest text accepted, in bytes of UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<usize>,
}

/// What to do with a level that was not seen in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenPolicy {
    /// Refuse the record, naming the feature.
    #[default]
    Refuse,
    /// Let it through; transforms put it in their bucket for unseen levels.
    Accept,
}

/// What the journal may keep of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyClass {
    /// The value itself.
    Plain,
    /// A keyed hash, with a key of this installation alone: equal values can be told, the value cannot.
    Hash,
    /// The number of the reference bin it falls in.
    Bucket,
    /// Nothing. The default for anything undeclared.
    #[default]
    Drop,
}

/// A number that stands for a whole tensor when its distribution is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TensorScalar {
    /// Arithmetic mean of the elements.
    Mean,
    /// Population standard deviation of the elements.
    StandardDeviation,
    /// Smallest element.
    Min,
    /// Largest element.
    Max,
    /// Mean squared difference of neighbours along the last two dimensions (one, if there is one).
    GradientEnergy,
    /// Share of elements that are exactly zero.
    ZeroFraction,
}

impl TensorScalar {
    /// Its name in reference distributions and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::StandardDeviation => "standard_deviation",
            Self::Min => "min",
            Self::Max => "max",
            Self::GradientEnergy => "gradient_energy",
            Self::ZeroFraction => "zero_fraction",
        }
    }
}

/// One output of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Name of the graph's output that it describes.
    pub name: String,
    /// How its numbers are to be read.
    pub task: Task,
    /// Names of the classes, one for each element of a classification's output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Inclusive bounds that every element must keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_domain: Option<FloatDomain>,
    /// Unit of a regression's value, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// How an output's numbers are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One probability per class, summing to one; the answer is the largest.
    MulticlassClassification,
    /// One probability, of the second of two classes.
    BinaryClassification,
    /// Real values.
    Regression,
    /// A vector without a reading of its own.
    Embedding,
}

impl Schema {
    /// Position of a feature in a record, by name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.feature.iter().position(|f| f.name == name)
    }
}

impl Feature {
    /// Whether every record must hold the feature.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.missing == MissingPolicy::Refuse
    }

    /// Sizes of a tensor's dimensions; empty for every other type.
    #[must_use]
    pub fn tensor_sizes(&self) -> Vec<usize> {
        self.shape.iter().flat_map(FixedShape::sizes).collect()
    }
}
