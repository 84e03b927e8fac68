//! A dense tensor that is known before the model runs.

use std::sync::Arc;

use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weight, WeightType};

/// Element type, shape and values; cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Constant {
    pub(crate) dtype: DType,
    /// Dimensions, slowest-moving first. Unlike in a bundle, one may be zero.
    pub(crate) shape: Vec<usize>,
    /// Elements, little-endian, as many as the shape says.
    pub(crate) bytes: Arc<Vec<u8>>,
}

impl Constant {
    pub(crate) fn f32(shape: &[usize], values: &[f32]) -> Self {
        Self::new(DType::F32, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(crate) fn i64(shape: &[usize], values: &[i64]) -> Self {
        Self::new(DType::I64, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// A list of whole numbers, such as axes.
    pub(crate) fn list(values: &[i64]) -> Self {
        Self::i64(&[values.len()], values)
    }

    /// Whole numbers of a type, if each fits.
    pub(crate) fn of_ints(dtype: DType, shape: &[usize], values: &[i64]) -> Option<Self> {
        let bytes = |value: &i64| -> Option<Vec<u8>> {
            Some(match dtype {
                DType::I64 => value.to_le_bytes().to_vec(),
                DType::I32 => i32::try_from(*value).ok()?.to_le_bytes().to_vec(),
                DType::I8 => i8::try_from(*value).ok()?.to_le_bytes().to_vec(),
                DType::U8 | DType::Bool => vec![u8::try_from(*value).ok()?],
                DType::F32 | DType::F16 => return None,
            })
        };
        let bytes: Option<Vec<Vec<u8>>> = values.iter().map(bytes).collect();
        Some(Self::new(dtype, shape, bytes?.concat()))
    }

    pub(crate) fn new(dtype: DType, shape: &[usize], bytes: Vec<u8>) -> Self {
        Self { dtype, shape: shape.to_vec(), bytes: Arc::new(bytes) }
    }

    pub(crate) fn elements(&self) -> usize {
        self.bytes.len() / self.dtype.size_bytes()
    }

    /// The values, if they are f32.
    pub(crate) fn to_f32(&self) -> Option<Vec<f32>> {
        let is_f32 = self.dtype == DType::F32;
        is_f32.then(|| self.bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }

    /// The values, if they are whole numbers or booleans.
    pub(crate) fn to_i64(&self) -> Option<Vec<i64>> {
        let bytes = self.bytes.as_slice();
        match self.dtype {
            DType::I64 => Some(bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect()),
            DType::I32 => Some(bytes.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect()),
            DType::I8 => Some(bytes.iter().map(|b| b.cast_signed().into()).collect()),
            DType::U8 | DType::Bool => Some(bytes.iter().map(|b| i64::from(*b)).collect()),
            DType::F32 | DType::F16 => None,
        }
    }

    /// The only value of a tensor of one element that is f32.
    pub(crate) fn scalar_f32(&self) -> Option<f32> {
        match self.to_f32()?.as_slice() {
            [value] => Some(*value),
            _ => None,
        }
    }

    /// As a bundle holds it.
    pub(crate) fn weight(&self) -> Weight<'_> {
        Weight { dtype: WeightType::Dense(self.dtype), shape: &self.shape, bytes: &self.bytes }
    }
}
