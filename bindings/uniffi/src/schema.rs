//! What a record must hold and what the model answers, as an app sees it.

use dunlin::schema::{self, StringDomain, UnseenPolicy};

/// One named value of a record.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What kind of value it is.
    pub kind: FeatureType,
    /// Element type of a tensor.
    pub dtype: Option<DType>,
    /// Sizes of a tensor's dimensions, slowest-moving first; empty for every other kind.
    pub shape: Vec<u64>,
    /// Whether every record must hold it.
    pub required: bool,
    /// Smallest value of a number, or of each element of a tensor.
    pub min: Option<f64>,
    /// Largest value of a number, or of each element of a tensor.
    pub max: Option<f64>,
    /// Smallest integer.
    pub min_integer: Option<i64>,
    /// Largest integer.
    pub max_integer: Option<i64>,
    /// The vocabulary of a category.
    pub levels: Vec<String>,
    /// Whether a level outside of the vocabulary is let through.
    pub accepts_unseen: bool,
    /// The longest text, in bytes of UTF-8.
    pub max_bytes: Option<u64>,
    /// Unit of measurement, for people.
    pub unit: Option<String>,
    /// What the journal may keep of it.
    pub privacy: PrivacyClass,
    /// Whether it may leave the device at all.
    pub may_leave: bool,
    /// Why the model needs it.
    pub purpose: Option<String>,
}

/// The kinds of value that a record can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FeatureType {
    /// A finite real number.
    Number,
    /// A whole number.
    Integer,
    /// One level of a vocabulary.
    Category,
    /// True or false.
    Boolean,
    /// Free text.
    Text,
    /// A dense, row-major array of one element type and fixed shape.
    Tensor,
}

/// Type of a tensor's elements, which are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 8-bit signed integer.
    I8,
    /// 8-bit unsigned integer.
    U8,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// One byte, 0 or 1.
    Bool,
}

/// What the journal may keep of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PrivacyClass {
    /// The value itself.
    Plain,
    /// A hash keyed by this installation.
    Hash,
    /// The number of the reference bin it falls in.
    Bucket,
    /// Nothing.
    Drop,
}

/// One output of the model.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct OutputInfo {
    /// Its name.
    pub name: String,
    /// How its numbers are to be read.
    pub task: OutputTask,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Sizes of its dimensions for one record, slowest-moving first.
    pub shape: Vec<u64>,
    /// Unit of a regression's value, for people.
    pub unit: Option<String>,
}

/// How an output's numbers are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum OutputTask {
    /// One probability per class.
    MulticlassClassification,
    /// One probability, of the second of two classes.
    BinaryClassification,
    /// Real values.
    Regression,
    /// A vector without a reading of its own.
    Embedding,
}

impl From<&schema::Feature> for Feature {
    fn from(feature: &schema::Feature) -> Self {
        let (float, int) = (feature.float_domain.unwrap_or_default(), feature.int_domain);
        let StringDomain { value, unseen, max_bytes } = feature.string_domain.clone().unwrap_or_default();
        Self {
            name: feature.name.clone(),
            kind: feature.kind.into(),
            dtype: feature.dtype.map(Into::into),
            shape: sizes(&feature.tensor_sizes()),
            required: feature.is_required(),
            min: float.min,
            max: float.max,
            min_integer: int.map(|int| int.min).filter(|min| *min != i64::MIN),
            max_integer: int.map(|int| int.max).filter(|max| *max != i64::MAX),
            levels: value,
            accepts_unseen: unseen == UnseenPolicy::Accept,
            max_bytes: max_bytes.map(|bytes| bytes as u64),
            unit: feature.unit.clone(),
            privacy: feature.privacy.into(),
            may_leave: feature.may_leave,
            purpose: feature.purpose.clone(),
        }
    }
}

impl OutputInfo {
    /// An output of the schema and its shape, whose first dimension is the batch's.
    pub(crate) fn of(output: &schema::Output, shape: &[usize]) -> Self {
        Self {
            name: output.name.clone(),
            task: output.task.into(),
            classes: output.classes.clone(),
            shape: sizes(shape.get(1..).unwrap_or_default()),
            unit: output.unit.clone(),
        }
    }
}

fn sizes(sizes: &[usize]) -> Vec<u64> {
    sizes.iter().map(|size| *size as u64).collect()
}

impl From<schema::FeatureType> for FeatureType {
    fn from(kind: schema::FeatureType) -> Self {
        match kind {
            schema::FeatureType::Number => Self::Number,
            schema::FeatureType::Integer => Self::Integer,
            schema::FeatureType::Category => Self::Category,
            schema::FeatureType::Boolean => Self::Boolean,
            schema::FeatureType::Text => Self::Text,
            schema::FeatureType::Tensor => Self::Tensor,
        }
    }
}

impl From<dunlin::DType> for DType {
    fn from(dtype: dunlin::DType) -> Self {
        match dtype {
            dunlin::DType::F32 => Self::F32,
            dunlin::DType::F16 => Self::F16,
            dunlin::DType::I8 => Self::I8,
            dunlin::DType::U8 => Self::U8,
            dunlin::DType::I32 => Self::I32,
            dunlin::DType::I64 => Self::I64,
            dunlin::DType::Bool => Self::Bool,
        }
    }
}

impl From<schema::PrivacyClass> for PrivacyClass {
    fn from(privacy: schema::PrivacyClass) -> Self {
        match privacy {
            schema::PrivacyClass::Plain => Self::Plain,
            schema::PrivacyClass::Hash => Self::Hash,
            schema::PrivacyClass::Bucket => Self::Bucket,
            schema::PrivacyClass::Drop => Self::Drop,
        }
    }
}

impl From<schema::Task> for OutputTask {
    fn from(task: schema::Task) -> Self {
        match task {
            schema::Task::MulticlassClassification => Self::MulticlassClassification,
            schema::Task::BinaryClassification => Self::BinaryClassification,
            schema::Task::Regression => Self::Regression,
            schema::Task::Embedding => Self::Embedding,
        }
    }
}
