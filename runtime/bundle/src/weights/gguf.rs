//! Reads the header of a GGUF entry, version 2 or 3: what candle and llama.cpp write.

use std::collections::HashSet;

use super::{Described, GgmlType, WeightType, WeightsError, checked_size, shown};
use crate::limits;
use crate::tensor::DType;

/// The first bytes of a file.
pub(super) const MAGIC: &[u8; 4] = b"GGUF";
/// The metadata key that says where tensors may start.
pub(super) const ALIGNMENT_KEY: &str = "general.alignment";
/// GGUF's number of the u32 metadata type.
pub(super) const TYPE_U32: u32 = 4;
const TYPE_STRING: u32 = 8;
const TYPE_ARRAY: u32 = 9;
/// Where tensors start when the metadata do not say.
const DEFAULT_ALIGNMENT: u32 = 32;
/// The largest alignment that makes sense: a large memory page.
const MAX_ALIGNMENT: u32 = 1 << 16;
/// Deepest nesting of metadata arrays; writers use one level.
const MAX_ARRAY_DEPTH: usize = 4;
/// Most dimensions of a tensor in ggml.
pub(super) const MAX_DIMENSIONS: u32 = 4;

/// The tensors that an entry describes, in file order.
pub(super) fn parse(entry: &[u8]) -> Result<Vec<Described>, WeightsError> {
    let header = &entry[..entry.len().min(limits::MAX_WEIGHTS_HEADER_BYTES)];
    let mut cursor = Cursor { rest: header, cut: header.len() < entry.len() };
    if cursor.bytes(4)? != MAGIC {
        return Err(refuse("it does not start with GGUF"));
    }
    let version = cursor.u32()?;
    if !(2..=3).contains(&version) {
        return Err(refuse(format!("GGUF version {version} is not 2 or 3")));
    }
    let tensors = cursor.count("MAX_TENSORS", limits::MAX_TENSORS)?;
    let keys = cursor.count("MAX_TENSORS", limits::MAX_TENSORS)?;
    let alignment = read_metadata(&mut cursor, keys)? as usize;
    let infos = (0..tensors).map(|_| Info::read(&mut cursor)).collect::<Result<Vec<_>, _>>()?;
    let start = (header.len() - cursor.rest.len()).next_multiple_of(alignment);
    place(entry, start, alignment, infos)
}

/// Skips the metadata, all but the alignment.
fn read_metadata(cursor: &mut Cursor<'_>, keys: usize) -> Result<u32, WeightsError> {
    let mut alignment = DEFAULT_ALIGNMENT;
    let mut seen = HashSet::new();
    for _ in 0..keys {
        let key = cursor.string()?;
        if !seen.insert(key) {
            return Err(refuse(format!("metadata key `{}` comes twice", shown(key))));
        }
        let kind = cursor.u32()?;
        if key != ALIGNMENT_KEY {
            cursor.skip_value(kind, 0)?;
            continue;
        }
        alignment = if kind == TYPE_U32 { cursor.u32()? } else { 0 };
        if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
            return Err(refuse(format!("{ALIGNMENT_KEY} is not a u32 power of two up to {MAX_ALIGNMENT}")));
        }
    }
    Ok(alignment)
}

/// What the header says of one tensor.
struct Info {
    name: String,
    dtype: WeightType,
    shape: Vec<usize>,
    offset: u64,
}

impl Info {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, WeightsError> {
        let name = cursor.string()?.to_owned();
        let refuse = |problem: String| WeightsError::Tensor { tensor: shown(&name), problem };
        let rank = cursor.u32()?;
        if rank > MAX_DIMENSIONS {
            return Err(refuse(format!("{rank} dimensions are more than ggml's {MAX_DIMENSIONS}")));
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            let size = usize::try_from(cursor.u64()?).map_err(|_| refuse("a dimension is too large".to_owned()))?;
            shape.push(size);
        }
        // GGUF writes the fastest-moving dimension first.
        shape.reverse();
        let code = cursor.u32()?;
        let dtype = dtype_of(code).ok_or_else(|| refuse(format!("ggml type {code} is not supported")))?;
        let offset = cursor.u64()?;
        Ok(Self { name, dtype, shape, offset })
    }
}

/// Checks that tensors stand one after the other, each at the next multiple of the alignment, and fill the file.
fn place(entry: &[u8], start: usize, alignment: usize, infos: Vec<Info>) -> Result<Vec<Described>, WeightsError> {
    let mut described = Vec::with_capacity(infos.len());
    let (mut next, mut end) = (start, start);
    for Info { name, dtype, shape, offset } in infos {
        let size = checked_size(&name, dtype, &shape)?;
        let problem = |problem: &str| WeightsError::Tensor { tensor: name.clone(), problem: problem.to_owned() };
        if offset != (next - start) as u64 {
            return Err(problem("its offset is not where the tensor before it ends"));
        }
        end =
            next.checked_add(size).filter(|end| *end <= entry.len()).ok_or_else(|| problem("it ends past the file"))?;
        described.push(Described { name, dtype, shape, range: next..end });
        next = end.next_multiple_of(alignment);
    }
    // Writers pad the last tensor or do not; without tensors, the padding before the data may be missing as well.
    let is_whole = entry.len() == next || entry.len() == end || described.is_empty() && entry.len() < start;
    if is_whole { Ok(described) } else { Err(refuse("bytes follow the last tensor")) }
}

fn dtype_of(code: u32) -> Option<WeightType> {
    match code {
        0 => Some(WeightType::Dense(DType::F32)),
        1 => Some(WeightType::Dense(DType::F16)),
        _ => GgmlType::ALL.into_iter().find(|ggml| ggml.code() == code).map(WeightType::Ggml),
    }
}

/// What is left of the header.
struct Cursor<'a> {
    rest: &'a [u8],
    /// Whether the header was cut at its limit, so that running out of it means that it is too long.
    cut: bool,
}

impl<'a> Cursor<'a> {
    fn bytes(&mut self, count: u64) -> Result<&'a [u8], WeightsError> {
        let taken = usize::try_from(count).ok().and_then(|count| self.rest.split_at_checked(count));
        let Some((taken, rest)) = taken else { return Err(self.ran_out(count)) };
        self.rest = rest;
        Ok(taken)
    }

    fn ran_out(&self, wanted: u64) -> WeightsError {
        if !self.cut {
            return refuse("the file ends inside its header");
        }
        let max = limits::MAX_WEIGHTS_HEADER_BYTES as u64;
        let value = max.saturating_add(wanted);
        WeightsError::Limit { what: "header".to_owned(), limit: "MAX_WEIGHTS_HEADER_BYTES", value, max }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N as u64)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, WeightsError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, WeightsError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn count(&mut self, limit: &'static str, max: usize) -> Result<usize, WeightsError> {
        let value = self.u64()?;
        let max = max as u64;
        if value > max {
            return Err(WeightsError::Limit { what: "header".to_owned(), limit, value, max });
        }
        Ok(value as usize)
    }

    fn string(&mut self) -> Result<&'a str, WeightsError> {
        let length = self.u64()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| refuse("a name is not UTF-8"))
    }

    fn skip_value(&mut self, kind: u32, depth: usize) -> Result<(), WeightsError> {
        match kind {
            TYPE_STRING => {
                let length = self.u64()?;
                self.bytes(length)?;
            }
            TYPE_ARRAY => return self.skip_array(depth),
            _ => {
                self.bytes(scalar_bytes(kind)?)?;
            }
        }
        Ok(())
    }

    fn skip_array(&mut self, depth: usize) -> Result<(), WeightsError> {
        if depth >= MAX_ARRAY_DEPTH {
            return Err(refuse(format!("metadata arrays nest deeper than {MAX_ARRAY_DEPTH}")));
        }
        let (kind, count) = (self.u32()?, self.u64()?);
        if matches!(kind, TYPE_STRING | TYPE_ARRAY) {
            // Each element takes at least eight bytes of the header, so a false count soon runs out.
            return (0..count).try_for_each(|_| self.skip_value(kind, depth + 1));
        }
        let length = count.checked_mul(scalar_bytes(kind)?).ok_or_else(|| refuse("an array is too long"))?;
        self.bytes(length).map(drop)
    }
}

fn scalar_bytes(kind: u32) -> Result<u64, WeightsError> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(refuse(format!("metadata type {kind} is not known"))),
    }
}

fn refuse(problem: impl Into<String>) -> WeightsError {
    WeightsError::Header { problem: problem.into() }
}
