//! Which weights go into ggml blocks, and their values in both forms.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights, gguf_bytes, safetensors_bytes};
use dunlin_engine::ggml_dtype;

use super::PackError;

/// How weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    F32,
    /// ggml blocks of this type where a weight allows it, single precision elsewhere.
    Blocks(GgmlType),
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32 => f.write_str("f32"),
            Self::Blocks(blocks) => f.write_str(blocks.name()),
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("f32") {
            return Ok(Self::F32);
        }
        let known = GgmlType::ALL.iter().find(|t| t.name().eq_ignore_ascii_case(text));
        let names = || GgmlType::ALL.iter().map(|t| t.name()).collect::<Vec<_>>().join(", ");
        known.map(|t| Self::Blocks(*t)).ok_or_else(|| format!("'{text}' is none of f32, {}", names()))
    }
}

/// Weights in the forms that packing needs.
pub(super) struct Quantized {
    /// The dense part, as it goes into the bundle.
    pub(super) safetensors: Option<Vec<u8>>,
    /// The part in blocks, as it goes into the bundle.
    pub(super) gguf: Option<Vec<u8>>,
    /// Both parts, as a device loads them.
    pub(super) weights: Weights,
    /// The same values, every block dequantised to f32: what the golden set expects.
    pub(super) oracle: Weights,
}

/// A tensor in blocks, and what the blocks stand for.
struct Blocks {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
    values: Vec<u8>,
}

pub(super) fn quantize(graph: &Graph, weights: &Weights, precision: Precision) -> Result<Quantized, PackError> {
    let Precision::Blocks(blocks) = precision else {
        let bytes = safetensors_bytes(weights.iter())?;
        return Ok(Quantized {
            safetensors: Some(bytes),
            gguf: None,
            weights: weights.clone(),
            oracle: weights.clone(),
        });
    };
    let chosen = candidates(graph, weights, blocks);
    if chosen.is_empty() {
        return Err(PackError::NothingToQuantize { blocks: blocks.name(), multiple: blocks.block_elements() });
    }
    let converted: Vec<Blocks> = chosen.iter().map(|(name, w)| convert(name, w, blocks)).collect::<Result<_, _>>()?;
    let rest: Vec<(&str, Weight<'_>)> =
        weights.iter().filter(|(name, _)| !chosen.iter().any(|(c, _)| c == name)).collect();
    let gguf = gguf_bytes(converted.iter().map(|b| (b.name.as_str(), b.weight(blocks))))?;
    let dense = if rest.is_empty() { None } else { Some(safetensors_bytes(rest.iter().copied())?) };
    let oracle =
        safetensors_bytes(rest.iter().copied().chain(converted.iter().map(|b| (b.name.as_str(), b.dequantized()))))?;
    let in_blocks = Weights::from_gguf(gguf.clone())?;
    let both = match &dense {
        Some(bytes) => Weights::from_safetensors(bytes.clone())?.merge(&in_blocks)?,
        None => in_blocks,
    };
    Ok(Quantized { safetensors: dense, gguf: Some(gguf), weights: both, oracle: Weights::from_safetensors(oracle)? })
}

/// Matrices (n, k) that are only ever the transposed right-hand side of a Gemm, with k a multiple of the block.
fn candidates<'a>(graph: &Graph, weights: &'a Weights, blocks: GgmlType) -> Vec<(&'a str, Weight<'a>)> {
    let is_right =
        |node: &dunlin_bundle::graph::Node, i: usize| i == 1 && node.op_type == "Gemm" && node.int("transB", 0) == 1;
    let uses =
        || graph.nodes.iter().flat_map(|node| node.inputs.iter().enumerate().map(move |(i, name)| (node, i, name)));
    let right: BTreeSet<&str> =
        uses().filter(|(node, i, _)| is_right(node, *i)).map(|(_, _, name)| name.as_str()).collect();
    let elsewhere: BTreeSet<&str> =
        uses().filter(|(node, i, _)| !is_right(node, *i)).map(|(_, _, name)| name.as_str()).collect();
    let fits = |w: &Weight<'_>| {
        w.dtype == WeightType::Dense(DType::F32)
            && w.shape.len() == 2
            && w.shape[1].is_multiple_of(blocks.block_elements())
    };
    weights.iter().filter(|(name, w)| right.contains(name) && !elsewhere.contains(name) && fits(w)).collect()
}

fn convert(name: &str, weight: &Weight<'_>, blocks: GgmlType) -> Result<Blocks, PackError> {
    let bad = |reason: String| PackError::Quantize { tensor: name.to_owned(), reason };
    let values = weight.to_f32().ok_or_else(|| bad("it is not f32".to_owned()))?;
    let quantized = || -> candle_core::Result<(Vec<u8>, Vec<f32>)> {
        let tensor = Tensor::from_vec(values, weight.shape, &Device::Cpu)?;
        let quantized = QTensor::quantize(&tensor, ggml_dtype(blocks))?;
        let back = quantized.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
        Ok((quantized.data()?.into_owned(), back))
    };
    let (bytes, back) = quantized().map_err(|e| bad(e.to_string()))?;
    let values = back.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(Blocks { name: name.to_owned(), shape: weight.shape.to_vec(), bytes, values })
}

impl Blocks {
    fn weight(&self, blocks: GgmlType) -> Weight<'_> {
        Weight { dtype: WeightType::Ggml(blocks), shape: &self.shape, bytes: &self.bytes }
    }

    fn dequantized(&self) -> Weight<'_> {
        Weight { dtype: WeightType::Dense(DType::F32), shape: &self.shape, bytes: &self.values }
    }
}
