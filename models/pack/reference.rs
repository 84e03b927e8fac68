//! The reference distribution and the guard's thresholds, both from the training records.

use std::collections::BTreeMap;

use dunlin_bundle::reference::{DistanceThreshold, GuardThresholds, Reference};
use dunlin_bundle::schema::{Feature, FeatureType};
use dunlin_drift::{Bins, Histogram, RobustScale, quantile};
use dunlin_features::{Input, Record, Scalars, Value};
use dunlin_predictor::{Predictor, ScalarSet};

use super::{PackError, Records};
use crate::folder::GuardSettings;

/// Fine bins of a scalar; a test merges them once it knows how many records it has.
const FINE_BINS: usize = 32;
/// Bins of the confidence: equal widths, since its quantiles crowd at one.
const CONFIDENCE_BINS: u32 = 20;

/// Finds centre and spread of each scalar, and the largest distance that training records keep.
pub(super) fn fit_guard(
    predictor: &mut Predictor,
    training: &Records<'_>,
    settings: &GuardSettings,
) -> Result<GuardThresholds, PackError> {
    let columns = scalar_columns(predictor, training)?;
    let scales: BTreeMap<String, RobustScale> =
        columns.iter().filter_map(|(name, values)| Some((name.clone(), RobustScale::fit(&present(values))?))).collect();
    let distance = |row: usize| {
        let of = |(name, values): (&String, &Vec<Option<f64>>)| Some(scales.get(name)?.distance(values[row]?));
        columns.iter().filter_map(of).fold(0.0, f64::max)
    };
    let distances: Vec<f64> = (0..training.records.len()).map(distance).collect();
    let max = quantile(&distances, settings.distance_quantile).map(|q| q * settings.distance_margin);
    let distance = max.filter(|_| !scales.is_empty()).map(|max| DistanceThreshold { scales, max });
    Ok(GuardThresholds { min_confidence: settings.min_confidence, distance })
}

/// Counts every feature and scalar of the training records, and every output of the held-out ones: on what it was trained on,
/// a model is surer than it will ever be again.
pub(super) fn count(
    predictor: &mut Predictor,
    training: &Records<'_>,
    held_out: &Records<'_>,
) -> Result<Reference, PackError> {
    let mut distributions = BTreeMap::new();
    for (name, values) in scalar_columns(predictor, training)? {
        let histogram = Histogram::empty(Bins::fit_ordered(&present(&values), FINE_BINS));
        distributions.insert(name, counted(histogram, &values));
    }
    for (position, feature) in predictor.schema().feature.clone().iter().enumerate() {
        if let Some(histogram) = count_levels(predictor, training, position, feature)? {
            distributions.insert(feature.name.clone(), histogram);
        }
    }
    distributions.extend(count_outputs(predictor, held_out)?);
    Ok(Reference { sample_size: training.records.len() as u64, distributions, ..Reference::default() })
}

/// Each scalar's value in each record, by name.
fn scalar_columns(
    predictor: &Predictor,
    training: &Records<'_>,
) -> Result<BTreeMap<String, Vec<Option<f64>>>, PackError> {
    let scalars = ScalarSet::of(predictor.schema());
    let names: Vec<String> = scalars.names().map(|n| n.to_string()).collect();
    let mut columns: Vec<Vec<Option<f64>>> = vec![Vec::new(); names.len()];
    for_each_checked(predictor, training, |record, _| {
        for (column, value) in columns.iter_mut().zip(scalars.values(&Scalars::of(record))) {
            column.push(value);
        }
    })?;
    Ok(names.into_iter().zip(columns).collect())
}

fn for_each_checked(
    predictor: &Predictor,
    records: &Records<'_>,
    mut see: impl FnMut(&Record<'_>, &Input<'_>),
) -> Result<(), PackError> {
    for (i, record) in records.records.iter().enumerate() {
        let bad = |error| PackError::BadRecord { file: records.file, line: i + 1, error };
        see(record, &predictor.record_schema().check(record).map_err(bad)?);
    }
    Ok(())
}

fn present(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().flatten().copied().collect()
}

fn counted(mut histogram: Histogram, values: &[Option<f64>]) -> Histogram {
    for value in values {
        match value {
            Some(value) => histogram.add_number(*value),
            None => histogram.add_missing(),
        }
    }
    histogram
}

/// Counts a category by its vocabulary, or a boolean; `None` for every other feature.
fn count_levels(
    predictor: &Predictor,
    training: &Records<'_>,
    position: usize,
    feature: &Feature,
) -> Result<Option<Histogram>, PackError> {
    let bins = match (feature.kind, &feature.string_domain) {
        (FeatureType::Category, Some(domain)) => {
            Bins::levels(domain.value.iter().take(dunlin_drift::MAX_BINS - 1).cloned())
        }
        (FeatureType::Boolean, _) => Bins::levels(["false", "true"]),
        _ => return Ok(None),
    };
    let mut histogram = Histogram::empty(bins);
    for_each_checked(predictor, training, |_, input| match input.value(position) {
        _ if input.imputed().contains(&position) => histogram.add_missing(),
        Some(Value::Category(level)) => histogram.add_level(level),
        Some(Value::Boolean(value)) => histogram.add_level(if *value { "true" } else { "false" }),
        _ => histogram.add_missing(),
    })?;
    Ok(Some(histogram))
}

/// Counts the confidence of classifications and the value of one-dimensional regressions.
fn count_outputs(predictor: &mut Predictor, held_out: &Records<'_>) -> Result<BTreeMap<String, Histogram>, PackError> {
    let mut columns: BTreeMap<String, Vec<Option<f64>>> = BTreeMap::new();
    for (i, record) in held_out.records.iter().enumerate() {
        let (file, line) = (held_out.file, i + 1);
        let prediction = predictor.predict(record).map_err(|error| PackError::NoPrediction { file, line, error })?;
        for output in prediction.outputs.ok_or(PackError::NonFinite { file, line })? {
            let (suffix, value) = match (&output.class, output.values.as_slice()) {
                (Some(class), _) => ("confidence", class.probability),
                (None, [value]) => ("value", f64::from(*value)),
                _ => continue,
            };
            columns.entry(format!("{}.{suffix}", output.name)).or_default().push(Some(value));
        }
    }
    let histogram = |(name, values): (String, Vec<Option<f64>>)| {
        let bins = if name.ends_with(".confidence") {
            Bins::Edges((1..CONFIDENCE_BINS).map(|i| f64::from(i) / f64::from(CONFIDENCE_BINS)).collect())
        } else {
            Bins::fit_ordered(&present(&values), FINE_BINS)
        };
        (name, counted(Histogram::empty(bins), &values))
    };
    Ok(columns.into_iter().map(histogram).collect())
}
