//! Writes weights in the two forms that a bundle holds, their data at a multiple of the alignment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::safetensors::{PREFIX_BYTES, dtype_name, is_reserved};
use super::{GgmlType, Weight, WeightType, WeightsError, checked_size, gguf};
use crate::limits::ALIGNMENT;
use crate::tensor::DType;

/// How a header describes one tensor.
#[derive(Serialize)]
struct Info<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: (usize, usize),
}

/// Writes dense tensors as a safetensors file whose data start at a multiple of [`ALIGNMENT`].
///
/// The bytes depend only on the tensors, not on the order in which they come.
///
/// # Errors
/// [`WeightsError`] when a tensor is block-quantised, comes twice, or its bytes do not fit its shape.
pub fn safetensors_bytes<'a>(
    tensors: impl IntoIterator<Item = (&'a str, Weight<'a>)>,
) -> Result<Vec<u8>, WeightsError> {
    let mut dense = Vec::new();
    for (name, weight) in sorted(tensors)? {
        let WeightType::Dense(dtype) = weight.dtype else {
            return Err(refuse(name, "quantised blocks go into a GGUF file"));
        };
        if is_reserved(name) {
            return Err(refuse(name, "safetensors reserves the name"));
        }
        dense.push((name, dtype, weight));
    }
    // Widest elements first, so that each tensor is aligned for its own element type without gaps.
    dense.sort_by_key(|(_, dtype, _)| std::cmp::Reverse(dtype.size_bytes()));
    let mut infos = BTreeMap::new();
    let mut end = 0;
    for (name, dtype, weight) in &dense {
        let start = end;
        end += weight.bytes.len();
        infos.insert(*name, Info { dtype: dtype_name(*dtype), shape: weight.shape, data_offsets: (start, end) });
    }
    let mut header = serde_json::to_vec(&infos).map_err(|e| WeightsError::Header { problem: e.to_string() })?;
    header.resize((PREFIX_BYTES + header.len()).next_multiple_of(ALIGNMENT) - PREFIX_BYTES, b' ');
    let mut file = Vec::with_capacity(PREFIX_BYTES + header.len() + end);
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header);
    dense.iter().for_each(|(_, _, weight)| file.extend_from_slice(weight.bytes));
    Ok(file)
}

/// Writes tensors as a GGUF file (version 3) whose tensors start at multiples of [`ALIGNMENT`].
///
/// The bytes depend only on the tensors, not on the order in which they come.
///
/// # Errors
/// [`WeightsError`] when ggml has no such element type, a tensor comes twice, or its bytes do not fit its shape.
pub fn gguf_bytes<'a>(tensors: impl IntoIterator<Item = (&'a str, Weight<'a>)>) -> Result<Vec<u8>, WeightsError> {
    let tensors = sorted(tensors)?;
    let mut file = Vec::new();
    file.extend(gguf::MAGIC);
    file.extend(3_u32.to_le_bytes());
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend(1_u64.to_le_bytes());
    put_string(&mut file, gguf::ALIGNMENT_KEY);
    file.extend(gguf::TYPE_U32.to_le_bytes());
    file.extend((ALIGNMENT as u32).to_le_bytes());
    let mut offset = 0;
    for (name, weight) in &tensors {
        if weight.shape.len() > gguf::MAX_DIMENSIONS as usize {
            return Err(refuse(name, "ggml has no tensors of more than 4 dimensions"));
        }
        put_string(&mut file, name);
        file.extend((weight.shape.len() as u32).to_le_bytes());
        weight.shape.iter().rev().for_each(|&size| file.extend((size as u64).to_le_bytes()));
        let code = ggml_code(weight.dtype).ok_or_else(|| refuse(name, "ggml has no such element type"))?;
        file.extend(code.to_le_bytes());
        file.extend((offset as u64).to_le_bytes());
        offset = (offset + weight.bytes.len()).next_multiple_of(ALIGNMENT);
    }
    for weight in tensors.values() {
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend_from_slice(weight.bytes);
    }
    file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
    Ok(file)
}

/// The tensors by name, each checked.
fn sorted<'a>(
    tensors: impl IntoIterator<Item = (&'a str, Weight<'a>)>,
) -> Result<BTreeMap<&'a str, Weight<'a>>, WeightsError> {
    let mut by_name = BTreeMap::new();
    for (name, weight) in tensors {
        let size = checked_size(name, weight.dtype, weight.shape)?;
        if weight.bytes.len() != size {
            return Err(refuse(name, &format!("{} bytes do not hold a shape that takes {size}", weight.bytes.len())));
        }
        if by_name.insert(name, weight).is_some() {
            return Err(refuse(name, "the name comes twice"));
        }
    }
    Ok(by_name)
}

fn ggml_code(dtype: WeightType) -> Option<u32> {
    match dtype {
        WeightType::Dense(DType::F32) => Some(0),
        WeightType::Dense(DType::F16) => Some(1),
        WeightType::Dense(_) => None,
        WeightType::Ggml(ggml) => Some(GgmlType::code(ggml)),
    }
}

fn put_string(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend_from_slice(text.as_bytes());
}

fn refuse(name: &str, problem: &str) -> WeightsError {
    WeightsError::Tensor { tensor: name.to_owned(), problem: problem.to_owned() }
}
