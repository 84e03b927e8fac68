//! `TensorProto` to a constant: its sizes checked, its values in one of the types that a bundle holds.

use dunlin_bundle::limits::MAX_RANK;
use dunlin_bundle::tensor::{DType, element_count};

use crate::constant::Constant;
use crate::error::ImportError;
use crate::onnx::TensorProto;
use crate::onnx::tensor_proto::DataLocation;

/// ONNX's numbers for element types, with their names.
const TYPES: &[(i32, &str)] = &[
    (1, "float"),
    (2, "uint8"),
    (3, "int8"),
    (4, "uint16"),
    (5, "int16"),
    (6, "int32"),
    (7, "int64"),
    (8, "string"),
    (9, "bool"),
    (10, "float16"),
    (11, "double"),
    (12, "uint32"),
    (13, "uint64"),
    (14, "complex64"),
    (15, "complex128"),
    (16, "bfloat16"),
    (21, "uint4"),
    (22, "int4"),
];

/// ONNX's number for strings.
pub(super) const STRING: i32 = 8;

pub(super) fn type_name(data_type: i32) -> String {
    let known = TYPES.iter().find(|(number, _)| *number == data_type);
    known.map_or_else(|| format!("type {data_type}"), |(_, name)| (*name).to_owned())
}

/// The type in which the importer holds values of an ONNX type: floats of every width are f32, as every engine
/// computes.
pub(crate) fn held_as(data_type: i64) -> Option<DType> {
    Some(match data_type {
        1 | 10 | 11 | 16 => DType::F32,
        2 => DType::U8,
        3 => DType::I8,
        6 => DType::I32,
        7 => DType::I64,
        9 => DType::Bool,
        _ => return None,
    })
}

/// Reads a tensor; `name` is what errors call it.
pub(super) fn read(tensor: TensorProto, name: &str, notes: &mut Vec<String>) -> Result<Constant, ImportError> {
    let bad = |reason: String| ImportError::BadTensor { tensor: shown(name), reason };
    refuse_external(&tensor, name)?;
    let data_type = tensor.data_type.unwrap_or(0);
    let dtype = held_as(i64::from(data_type)).ok_or_else(|| {
        let name = type_name(data_type);
        bad(format!("values of {name} cannot be imported; export it as float, uint8, int8, int32, int64 or bool"))
    })?;
    let sizes: Result<Vec<usize>, _> = tensor.dims.iter().map(|dim| usize::try_from(*dim)).collect();
    let shape = sizes.map_err(|_| bad(format!("its shape {:?} has a negative dimension", tensor.dims)))?;
    let elements = (shape.len() <= MAX_RANK).then(|| element_count(&shape)).flatten();
    let elements = elements.ok_or_else(|| bad(format!("its shape {shape:?} is over the limits of a bundle")))?;
    let bytes = values(tensor, data_type, elements).map_err(bad)?;
    let constant = Constant::new(dtype, &shape, bytes);
    finite(constant, name, notes)
}

fn refuse_external(tensor: &TensorProto, name: &str) -> Result<(), ImportError> {
    if tensor.data_location != Some(DataLocation::External as i32) && tensor.external_data.is_empty() {
        return Ok(());
    }
    let location = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some("location"));
    let location = location.and_then(|entry| entry.value.clone()).unwrap_or_default();
    Err(ImportError::ExternalData { tensor: shown(name), location: shown(&location) })
}

/// The bytes of all elements in the type that the importer holds them in.
fn values(tensor: TensorProto, data_type: i32, elements: usize) -> Result<Vec<u8>, String> {
    let bytes = match tensor.raw_data.filter(|raw| !raw.is_empty()) {
        Some(raw) => from_raw(raw, data_type, elements)?,
        None => match data_type {
            1 => flatten(&tensor.float_data, |v| v.to_le_bytes()),
            2 | 9 => narrowed(&tensor.int32_data, |v| u8::try_from(v).ok().map(|v| [v]))?,
            3 => narrowed(&tensor.int32_data, |v| i8::try_from(v).ok().map(i8::to_le_bytes))?,
            6 => flatten(&tensor.int32_data, |v| v.to_le_bytes()),
            7 => flatten(&tensor.int64_data, |v| v.to_le_bytes()),
            10 => narrowed(&tensor.int32_data, |v| u16::try_from(v).ok().map(half_bytes))?,
            16 => narrowed(&tensor.int32_data, |v| u16::try_from(v).ok().map(brain_bytes))?,
            _ => flatten(&tensor.double_data, |v| (*v as f32).to_le_bytes()),
        },
    };
    let size = held_as(i64::from(data_type)).map_or(1, DType::size_bytes);
    if bytes.len() != elements * size {
        return Err(format!("{} values are given, its shape takes {elements}; export it again", bytes.len() / size));
    }
    if data_type == 9 && bytes.iter().any(|v| *v > 1) {
        return Err("a boolean is neither 0 nor 1; export it again".to_owned());
    }
    Ok(bytes)
}

fn from_raw(raw: Vec<u8>, data_type: i32, elements: usize) -> Result<Vec<u8>, String> {
    let width = match data_type {
        2 | 3 | 9 => 1,
        10 | 16 => 2,
        1 | 6 => 4,
        _ => 8,
    };
    if elements.checked_mul(width) != Some(raw.len()) {
        return Err(format!("{} bytes do not hold {elements} values of {width} bytes; export it again", raw.len()));
    }
    Ok(match data_type {
        10 => flatten(raw.as_chunks::<2>().0, |b| half_bytes(u16::from_le_bytes(*b))),
        11 => flatten(raw.as_chunks::<8>().0, |b| (f64::from_le_bytes(*b) as f32).to_le_bytes()),
        16 => flatten(raw.as_chunks::<2>().0, |b| brain_bytes(u16::from_le_bytes(*b))),
        _ => raw,
    })
}

fn flatten<T, const N: usize>(values: &[T], bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(bytes).collect()
}

fn narrowed<const N: usize>(values: &[i32], bytes: impl Fn(i32) -> Option<[u8; N]>) -> Result<Vec<u8>, String> {
    let narrow: Option<Vec<[u8; N]>> = values.iter().map(|v| bytes(*v)).collect();
    narrow.map(|values| values.concat()).ok_or_else(|| "a value is out of its type's range; export it again".to_owned())
}

fn half_bytes(bits: u16) -> [u8; 4] {
    half::f16::from_bits(bits).to_f32().to_le_bytes()
}

fn brain_bytes(bits: u16) -> [u8; 4] {
    half::bf16::from_bits(bits).to_f32().to_le_bytes()
}

/// A bundle holds no infinity: masks and bounds that have one take the largest finite number, which acts alike in a
/// softmax, a comparison or a clip.
pub(super) fn finite(constant: Constant, name: &str, notes: &mut Vec<String>) -> Result<Constant, ImportError> {
    let Some(values) = constant.to_f32().filter(|values| !values.iter().all(|v| v.is_finite())) else {
        return Ok(constant);
    };
    if values.iter().any(|v| v.is_nan()) {
        let reason = "a value is NaN, which would make answers NaN; train or export the model again".to_owned();
        return Err(ImportError::BadTensor { tensor: shown(name), reason });
    }
    notes.push(format!("tensor '{}' holds infinities; the largest finite numbers stand for them", shown(name)));
    let clamped: Vec<f32> = values.iter().map(|v| v.clamp(f32::MIN, f32::MAX)).collect();
    Ok(Constant::f32(&constant.shape, &clamped))
}

/// A name as an error shows it: escaped and not longer than a name may be.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(dunlin_bundle::limits::MAX_NAME_BYTES).flat_map(char::escape_debug).collect()
}
