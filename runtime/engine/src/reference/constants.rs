//! The graph's initializers as candle holds them: dense tensors, whole numbers, and matrices in ggml blocks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{D, Device, Module, Result as CandleResult, Tensor};
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights};

use crate::error::EngineError;

/// One initializer.
#[derive(Clone, Debug)]
pub(crate) enum Constant {
    /// f32, used anywhere.
    Dense(Tensor),
    /// Whole numbers: shapes and axes, read when the graph is compiled.
    Integers(Vec<i64>),
    /// A matrix in ggml blocks, for the right-hand side of a Gemm alone.
    Blocks(Arc<BlockMatrix>),
}

impl Constant {
    /// What alone the initializer can be used for, where it is no ordinary operand.
    pub(crate) fn only_use(&self) -> Option<&'static str> {
        match self {
            Self::Dense(_) => None,
            Self::Integers(_) => Some("holds I64; it can only be the target shape of a Reshape"),
            Self::Blocks(_) => Some("is held in ggml blocks; it can only be B of a Gemm with transB = 1"),
        }
    }
}

/// A matrix of shape (n, k) in ggml blocks, or in f32 where this CPU lacks what candle's block kernels assume.
#[derive(Debug)]
pub(crate) struct BlockMatrix {
    weight: QMatMul,
    shape: Vec<usize>,
}

impl BlockMatrix {
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// x (m, k) by the transposed matrix.
    pub(crate) fn multiply(&self, x: &Tensor) -> CandleResult<Tensor> {
        let y = self.weight.forward(x)?;
        if self.is_dequantized() {
            return Ok(y);
        }
        // Block kernels hold x in whole numbers, in which NaN would become 0; 0 times anything not finite is NaN.
        y.broadcast_add(&(x * 0.0)?.sum_keepdim(D::Minus1)?)
    }

    fn is_dequantized(&self) -> bool {
        !matches!(self.weight, QMatMul::QTensor(_))
    }
}

/// Initializers by name.
#[derive(Debug, Default)]
pub(crate) struct Constants {
    by_name: BTreeMap<String, Constant>,
}

impl Constants {
    /// Loads every initializer of a graph.
    pub(crate) fn load(graph: &Graph, weights: &Weights) -> Result<Self, EngineError> {
        let mut constants = Self::default();
        for name in &graph.initializers {
            let weight =
                weights.get(name).ok_or_else(|| bad(name, "is an initializer, but no weights entry has it"))?;
            let constant = convert(&weight).map_err(|reason| bad(name, &reason))?;
            if constants.by_name.insert(name.clone(), constant).is_some() {
                return Err(EngineError::DuplicateValue { maker: "initializer".to_owned(), value: name.clone() });
            }
        }
        Ok(constants)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Constant)> {
        self.by_name.iter().map(|(name, constant)| (name.as_str(), constant))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Constant> {
        self.by_name.get(name)
    }

    /// Whether any matrix runs on block kernels.
    pub(crate) fn any_in_blocks(&self) -> bool {
        self.matrices().any(|matrix| !matrix.is_dequantized())
    }

    /// Whether any matrix was made dense, because this CPU lacks what candle's block kernels assume.
    pub(crate) fn any_dequantized(&self) -> bool {
        self.matrices().any(BlockMatrix::is_dequantized)
    }

    fn matrices(&self) -> impl Iterator<Item = &BlockMatrix> {
        self.by_name.values().filter_map(|c| if let Constant::Blocks(matrix) = c { Some(&**matrix) } else { None })
    }
}

fn convert(weight: &Weight<'_>) -> Result<Constant, String> {
    match weight.dtype {
        WeightType::Dense(DType::I64) => {
            let chunks = weight.bytes.as_chunks::<8>().0;
            Ok(Constant::Integers(chunks.iter().map(|b| i64::from_le_bytes(*b)).collect()))
        }
        WeightType::Dense(dtype) => dense(dtype, weight).map(Constant::Dense),
        WeightType::Ggml(ggml) => convert_blocks(ggml, weight).map_err(|e| e.to_string()),
    }
}

/// Matrices stay in blocks where their kernels run; candle has no block kernel for other ranks.
fn convert_blocks(ggml: GgmlType, weight: &Weight<'_>) -> CandleResult<Constant> {
    let tensor = block_tensor(ggml_dtype(ggml), weight).map_err(candle_core::Error::Msg)?;
    if weight.shape.len() != 2 {
        return tensor.dequantize(&Device::Cpu).map(Constant::Dense);
    }
    let shape = weight.shape.to_vec();
    let weight = if block_kernels_are_safe() {
        QMatMul::QTensor(Arc::new(tensor))
    } else {
        QMatMul::Tensor(tensor.dequantize(&Device::Cpu)?)
    };
    Ok(Constant::Blocks(Arc::new(BlockMatrix { weight, shape })))
}

fn bad(tensor: &str, reason: &str) -> EngineError {
    EngineError::BadTensor { tensor: tensor.to_owned(), reason: reason.to_owned() }
}

fn dense(dtype: DType, weight: &Weight<'_>) -> Result<Tensor, String> {
    let elements: Vec<f32> = match dtype {
        DType::F32 => weight.bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        DType::F16 => weight.bytes.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
        other => return Err(format!("has element type {other:?}; this engine takes F32, F16, I64 and ggml blocks")),
    };
    Tensor::from_vec(elements, weight.shape, &Device::Cpu).map_err(|e| e.to_string())
}

/// candle asserts the length and the alignment that it is given, so both are made right first.
fn block_tensor(dtype: GgmlDType, weight: &Weight<'_>) -> Result<QTensor, String> {
    const ALIGNMENT: usize = 8;
    let elements = dunlin_bundle::tensor::element_count(weight.shape).ok_or("has too many elements")?;
    if !elements.is_multiple_of(dtype.block_size())
        || weight.bytes.len() != elements / dtype.block_size() * dtype.type_size()
    {
        return Err("does not hold whole blocks".to_owned());
    }
    let aligned = |bytes: &[u8]| bytes.as_ptr().align_offset(ALIGNMENT) == 0;
    let bytes = if aligned(weight.bytes) { Cow::Borrowed(weight.bytes) } else { Cow::Owned(weight.bytes.to_vec()) };
    if !aligned(&bytes) {
        return Err("cannot be aligned in memory".to_owned());
    }
    QStorage::from_data(bytes, &Device::Cpu, dtype)
        .and_then(|storage| QTensor::new(storage, weight.shape))
        .map_err(|e| e.to_string())
}

/// candle's name of a ggml block type.
#[must_use]
pub fn ggml_dtype(ggml: GgmlType) -> GgmlDType {
    match ggml {
        GgmlType::Q4_0 => GgmlDType::Q4_0,
        GgmlType::Q4_1 => GgmlDType::Q4_1,
        GgmlType::Q5_0 => GgmlDType::Q5_0,
        GgmlType::Q5_1 => GgmlDType::Q5_1,
        GgmlType::Q8_0 => GgmlDType::Q8_0,
        GgmlType::Q2K => GgmlDType::Q2K,
        GgmlType::Q3K => GgmlDType::Q3K,
        GgmlType::Q4K => GgmlDType::Q4K,
        GgmlType::Q5K => GgmlDType::Q5K,
        GgmlType::Q6K => GgmlDType::Q6K,
    }
}

/// candle's aarch64 block kernels run `sdot` without asking; cores such as Cortex-A53 and A72 do not have it.
#[cfg(target_arch = "aarch64")]
fn block_kernels_are_safe() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

/// candle asks the CPU before it chooses a block kernel.
#[cfg(not(target_arch = "aarch64"))]
fn block_kernels_are_safe() -> bool {
    true
}
