//! The graph's initializers as candle holds them: dense tensors, and ggml blocks for matmuls.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Tensor};
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
    /// ggml blocks, the right-hand side of a matmul; shape (n, k).
    Blocks { matmul: Arc<QMatMul>, shape: Vec<usize> },
}

/// Initializers by name.
#[derive(Debug)]
pub(crate) struct Constants {
    by_name: BTreeMap<String, Constant>,
    /// Blocks were found and made dense, because this CPU lacks what candle's block kernels assume.
    pub(crate) dequantized: bool,
}

impl Constants {
    /// Loads every initializer of a graph.
    pub(crate) fn load(graph: &Graph, weights: &Weights) -> Result<Self, EngineError> {
        let mut constants = Self { by_name: BTreeMap::new(), dequantized: false };
        for name in &graph.initializers {
            let weight =
                weights.get(name).ok_or_else(|| bad(name, "is an initializer, but no weights entry has it"))?;
            let constant = constants.convert(&weight).map_err(|reason| bad(name, &reason))?;
            constants.by_name.insert(name.clone(), constant);
        }
        Ok(constants)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Constant> {
        self.by_name.get(name)
    }

    pub(crate) fn has_blocks(&self) -> bool {
        self.by_name.values().any(|c| matches!(c, Constant::Blocks { .. }))
    }

    fn convert(&mut self, weight: &Weight<'_>) -> Result<Constant, String> {
        match weight.dtype {
            WeightType::Dense(DType::I64) => {
                let chunks = weight.bytes.as_chunks::<8>().0;
                Ok(Constant::Integers(chunks.iter().map(|b| i64::from_le_bytes(*b)).collect()))
            }
            WeightType::Dense(dtype) => dense(dtype, weight).map(Constant::Dense),
            WeightType::Ggml(ggml) => self.convert_blocks(ggml, weight),
        }
    }

    fn convert_blocks(&mut self, ggml: GgmlType, weight: &Weight<'_>) -> Result<Constant, String> {
        let dtype = ggml_dtype(ggml);
        let tensor = block_tensor(dtype, weight)?;
        if weight.shape.len() != 2 || !block_kernels_are_safe() {
            self.dequantized |= !block_kernels_are_safe();
            return tensor.dequantize(&Device::Cpu).map(Constant::Dense).map_err(|e| e.to_string());
        }
        let matmul = QMatMul::from_qtensor(tensor).map_err(|e| e.to_string())?;
        Ok(Constant::Blocks { matmul: Arc::new(matmul), shape: weight.shape.to_vec() })
    }
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

fn ggml_dtype(ggml: GgmlType) -> GgmlDType {
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
