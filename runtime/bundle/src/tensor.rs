//! Element types, checked shapes, and the plain f32 tensor that flows from the transforms into the engine.

use serde::{Deserialize, Serialize};

use crate::limits;

/// Element types of a dense tensor, named as safetensors names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum DType {
    F32,
    F16,
    I8,
    U8,
    I32,
    I64,
    Bool,
}

impl DType {
    /// Bytes of one element.
    #[must_use]
    pub fn size_bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::I64 => 8,
        }
    }
}

/// Number of elements of a shape, or `None` when it overflows or is over [`limits::MAX_TENSOR_ELEMENTS`]. Beside a
/// dimension of zero the others must keep the limit all the same, so that no product of some of them overflows.
#[must_use]
pub fn element_count(shape: &[usize]) -> Option<usize> {
    let bound = shape.iter().try_fold(1_usize, |n, dim| n.checked_mul((*dim).max(1)))?;
    let count = if shape.contains(&0) { 0 } else { bound };
    (bound <= limits::MAX_TENSOR_ELEMENTS).then_some(count)
}

/// A dense row-major f32 tensor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Sizes of the dimensions, the batch first.
    pub shape: Vec<usize>,
    /// Elements, as many as the shape says.
    pub data: Vec<f32>,
}

impl Tensor {
    /// All zeros; `None` when the shape is over the limits.
    #[must_use]
    pub fn zeros(shape: &[usize]) -> Option<Self> {
        Some(Self { shape: shape.to_vec(), data: vec![0.0; element_count(shape)?] })
    }
}
