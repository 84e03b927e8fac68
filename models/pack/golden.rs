//! The golden set: held-out records with what the oracle answers to them.

use std::collections::BTreeMap;

use dunlin_bundle::golden::{GoldenCase, GoldenHeader, GoldenSet};
use dunlin_bundle::schema::{Feature, FeatureType};
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weight, WeightType, safetensors_bytes};
use dunlin_features::{Record, Value};
use dunlin_predictor::Predictor;

use super::{PackError, Records};
use crate::folder::PackSettings;

/// The golden set and the tensors of its records.
pub(super) struct Golden {
    pub(super) set: GoldenSet,
    pub(super) tensors: Option<Vec<u8>>,
}

/// A set without cases, until there is one.
pub(super) fn empty() -> GoldenSet {
    GoldenSet { header: GoldenHeader { tolerance: BTreeMap::new() }, cases: Vec::new() }
}

/// Takes the first held-out records and what the oracle, in f32 throughout, answers to them.
pub(super) fn golden(
    oracle: &mut Predictor,
    held_out: &Records<'_>,
    settings: &PackSettings,
) -> Result<Golden, PackError> {
    let schema = oracle.schema().clone();
    let taken = &held_out.records[..settings.golden_cases.min(held_out.records.len())];
    let tensors: Vec<(usize, &Feature)> =
        schema.feature.iter().enumerate().filter(|(_, f)| f.kind == FeatureType::Tensor && f.is_required()).collect();
    let mut cases = Vec::with_capacity(taken.len());
    for (i, record) in taken.iter().enumerate() {
        let (file, line) = (held_out.file, i + 1);
        let answer = oracle.predict(record).map_err(|error| PackError::NoPrediction { file, line, error })?;
        let outputs = answer.outputs.ok_or(PackError::NonFinite { file, line })?;
        let mut json = held_out.source[i].record.clone();
        tensors.iter().for_each(|(_, feature)| drop(json.remove(&feature.name)));
        cases.push(GoldenCase {
            record: json,
            expected: outputs.into_iter().map(|o| (o.name.to_string(), o.values)).collect(),
        });
    }
    let tolerance = schema.output.iter().map(|o| (o.name.clone(), settings.tolerance.clone())).collect();
    let set = GoldenSet { header: GoldenHeader { tolerance }, cases };
    Ok(Golden { set, tensors: stack(taken, &tensors)? })
}

/// The records' tensors, one row a record.
fn stack(records: &[Record<'_>], tensors: &[(usize, &Feature)]) -> Result<Option<Vec<u8>>, PackError> {
    if tensors.is_empty() {
        return Ok(None);
    }
    let column = |(position, feature): &(usize, &Feature)| {
        let mut bytes = Vec::new();
        for record in records {
            if let Some(Value::Tensor(tensor)) = &record.values()[*position] {
                bytes.extend_from_slice(&tensor.bytes);
            }
        }
        let shape: Vec<usize> = std::iter::once(records.len()).chain(feature.tensor_sizes()).collect();
        (feature.name.clone(), feature.dtype.unwrap_or(DType::F32), shape, bytes)
    };
    let columns: Vec<_> = tensors.iter().map(column).collect();
    let weights = columns.iter().map(|(name, dtype, shape, bytes)| {
        (name.as_str(), Weight { dtype: WeightType::Dense(*dtype), shape: shape.as_slice(), bytes: bytes.as_slice() })
    });
    Ok(Some(safetensors_bytes(weights)?))
}
