//! What is watched of one model version: each feature, each declared scalar of a tensor, each output.

use std::collections::BTreeMap;
use std::sync::Arc;

use dunlin_bundle::reference::Reference;
use dunlin_bundle::schema::{FeatureType, Schema, Task, TensorScalar};
use dunlin_drift::{Bins, Histogram, Scores};
use dunlin_features::{Scalars, Value};
use dunlin_predictor::{OutputValue, PredictError, Prediction};
use dunlin_wire::ModelVersion;

use super::observation::{Observation, Seen};
use super::policy::MAX_CLASSES;

/// The watched features of one model version, in the order in which summaries list them.
#[derive(Debug)]
pub(crate) struct Watch {
    model: ModelVersion,
    features: Vec<Watched>,
    pub(super) latency_budget_us: Option<u64>,
    /// The classification that labels are compared with, and its classes.
    pub(super) labelled_output: Option<String>,
    pub(super) classes: Vec<String>,
}

/// One watched thing.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) name: String,
    pub(super) source: Source,
    /// Its training distribution, whose bins it is counted on.
    pub(super) reference: Option<Histogram>,
    /// The scores of its bins, by which the dependence of successive values is told.
    pub(super) scores: Option<Scores>,
}

/// Where its value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    Feature(usize),
    Scalar(usize, TensorScalar),
    Confidence(String),
    Value(String),
}

impl Watch {
    pub(crate) fn new(
        model: ModelVersion,
        schema: &Schema,
        reference: &Reference,
        latency_budget_us: Option<u64>,
    ) -> Self {
        let mut sources: Vec<(String, Source)> = Vec::new();
        for (at, feature) in schema.feature.iter().enumerate() {
            sources.push((feature.name.clone(), Source::Feature(at)));
            if feature.kind == FeatureType::Tensor {
                let scalar = |s: &TensorScalar| (format!("{}.{}", feature.name, s.name()), Source::Scalar(at, *s));
                sources.extend(feature.drift_summaries.iter().map(scalar));
            }
        }
        for output in &schema.output {
            let name = output.name.clone();
            sources.push(match output.task {
                Task::MulticlassClassification | Task::BinaryClassification => {
                    (format!("{name}.confidence"), Source::Confidence(name))
                }
                Task::Regression | Task::Embedding => (format!("{name}.value"), Source::Value(name)),
            });
        }
        let watched = |(name, source): (String, Source)| {
            let reference = reference.distributions.get(&name).cloned();
            let scores = reference.as_ref().map(Scores::of);
            Watched { name, source, reference, scores }
        };
        let is_class = |task| matches!(task, Task::MulticlassClassification | Task::BinaryClassification);
        let labelled = schema.output.iter().find(|output| is_class(output.task));
        Self {
            model,
            features: sources.into_iter().map(watched).collect(),
            latency_budget_us,
            labelled_output: labelled.map(|output| output.name.clone()),
            classes: labelled.map(|o| o.classes.iter().take(MAX_CLASSES).cloned().collect()).unwrap_or_default(),
        }
    }

    pub(crate) fn model(&self) -> &ModelVersion {
        &self.model
    }

    pub(super) fn features(&self) -> &[Watched] {
        &self.features
    }

    /// The training distributions, for reports.
    pub(super) fn references(&self) -> BTreeMap<&str, &Histogram> {
        let with = self.features.iter().filter_map(|f| Some((f.name.as_str(), f.reference.as_ref()?)));
        with.collect()
    }

    /// What a record that was answered, or on which the guard abstained, adds to its window.
    pub(crate) fn observe(self: &Arc<Self>, record: &Scalars<'_>, prediction: &Prediction, stale: bool) -> Observation {
        let values = record.record().values();
        let see = |watched: &Watched| match &watched.source {
            Source::Feature(at) => watched.see_value(values.get(*at).and_then(Option::as_ref)),
            Source::Scalar(at, scalar) => watched.see_scalar(record, *at, *scalar),
            Source::Confidence(name) => {
                watched.see_output(prediction, name, |o| o.class.as_ref().map(|c| c.probability))
            }
            Source::Value(name) => watched.see_output(prediction, name, single_value),
        };
        Observation { watch: Arc::clone(self), seen: self.features.iter().map(see).collect(), stale }
    }

    /// What a refused record adds: the feature at fault, and why.
    pub(crate) fn observe_refusal(self: &Arc<Self>, error: &PredictError, stale: bool) -> Observation {
        let why = match error.code() {
            "missing" => Seen::Missing,
            "non_finite" => Seen::NonFinite,
            "unseen_level" => Seen::Unseen,
            "out_of_domain" => Seen::OutOfDomain,
            _ => Seen::Nothing,
        };
        let culprit = |watched: &Watched| match watched.source {
            Source::Feature(_) if error.feature() == Some(&watched.name) => why,
            _ => Seen::Nothing,
        };
        Observation { watch: Arc::clone(self), seen: self.features.iter().map(culprit).collect(), stale }
    }
}

impl Watched {
    fn bins(&self) -> Option<&Bins> {
        self.reference.as_ref().map(Histogram::bins)
    }

    fn see_value(&self, value: Option<&Value<'_>>) -> Seen {
        let level = |level: &str| self.bins().and_then(|bins| bins.of_level(level)).map_or(Seen::Nothing, Seen::Bin);
        match value {
            None => Seen::Missing,
            Some(Value::Number(number)) => self.see_number(*number),
            Some(Value::Integer(integer)) => self.see_number(*integer as f64),
            Some(Value::Category(text)) => level(text),
            Some(Value::Boolean(value)) => level(if *value { "true" } else { "false" }),
            Some(Value::Text(_) | Value::Tensor(_)) => Seen::Nothing,
        }
    }

    fn see_scalar(&self, record: &Scalars<'_>, at: usize, scalar: TensorScalar) -> Seen {
        let value = self.reference.as_ref().and_then(|_| record.get(at, scalar));
        value.map_or(Seen::Nothing, |value| self.see_number(value))
    }

    fn see_output(&self, prediction: &Prediction, name: &str, read: impl Fn(&OutputValue) -> Option<f64>) -> Seen {
        let Some(outputs) = &prediction.outputs else { return Seen::NonFinite };
        let value = outputs.iter().find(|output| *output.name == *name).and_then(read);
        value.map_or(Seen::Nothing, |value| self.see_number(value))
    }

    fn see_number(&self, value: f64) -> Seen {
        match self.bins() {
            _ if !value.is_finite() => Seen::NonFinite,
            Some(bins) => bins.of_number(value).map_or(Seen::Nothing, Seen::Bin),
            None => Seen::Nothing,
        }
    }
}

fn single_value(output: &OutputValue) -> Option<f64> {
    match output.values.as_slice() {
        [value] => Some(f64::from(*value)),
        _ => None,
    }
}
