//! Reads the header of a safetensors entry.
//!
//! The layout is that of the safetensors crate, which is the oracle in the tests. It is read here because a header from
//! hostile hands can make that crate's arithmetic overflow, and because its errors do not always name the tensor.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Described, WeightType, WeightsError, checked_size, shown};
use crate::json;
use crate::limits;
use crate::tensor::DType;

/// Bytes of the header's length at the start.
pub(super) const PREFIX_BYTES: usize = 8;
/// The one key of the header that is no tensor.
const METADATA: &str = "__metadata__";

/// What the header says of one tensor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// The tensors that an entry describes, in file order; they fill it without gap or overlap.
pub(super) fn parse(entry: &[u8]) -> Result<Vec<Described>, WeightsError> {
    let (header, data) = split(entry)?;
    let start = entry.len() - data.len();
    let mut described = parse_header(header)?.into_iter().map(describe).collect::<Result<Vec<_>, _>>()?;
    described.sort_by_key(|d| (d.range.start, d.range.end));
    let mut end = 0;
    for tensor in &mut described {
        if tensor.range.start != end || tensor.range.end > data.len() {
            let problem = "its data_offsets leave a gap, overlap another tensor, or end past the file".to_owned();
            return Err(WeightsError::Tensor { tensor: tensor.name.clone(), problem });
        }
        end = tensor.range.end;
        tensor.range = start + tensor.range.start..start + tensor.range.end;
    }
    if end != data.len() {
        return Err(refuse(format!("{} bytes follow the last tensor", data.len() - end)));
    }
    Ok(described)
}

/// Where the tensors' data start in an entry whose header has been parsed.
pub(super) fn data_start(entry: &[u8]) -> usize {
    split(entry).map_or(0, |(header, _)| PREFIX_BYTES + header.len())
}

/// The JSON header and the data after it.
fn split(entry: &[u8]) -> Result<(&[u8], &[u8]), WeightsError> {
    let Some((prefix, rest)) = entry.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(refuse("the file is shorter than the length of its header"));
    };
    let length = u64::from_le_bytes(*prefix);
    if length > limits::MAX_WEIGHTS_HEADER_BYTES as u64 {
        return Err(over("MAX_WEIGHTS_HEADER_BYTES", length, limits::MAX_WEIGHTS_HEADER_BYTES));
    }
    rest.split_at_checked(length as usize).ok_or_else(|| refuse("the file ends inside its header"))
}

/// What the header says, by tensor name, without the free text that it may carry.
fn parse_header(header: &[u8]) -> Result<BTreeMap<String, Value>, WeightsError> {
    let depth = json::depth(header);
    if depth > limits::MAX_JSON_DEPTH {
        return Err(over("MAX_JSON_DEPTH", depth as u64, limits::MAX_JSON_DEPTH));
    }
    json::check_unique_keys(header).map_err(refuse)?;
    let mut tensors: BTreeMap<String, Value> =
        serde_json::from_slice(header).map_err(|error| refuse(error.to_string()))?;
    tensors.remove(METADATA);
    if tensors.len() > limits::MAX_TENSORS {
        return Err(over("MAX_TENSORS", tensors.len() as u64, limits::MAX_TENSORS));
    }
    Ok(tensors)
}

fn describe((name, value): (String, Value)) -> Result<Described, WeightsError> {
    let problem = |problem: String| WeightsError::Tensor { tensor: shown(&name), problem };
    let info: Info = serde_json::from_value(value).map_err(|error| problem(error.to_string()))?;
    let dtype = WeightType::Dense(dtype_of(&info.dtype).ok_or_else(|| {
        problem(format!("element type {} is not one of F32, F16, I8, U8, I32, I64, BOOL", shown(&info.dtype)))
    })?);
    let size = checked_size(&name, dtype, &info.shape)?;
    let (start, end) = info.data_offsets;
    if end.checked_sub(start) != Some(size) {
        return Err(problem(format!("its data_offsets do not hold the {size} bytes of its shape")));
    }
    Ok(Described { name, dtype, shape: info.shape, range: start..end })
}

fn dtype_of(name: &str) -> Option<DType> {
    [DType::F32, DType::F16, DType::I8, DType::U8, DType::I32, DType::I64, DType::Bool]
        .into_iter()
        .find(|dtype| dtype_name(*dtype) == name)
}

/// How safetensors writes an element type.
pub(super) fn dtype_name(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "F32",
        DType::F16 => "F16",
        DType::I8 => "I8",
        DType::U8 => "U8",
        DType::I32 => "I32",
        DType::I64 => "I64",
        DType::Bool => "BOOL",
    }
}

/// Whether a name can stand in a header.
pub(super) fn is_reserved(name: &str) -> bool {
    name == METADATA
}

fn refuse(problem: impl Into<String>) -> WeightsError {
    WeightsError::Header { problem: problem.into() }
}

fn over(limit: &'static str, value: u64, max: usize) -> WeightsError {
    WeightsError::Limit { what: "header".to_owned(), limit, value, max: max as u64 }
}
