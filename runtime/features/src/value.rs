//! One value of a record; tensors may borrow the caller's bytes.

use std::borrow::Cow;

use dunlin_bundle::schema::FeatureType;
use dunlin_bundle::tensor::DType;

/// The value of one feature.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A real number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A level of a category.
    Category(Cow<'a, str>),
    /// True or false.
    Boolean(bool),
    /// Free text.
    Text(Cow<'a, str>),
    /// A dense array.
    Tensor(TensorValue<'a>),
}

/// A dense, row-major array of little-endian elements.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorValue<'a> {
    /// Element type.
    pub dtype: DType,
    /// Sizes of the dimensions, slowest-moving first.
    pub shape: Cow<'a, [usize]>,
    /// Elements, `shape.product() * dtype.size_bytes()` bytes.
    pub bytes: Cow<'a, [u8]>,
}

impl Value<'_> {
    /// What kind of value it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Integer(_) => "integer",
            Self::Category(_) => "category",
            Self::Boolean(_) => "boolean",
            Self::Text(_) => "text",
            Self::Tensor(_) => "tensor",
        }
    }

    /// Whether it is of a feature's type.
    #[must_use]
    pub fn is(&self, expected: FeatureType) -> bool {
        matches!(
            (self, expected),
            (Self::Number(_), FeatureType::Number)
                | (Self::Integer(_), FeatureType::Integer)
                | (Self::Category(_), FeatureType::Category)
                | (Self::Boolean(_), FeatureType::Boolean)
                | (Self::Text(_), FeatureType::Text)
                | (Self::Tensor(_), FeatureType::Tensor)
        )
    }

    /// The value as a number, where it is one; a boolean is 0 or 1.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            Self::Boolean(value) => Some(f64::from(u8::from(*value))),
            Self::Category(_) | Self::Text(_) | Self::Tensor(_) => None,
        }
    }

    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Number(v) => Value::Number(v),
            Self::Integer(v) => Value::Integer(v),
            Self::Category(v) => Value::Category(Cow::Owned(v.into_owned())),
            Self::Boolean(v) => Value::Boolean(v),
            Self::Text(v) => Value::Text(Cow::Owned(v.into_owned())),
            Self::Tensor(v) => Value::Tensor(TensorValue {
                dtype: v.dtype,
                shape: Cow::Owned(v.shape.into_owned()),
                bytes: Cow::Owned(v.bytes.into_owned()),
            }),
        }
    }
}

impl TensorValue<'static> {
    /// An f32 tensor that owns its elements.
    #[must_use]
    pub fn from_f32(shape: &[usize], elements: &[f32]) -> Self {
        let bytes = elements.iter().flat_map(|e| e.to_le_bytes()).collect();
        Self { dtype: DType::F32, shape: Cow::Owned(shape.to_vec()), bytes: Cow::Owned(bytes) }
    }
}

impl TensorValue<'_> {
    /// The elements as numbers, in order. Bytes beyond the last whole element are left out.
    pub fn elements(&self) -> impl Iterator<Item = f64> + '_ {
        let dtype = self.dtype;
        self.bytes.chunks_exact(dtype.size_bytes()).map(move |b| element(dtype, b))
    }
}

/// Reads one little-endian element; `bytes` is as long as the type says, since `chunks_exact` cut it.
fn element(dtype: DType, bytes: &[u8]) -> f64 {
    let mut wide = [0_u8; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    match dtype {
        DType::F32 => f64::from(f32::from_bits(bits as u32)),
        DType::F16 => half::f16::from_bits(bits as u16).to_f64(),
        DType::I8 => f64::from(bits as u8 as i8),
        DType::U8 => f64::from(bits as u8),
        DType::I32 => f64::from(bits as u32 as i32),
        DType::I64 => bits as i64 as f64,
        DType::Bool => f64::from(u8::from(bits != 0)),
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl<'a> From<TensorValue<'a>> for Value<'a> {
    fn from(value: TensorValue<'a>) -> Self {
        Self::Tensor(value)
    }
}
