//! Turns an answer, or a refusal, into its row of the journal. Nothing here can take the answer away from the caller.

use std::borrow::Cow;
use std::sync::Arc;

use dunlin_bundle::reference::Reference;
use dunlin_bundle::schema::{Feature, PrivacyClass, Schema};
use dunlin_features::{Scalars, Value};
use dunlin_predictor::{OutputValue, PredictError, Prediction};
use serde_json::Value as Json;

use super::{Chosen, Session, elapsed};
use crate::answer::{Answer, AnsweredBy};
use crate::clock::Moment;
use crate::ids::PredictionId;
use crate::journal::{REFUSED, Row};
use crate::privacy::{self, HashKey, Observed, Reading, TINY_TENSOR};
use crate::trial::Compared;

/// Longest vector of an output that a row keeps.
const KEPT_ELEMENTS: usize = 16;

impl Session {
    /// Puts what was chosen, or the refusal, on the record.
    pub(super) fn remember(
        &self,
        record: &Scalars<'_>,
        started: Moment,
        chosen: Result<Chosen, PredictError>,
        compared: Option<Compared>,
    ) -> Result<Answer, PredictError> {
        let now = self.shared.clock.now();
        let Chosen { answered_by, outputs, prediction } = match chosen {
            Ok(chosen) => chosen,
            Err(error) => {
                self.remember_refusal(started, now, &error);
                return Err(error);
            }
        };
        let mut row = self.row(started, now);
        fill(&mut row, answered_by, outputs.as_deref(), &prediction);
        row.observation = Some(self.side.loaded.watch.observe(record, &prediction, self.side.is_stale(now)));
        row.features = kept_features(&self.hash_key, self.side.model.schema(), &self.side.loaded.reference, record);
        row.compared = compared;
        // A row that is lost is counted by the journal, and the answer is returned all the same.
        let id = self.enter(row);
        let (latency, stale) = (elapsed(started, now), self.side.is_stale(now));
        Ok(Answer { id, outputs, answered_by, prediction, latency, stale, fallback: None })
    }

    /// A refused record leaves no features. A name that the schema does not know is the caller's own text, and stays out.
    pub(super) fn remember_refusal(&self, started: Moment, now: Moment, error: &PredictError) {
        let mut row = self.row(started, now);
        row.reasons = vec![error.code().into()];
        row.culprit = error.feature().filter(|name| self.schema().position(name).is_some()).map(str::to_owned);
        row.observation = Some(self.side.loaded.watch.observe_refusal(error, self.side.is_stale(now)));
        self.enter(row);
    }

    /// Hands a row to the journal, in a batch as soon as there is room.
    fn enter(&self, row: Row) -> PredictionId {
        let journal = &self.shared.journal;
        let (id, _) = if self.patient { journal.append_patiently(row) } else { journal.append(row) };
        id
    }

    /// The row of a record that nobody answered.
    fn row(&self, started: Moment, now: Moment) -> Row {
        Row {
            context: Arc::clone(&self.side.context),
            answered_by: AnsweredBy::Nobody.name().into(),
            verdict: REFUSED.into(),
            reasons: Vec::new(),
            culprit: None,
            confidence: None,
            distance: None,
            latency_us: u64::try_from(elapsed(started, now).as_micros()).unwrap_or(u64::MAX),
            at: started,
            subject: self.subject,
            features: None,
            output: None,
            observation: None,
            compared: None,
        }
    }
}

fn fill(row: &mut Row, answered_by: AnsweredBy, outputs: Option<&[OutputValue]>, prediction: &Prediction) {
    row.answered_by = answered_by.name().into();
    row.verdict = prediction.verdict.code().into();
    row.reasons = prediction.verdict.reasons().iter().map(|reason| reason.code().into()).collect();
    row.culprit = prediction.verdict.reasons().first().map(|reason| reason.culprit().to_owned());
    row.confidence = prediction.confidence;
    row.distance = prediction.distance.filter(|distance| distance.is_finite());
    row.output = outputs.and_then(output_json);
}

/// Outputs as a row keeps them: the class, or the few numbers; longer vectors (embeddings) are not kept.
pub(super) fn output_json(outputs: &[OutputValue]) -> Option<String> {
    let kept = outputs.iter().filter_map(|output| {
        let value = match (&output.class, output.values.as_slice()) {
            (Some(class), _) => Json::from(&*class.name),
            (None, [value]) => Json::from(*value),
            (None, values) if values.len() <= KEPT_ELEMENTS => Json::from(values),
            _ => return None,
        };
        Some((output.name.to_string(), value))
    });
    let kept: serde_json::Map<String, Json> = kept.collect();
    (!kept.is_empty()).then(|| Json::Object(kept).to_string())
}

/// What the features' privacy classes let a row keep.
fn kept_features(key: &HashKey, schema: &Schema, reference: &Reference, record: &Scalars<'_>) -> Option<String> {
    if schema.feature.iter().all(|feature| feature.privacy == PrivacyClass::Drop) {
        return None;
    }
    let held: Vec<Held<'_>> =
        schema.feature.iter().enumerate().map(|(at, feature)| Held::new(reference, feature, record, at)).collect();
    privacy::keep(key, schema.feature.iter().zip(held.iter().map(Held::observed)))
}

/// A value in the forms that privacy classes work on; for a dropped feature nothing is made.
enum Held<'a> {
    Missing,
    Scalar { value: Json, bin: Option<usize> },
    Tensor { elements: Option<Vec<f64>>, bytes: Cow<'a, [u8]>, readings: Vec<Reading> },
}

impl<'a> Held<'a> {
    fn new(reference: &Reference, feature: &Feature, record: &Scalars<'a>, position: usize) -> Self {
        let bins = |name: &str| reference.distributions.get(name).map(dunlin_drift::Histogram::bins);
        let number = |value: f64| (Json::from(value), bins(&feature.name).and_then(|b| b.of_number(value)));
        let level = |level: &str| bins(&feature.name).and_then(|b| b.of_level(level));
        let (value, bin) = match record.record().values().get(position).and_then(Option::as_ref) {
            _ if feature.privacy == PrivacyClass::Drop => return Self::Missing,
            None => return Self::Missing,
            Some(Value::Number(v)) => number(*v),
            Some(Value::Integer(v)) => (Json::from(*v), number(*v as f64).1),
            Some(Value::Category(v)) => (Json::from(v.as_ref()), level(v)),
            Some(Value::Text(v)) => (Json::from(v.as_ref()), None),
            Some(Value::Boolean(v)) => (Json::from(*v), level(if *v { "true" } else { "false" })),
            Some(Value::Tensor(tensor)) => {
                let reading = |scalar| {
                    let value = record.get(position, scalar)?;
                    let bin = bins(&format!("{}.{}", feature.name, scalar.name())).and_then(|b| b.of_number(value));
                    Some(Reading { scalar, value, bin })
                };
                let readings = feature.drift_summaries.iter().filter_map(|scalar| reading(*scalar)).collect();
                let tiny = tensor.shape.iter().product::<usize>() <= TINY_TENSOR;
                let elements = tiny.then(|| tensor.elements().collect());
                return Self::Tensor { elements, bytes: Cow::Borrowed(&tensor.bytes), readings };
            }
        };
        Self::Scalar { value, bin }
    }

    fn observed(&self) -> Observed<'_> {
        match self {
            Self::Missing => Observed::Missing,
            Self::Scalar { value, bin } => Observed::Scalar { value, bin: *bin },
            Self::Tensor { elements, bytes, readings } => {
                Observed::Tensor { elements: elements.as_deref(), bytes, readings }
            }
        }
    }
}
