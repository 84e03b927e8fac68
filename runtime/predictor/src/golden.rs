//! The golden set, run on this very device and kernel set before its model is trusted.

use std::borrow::Cow;

use dunlin_bundle::golden::{GoldenCase, GoldenSet, Tolerance};
use dunlin_bundle::schema::{Feature, FeatureType, Schema};
use dunlin_bundle::{Contents, WeightType, Weights};
use dunlin_engine::KernelFamily;
use dunlin_features::{Record, TensorValue};

use crate::error::GoldenError;
use crate::predictor::Predictor;

/// A golden set that agreed.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenReport {
    /// Records run.
    pub cases: usize,
    /// The largest difference found, as a share of its tolerance, 0..=1.
    pub worst: f64,
    /// Which kernels ran.
    pub kernels: String,
}

/// Runs a bundle's golden set.
///
/// # Errors
/// [`GoldenError`] naming the first case, output and element that disagrees.
pub fn verify_golden(predictor: &mut Predictor, contents: &Contents) -> Result<GoldenReport, GoldenError> {
    let golden = contents.golden();
    let records = golden_records(contents.schema(), golden, contents.golden_tensors())?;
    let mut worst = 0.0_f64;
    for (number, (record, case)) in records.iter().zip(&golden.cases).enumerate() {
        worst = worst.max(verify_case(predictor, golden, number, record, case)?);
    }
    Ok(GoldenReport { cases: records.len(), worst, kernels: predictor.kernels().to_string() })
}

/// The records of a golden set, with the rows of its tensors put in.
///
/// # Errors
/// [`GoldenError::BadRecord`] or [`GoldenError::MissingTensor`] naming the case.
pub fn golden_records<'a>(
    schema: &Schema,
    golden: &GoldenSet,
    tensors: &'a Weights,
) -> Result<Vec<Record<'a>>, GoldenError> {
    golden.cases.iter().enumerate().map(|(case, golden)| golden_record(schema, tensors, case, golden)).collect()
}

fn golden_record<'a>(
    schema: &Schema,
    tensors: &'a Weights,
    case: usize,
    golden: &GoldenCase,
) -> Result<Record<'a>, GoldenError> {
    let bad = |error| GoldenError::BadRecord { case, error };
    let mut record: Record<'a> = Record::from_json(schema, &golden.record).map_err(bad)?;
    for feature in schema.feature.iter().filter(|f| f.kind == FeatureType::Tensor) {
        if !golden.record.contains_key(&feature.name)
            && let Some(row) = tensor_row(feature, tensors, case)
        {
            record.set(schema, &feature.name, row).map_err(bad)?;
        } else if feature.is_required() {
            return Err(GoldenError::MissingTensor { case, feature: feature.name.clone() });
        }
    }
    Ok(record)
}

fn tensor_row<'a>(feature: &Feature, tensors: &'a Weights, row: usize) -> Option<TensorValue<'a>> {
    let tensor = tensors.get(&feature.name)?;
    let WeightType::Dense(dtype) = tensor.dtype else { return None };
    let (rows, shape) = tensor.shape.split_first()?;
    let length = tensor.bytes.len().checked_div(*rows)?;
    let bytes = tensor.bytes.get(row.checked_mul(length)?..)?.get(..length)?;
    Some(TensorValue { dtype, shape: Cow::Owned(shape.to_vec()), bytes: Cow::Borrowed(bytes) })
}

fn verify_case(
    predictor: &mut Predictor,
    golden: &GoldenSet,
    number: usize,
    record: &Record<'_>,
    case: &GoldenCase,
) -> Result<f64, GoldenError> {
    let answer = predictor.predict(record).map_err(|error| GoldenError::Failed { case: number, error })?;
    let kernels = predictor.kernels();
    let outputs =
        answer.outputs.ok_or_else(|| GoldenError::NonFinite { case: number, kernels: kernels.to_string() })?;
    let mut worst = 0.0_f64;
    for output in &outputs {
        let expected = case.expected.get(&*output.name).map_or(&[][..], Vec::as_slice);
        let name = || output.name.to_string();
        if expected.len() != output.values.len() {
            let (expected, found) = (expected.len(), output.values.len());
            return Err(GoldenError::WrongLength { case: number, output: name(), expected, found });
        }
        let family = kernels.family().name();
        let tolerances = golden.header.tolerance.get(&*output.name);
        // Golden sets older than int8 kernels tell how far products by blocks may be off: as far.
        let older = (kernels.family() == KernelFamily::Int8).then_some(KernelFamily::Ggml.name());
        let tolerance = tolerances.and_then(|t| t.get(family).or_else(|| t.get(older?)));
        let tolerance = tolerance.ok_or_else(|| GoldenError::NoTolerance { output: name(), family })?;
        for (element, (found, expected)) in output.values.iter().zip(expected).enumerate() {
            if !tolerance.accepts(*found, *expected) {
                let (expected, found, kernels) = (*expected, *found, kernels.to_string());
                let output = name();
                return Err(GoldenError::Disagrees { case: number, output, element, expected, found, kernels });
            }
            worst = worst.max(share(tolerance, *found, *expected));
        }
    }
    Ok(worst)
}

/// How much of the tolerance a difference takes; none of it when there is no difference.
fn share(tolerance: &Tolerance, found: f32, expected: f32) -> f64 {
    let (found, expected) = (f64::from(found), f64::from(expected));
    let allowed = tolerance.absolute + tolerance.relative * expected.abs();
    if found == expected { 0.0 } else { (found - expected).abs() / allowed }
}
