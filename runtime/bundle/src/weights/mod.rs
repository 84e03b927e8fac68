//! Named tensors, dense or block-quantised, over bytes that are shared and never copied.

mod finite;
mod ggml;
mod gguf;
mod safetensors;
mod writers;

use std::collections::BTreeMap;
use std::ops::{Deref, Range};
use std::sync::Arc;

pub use ggml::GgmlType;
pub use writers::{gguf_bytes, safetensors_bytes};

use crate::limits;
use crate::mmap::Backing;
use crate::tensor::{DType, element_count};

/// The tensors of one or two weights entries, by name. Cloning is cheap: the bytes are shared.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    tensors: Arc<BTreeMap<String, Stored>>,
}

/// One tensor, borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight<'a> {
    /// How its elements are held.
    pub dtype: WeightType,
    /// Dimensions, slowest-moving first; none for a scalar.
    pub shape: &'a [usize],
    /// Its elements or blocks, row-major, little-endian. They need not be aligned for their type in memory.
    pub bytes: &'a [u8],
}

/// How the elements of a tensor are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightType {
    /// One by one.
    Dense(DType),
    /// In quantised blocks along the last dimension.
    Ggml(GgmlType),
}

/// The bytes of one tensor; as long as it lives, so do they.
#[derive(Clone, Debug)]
pub struct SharedBytes {
    backing: Arc<Backing>,
    range: Range<usize>,
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.backing[self.range.clone()]
    }
}

/// Why weights cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The header, or what stands between tensors, is wrong.
    #[error("header: {problem}; write the weights again")]
    Header {
        /// What is wrong.
        problem: String,
    },
    /// Something claims to be larger than it may be.
    #[error("{what}: {value} is over {limit} ({max})")]
    Limit {
        /// What claims it: the header, or a tensor by name.
        what: String,
        /// Name of the limit, as in [`limits`].
        limit: &'static str,
        /// What was claimed.
        value: u64,
        /// The most allowed.
        max: u64,
    },
    /// One tensor is wrong.
    #[error("tensor `{tensor}`: {problem}; export the model again")]
    Tensor {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong.
        problem: String,
    },
}

/// A tensor within its backing bytes.
#[derive(Clone, Debug)]
struct Stored {
    dtype: WeightType,
    shape: Vec<usize>,
    backing: Arc<Backing>,
    range: Range<usize>,
}

impl Weights {
    /// Reads a safetensors file, for tools. Every value is checked to be finite.
    ///
    /// # Errors
    /// [`WeightsError`] naming the tensor.
    pub fn from_safetensors(bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let (whole, backing) = (0..bytes.len(), Arc::new(Backing::Memory(bytes)));
        let weights = Self::read_safetensors(&backing, whole)?;
        weights.check_values()?;
        Ok(weights)
    }

    /// Reads a GGUF file (version 2 or 3), for tools. Every scale is checked to be finite.
    ///
    /// # Errors
    /// [`WeightsError`] naming the tensor.
    pub fn from_gguf(bytes: Vec<u8>) -> Result<Self, WeightsError> {
        let (whole, backing) = (0..bytes.len(), Arc::new(Backing::Memory(bytes)));
        let weights = Self::read_gguf(&backing, whole)?;
        weights.check_values()?;
        Ok(weights)
    }

    /// Reads the header of a safetensors entry; values are not looked at.
    pub(crate) fn read_safetensors(backing: &Arc<Backing>, entry: Range<usize>) -> Result<Self, WeightsError> {
        Self::collect(backing, entry.start, safetensors::parse(&backing[entry])?)
    }

    /// Reads the header of a GGUF entry; values are not looked at.
    pub(crate) fn read_gguf(backing: &Arc<Backing>, entry: Range<usize>) -> Result<Self, WeightsError> {
        Self::collect(backing, entry.start, gguf::parse(&backing[entry])?)
    }

    /// Refuses a safetensors entry whose data could not be used where they stand in the file.
    pub(crate) fn check_alignment(&self, entry: &[u8]) -> Result<(), WeightsError> {
        if !safetensors::data_start(entry).is_multiple_of(limits::ALIGNMENT) {
            let problem = format!("its length is not padded so that data start at a multiple of {}", limits::ALIGNMENT);
            return Err(WeightsError::Header { problem });
        }
        let misaligned = self.tensors.iter().find(|(_, stored)| match stored.dtype {
            WeightType::Dense(dtype) => !stored.range.start.is_multiple_of(dtype.size_bytes()),
            WeightType::Ggml(_) => false,
        });
        match misaligned {
            Some((name, _)) => {
                let problem = "it is not aligned for its element type".to_owned();
                Err(WeightsError::Tensor { tensor: name.clone(), problem })
            }
            None => Ok(()),
        }
    }

    fn collect(backing: &Arc<Backing>, start: usize, described: Vec<Described>) -> Result<Self, WeightsError> {
        let mut tensors = BTreeMap::new();
        for Described { name, dtype, shape, range } in described {
            let range = start + range.start..start + range.end;
            let stored = Stored { dtype, shape, backing: Arc::clone(backing), range };
            if tensors.insert(name.clone(), stored).is_some() {
                return Err(WeightsError::Tensor { tensor: name, problem: "the name comes twice".to_owned() });
            }
        }
        Ok(Self { tensors: Arc::new(tensors) })
    }

    /// Puts the tensors of two entries together.
    ///
    /// # Errors
    /// [`WeightsError::Tensor`] naming the tensor that is in both.
    pub fn merge(self, other: &Self) -> Result<Self, WeightsError> {
        let mut tensors = Arc::unwrap_or_clone(self.tensors);
        for (name, stored) in other.tensors.iter() {
            if tensors.insert(name.clone(), stored.clone()).is_some() {
                let problem = "it is in both weights entries".to_owned();
                return Err(WeightsError::Tensor { tensor: name.clone(), problem });
            }
        }
        Ok(Self { tensors: Arc::new(tensors) })
    }

    /// These weights with those of another set beside them, or in their place where a name is in both.
    #[must_use]
    pub fn replaced_by(&self, other: &Self) -> Self {
        let mut tensors = (*self.tensors).clone();
        tensors.extend(other.tensors.iter().map(|(name, stored)| (name.clone(), stored.clone())));
        Self { tensors: Arc::new(tensors) }
    }

    /// Refuses values and scales that are not finite, and booleans that are neither.
    pub(crate) fn check_values(&self) -> Result<(), WeightsError> {
        match self.iter().find_map(|(name, weight)| Some((name, finite::problem(&weight)?))) {
            Some((name, problem)) => Err(WeightsError::Tensor { tensor: name.to_owned(), problem: problem.to_owned() }),
            None => Ok(()),
        }
    }

    /// A tensor by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Weight<'_>> {
        self.tensors.get(name).map(Stored::view)
    }

    /// A tensor's bytes, to keep without the other tensors' names: they stay where they are, mapped or in memory.
    #[must_use]
    pub fn share(&self, name: &str) -> Option<SharedBytes> {
        let stored = self.tensors.get(name)?;
        Some(SharedBytes { backing: Arc::clone(&stored.backing), range: stored.range.clone() })
    }

    /// Says that the bytes will hardly be read again, as those of weights that were packed: mapped pages are given back.
    pub fn release(&self) {
        let mut released = Vec::new();
        for Stored { backing, .. } in self.tensors.values() {
            if !released.iter().any(|other| Arc::ptr_eq(other, backing)) {
                backing.release();
                released.push(Arc::clone(backing));
            }
        }
    }

    /// Every tensor, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Weight<'_>)> {
        self.tensors.iter().map(|(name, stored)| (name.as_str(), stored.view()))
    }

    /// Number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Share of all elements that are held in quantised blocks, 0 to 1; 0 when there is no element.
    #[must_use]
    pub fn quantized_share(&self) -> f64 {
        let (mut quantized, mut all) = (0.0, 0.0);
        for (_, weight) in self.iter() {
            let elements = weight.elements() as f64;
            all += elements;
            if matches!(weight.dtype, WeightType::Ggml(_)) {
                quantized += elements;
            }
        }
        if all > 0.0 { quantized / all } else { 0.0 }
    }
}

impl Stored {
    fn view(&self) -> Weight<'_> {
        Weight { dtype: self.dtype, shape: &self.shape, bytes: &self.backing[self.range.clone()] }
    }
}

impl Weight<'_> {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements of a dense F32 or F16 tensor; `None` for every other type.
    #[must_use]
    pub fn to_f32(&self) -> Option<Vec<f32>> {
        match self.dtype {
            WeightType::Dense(DType::F32) => {
                Some(self.bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
            }
            WeightType::Dense(DType::F16) => {
                Some(self.bytes.as_chunks::<2>().0.iter().map(|b| half_to_f32(u16::from_le_bytes(*b))).collect())
            }
            _ => None,
        }
    }
}

impl WeightType {
    /// Bytes that a tensor of a shape takes; `None` when the shape is over the limits or its rows are not whole blocks.
    #[must_use]
    pub fn size_bytes(self, shape: &[usize]) -> Option<usize> {
        let elements = element_count(shape)?;
        match self {
            Self::Dense(dtype) => elements.checked_mul(dtype.size_bytes()),
            Self::Ggml(ggml) => {
                let whole = shape.last()?.is_multiple_of(ggml.block_elements());
                whole.then(|| elements / ggml.block_elements() * ggml.block_bytes())
            }
        }
    }
}

/// A number in half precision (IEEE 754 binary16), which every f32 format holds exactly.
fn half_to_f32(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    }
}

/// What a header says of a tensor; the range lies within the entry.
pub(crate) struct Described {
    name: String,
    dtype: WeightType,
    shape: Vec<usize>,
    range: Range<usize>,
}

/// Checks a name and a shape, and gives the bytes that the tensor takes.
fn checked_size(name: &str, dtype: WeightType, shape: &[usize]) -> Result<usize, WeightsError> {
    let refuse = |problem: &str| WeightsError::Tensor { tensor: shown(name), problem: problem.to_owned() };
    let over = |limit, value: usize, max: usize| WeightsError::Limit {
        what: format!("tensor `{}`", shown(name)),
        limit,
        value: value as u64,
        max: max as u64,
    };
    if name.is_empty() || name.contains(char::is_control) {
        return Err(refuse("its name is empty or has control characters"));
    }
    if name.len() > limits::MAX_NAME_BYTES {
        return Err(over("MAX_NAME_BYTES", name.len(), limits::MAX_NAME_BYTES));
    }
    if shape.len() > limits::MAX_RANK {
        return Err(over("MAX_RANK", shape.len(), limits::MAX_RANK));
    }
    if shape.contains(&0) {
        return Err(refuse("a dimension is zero"));
    }
    if element_count(shape).is_none() {
        let claimed = shape.iter().fold(1_usize, |n, dim| n.saturating_mul(*dim));
        return Err(over("MAX_TENSOR_ELEMENTS", claimed, limits::MAX_TENSOR_ELEMENTS));
    }
    dtype.size_bytes(shape).ok_or_else(|| refuse("its last dimension is not a whole number of blocks"))
}

/// A name as an error shows it: escaped and not longer than a name may be.
fn shown(name: &str) -> String {
    name.chars().take(limits::MAX_NAME_BYTES).flat_map(char::escape_debug).collect()
}
