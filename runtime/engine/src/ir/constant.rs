//! Values known before the run: weights left where they are until somebody packs them, and small computed tensors.

use std::sync::Arc;

use dunlin_bundle::tensor::DType;
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights};

use super::{Type, Value};

/// A constant's elements, row-major.
#[derive(Clone, Debug)]
pub(crate) enum Constant {
    /// Floating-point weights (F32 or F16) of this name, read when needed.
    Stored(String),
    /// A matrix (n, k) of this name in ggml blocks.
    Blocks(String, GgmlType),
    F32(Arc<[f32]>),
    I64(Arc<[i64]>),
    I32(Arc<[i32]>),
    /// U8 and Bool as they are; I8 with 128 added.
    Bytes(Arc<[u8]>),
}

impl Constant {
    /// Reads an initializer: all but floats and blocks at once.
    pub(crate) fn read(name: &str, weight: &Weight<'_>) -> Result<(Type, Self), String> {
        let dtype = match weight.dtype {
            WeightType::Ggml(ggml) => return Ok((Type::F32, Self::Blocks(name.to_owned(), ggml))),
            WeightType::Dense(dtype) => dtype,
        };
        Ok(match dtype {
            DType::F32 | DType::F16 => (Type::F32, Self::Stored(name.to_owned())),
            DType::I64 => {
                (Type::I64, Self::I64(weight.bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect()))
            }
            DType::I32 => {
                (Type::I32, Self::I32(weight.bytes.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b)).collect()))
            }
            DType::U8 => (Type::U8, Self::Bytes(weight.bytes.into())),
            DType::I8 => (Type::I8, Self::Bytes(weight.bytes.iter().map(|b| b ^ 0x80).collect())),
            DType::Bool => (Type::Bool, Self::Bytes(weight.bytes.into())),
        })
    }

    /// The elements of a constant in whichever storage, as the bytes of a run.
    pub(crate) fn to_bytes(&self, weights: &Weights) -> Option<Vec<u8>> {
        Some(match self {
            Self::Stored(_) | Self::Blocks(..) => floats(self, weights)?.iter().flat_map(|x| x.to_ne_bytes()).collect(),
            Self::F32(values) => values.iter().flat_map(|x| x.to_ne_bytes()).collect(),
            Self::I64(values) => values.iter().flat_map(|x| x.to_ne_bytes()).collect(),
            Self::I32(values) => values.iter().flat_map(|x| x.to_ne_bytes()).collect(),
            Self::Bytes(values) => values.to_vec(),
        })
    }

    /// That of a value without elements.
    pub(crate) fn empty(ty: Type) -> Self {
        Self::from_bytes(ty, &[])
    }

    /// A constant from the bytes of a run.
    pub(crate) fn from_bytes(ty: Type, bytes: &[u8]) -> Self {
        match ty {
            Type::F32 => Self::F32(bytes.as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b)).collect()),
            Type::I64 => Self::I64(bytes.as_chunks().0.iter().map(|b| i64::from_ne_bytes(*b)).collect()),
            Type::I32 => Self::I32(bytes.as_chunks().0.iter().map(|b| i32::from_ne_bytes(*b)).collect()),
            Type::U8 | Type::I8 | Type::Bool => Self::Bytes(bytes.into()),
        }
    }
}

/// The elements of a floating-point constant; `None` where it holds something else.
pub(crate) fn floats(constant: &Constant, weights: &Weights) -> Option<Arc<[f32]>> {
    match constant {
        Constant::F32(values) => Some(Arc::clone(values)),
        Constant::Stored(name) => weights.get(name)?.to_f32().map(Arc::from),
        _ => None,
    }
}

impl Value {
    /// The whole numbers of a constant; `None` where the value is no constant or holds something else.
    pub(crate) fn integers(&self) -> Option<Vec<i64>> {
        match self.constant.as_ref()? {
            Constant::I64(values) => Some(values.to_vec()),
            Constant::I32(values) => Some(values.iter().map(|v| i64::from(*v)).collect()),
            _ => None,
        }
    }

    /// The floats of a constant; `None` where the value is no constant or holds something else.
    pub(crate) fn floats(&self, weights: &Weights) -> Option<Arc<[f32]>> {
        floats(self.constant.as_ref()?, weights)
    }

    /// The one float of a constant.
    pub(crate) fn float(&self, weights: &Weights) -> Option<f32> {
        if self.count() != 1 {
            return None;
        }
        self.floats(weights)?.first().copied()
    }

    /// The bytes of a constant of bytes.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        if let Some(Constant::Bytes(values)) = &self.constant { Some(values) } else { None }
    }
}
