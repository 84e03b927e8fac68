//! Scores on the held-out records, as a device would answer them.

use std::collections::BTreeMap;

use dunlin_bundle::reference::SliceMetrics;
use dunlin_bundle::schema::FeatureType;
use dunlin_predictor::{OutputValue, Predictor};
use serde_json::Value as Json;

use super::{PackError, Records};

/// Smallest probability that the log loss counts, so that one certain error does not make it infinite.
const SMALLEST_PROBABILITY: f64 = 1e-15;

/// What a model scored. Abstentions count as answers here: the guard's cost is a figure of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// Records scored.
    pub records: usize,
    /// `accuracy` and `log_loss` (nats) of a classification, `mae` and `rmse` of a regression, `abstained` (share).
    pub metrics: BTreeMap<String, f64>,
    /// The same, for each label and each level of a category.
    pub slices: Vec<SliceMetrics>,
}

/// One record's answer and truth.
struct Scored {
    output: OutputValue,
    label: Option<Json>,
    /// Probability that the model gave to the true class.
    truth_probability: Option<f64>,
    abstained: bool,
    slices: Vec<String>,
}

/// Scores the first output against the labels.
pub(super) fn score(predictor: &mut Predictor, held_out: &Records<'_>) -> Result<Scores, PackError> {
    let mut scored = Vec::with_capacity(held_out.records.len());
    for (i, (record, source)) in held_out.records.iter().zip(held_out.source).enumerate() {
        let (file, line) = (held_out.file, i + 1);
        let answer = predictor.predict(record).map_err(|error| PackError::NoPrediction { file, line, error })?;
        let output = answer.outputs.and_then(|outputs| outputs.into_iter().next());
        let output = output.ok_or(PackError::NonFinite { file, line })?;
        scored.push(Scored {
            truth_probability: truth_probability(predictor, &output, source.label.as_ref()),
            output,
            label: source.label.clone(),
            abstained: !answer.verdict.is_accept(),
            slices: slices_of(predictor, &source.record, source.label.as_ref()),
        });
    }
    let all: Vec<&Scored> = scored.iter().collect();
    let mut by_slice: BTreeMap<&str, Vec<&Scored>> = BTreeMap::new();
    for one in &scored {
        one.slices.iter().for_each(|slice| by_slice.entry(slice).or_default().push(one));
    }
    let slices = by_slice.into_iter().map(|(slice, of)| SliceMetrics {
        slice: slice.to_owned(),
        size: of.len() as u64,
        metrics: metrics(&of),
    });
    Ok(Scores { records: scored.len(), metrics: metrics(&all), slices: slices.collect() })
}

/// The probability of the labelled class: its element, or for one probability of two classes that or the rest.
fn truth_probability(predictor: &Predictor, output: &OutputValue, label: Option<&Json>) -> Option<f64> {
    let classes = &predictor.schema().output.first()?.classes;
    let truth = classes.iter().position(|class| Some(class.as_str()) == label.and_then(Json::as_str))?;
    match (output.values.as_slice(), truth) {
        ([second], 0) => Some(1.0 - f64::from(*second)),
        ([second], 1) => Some(f64::from(*second)),
        (values, truth) => values.get(truth).map(|v| f64::from(*v)),
    }
}

fn slices_of(predictor: &Predictor, record: &serde_json::Map<String, Json>, label: Option<&Json>) -> Vec<String> {
    let categories = predictor.schema().feature.iter().filter(|f| f.kind == FeatureType::Category);
    let levels = categories.filter_map(|f| Some(format!("{}={}", f.name, record.get(&f.name)?.as_str()?)));
    let class = label.and_then(Json::as_str).map(|label| format!("label={label}"));
    levels.chain(class).collect()
}

fn metrics(scored: &[&Scored]) -> BTreeMap<String, f64> {
    let mut columns: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for one in scored {
        columns.entry("abstained").or_default().push(f64::from(u8::from(one.abstained)));
        for (name, value) in one.losses() {
            columns.entry(name).or_default().push(value);
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let finish = |(name, values): (&str, Vec<f64>)| {
        let value = mean(&values);
        (name.to_owned(), if name == "rmse" { value.sqrt() } else { value })
    };
    columns.into_iter().map(finish).collect()
}

impl Scored {
    /// What this record adds to each mean (to the square of the rmse).
    fn losses(&self) -> Vec<(&'static str, f64)> {
        match (&self.label, &self.output.class, self.output.values.as_slice()) {
            (Some(Json::String(label)), Some(class), _) => {
                let right = f64::from(u8::from(*label == *class.name));
                let probability = self.truth_probability.unwrap_or(0.0).max(SMALLEST_PROBABILITY);
                vec![("accuracy", right), ("log_loss", -probability.ln())]
            }
            (Some(Json::Number(label)), None, [value]) => {
                let error = f64::from(*value) - label.as_f64().unwrap_or(f64::NAN);
                vec![("mae", error.abs()), ("rmse", error * error)]
            }
            _ => Vec::new(),
        }
    }
}
