//! An answer as the JSON object that every program of Dunlin writes; docs/cli.md has an example.

use dunlin_predictor::{OutputValue, Prediction, Reason};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, AnsweredBy};

impl Answer {
    /// The answer with its name in the journal and the time that it took: `id`, `verdict`, `reasons`, `outputs`,
    /// `answered_by`, `confidence`, `distance`, `latency_us`.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = document(&self.prediction, self.outputs.as_deref(), self.answered_by);
        document["id"] = json!(self.id);
        document["latency_us"] = json!(u64::try_from(self.latency.as_micros()).unwrap_or(u64::MAX));
        document
    }
}

/// The same of an answer that nobody has on record, without `id` and `latency_us`.
#[must_use]
pub fn document(prediction: &Prediction, outputs: Option<&[OutputValue]>, answered_by: AnsweredBy) -> Value {
    let reason = |r: &Reason| json!({"code": r.code(), "culprit": r.culprit(), "message": r.to_string()});
    let reasons: Vec<Value> = prediction.verdict.reasons().iter().map(reason).collect();
    json!({
        "verdict": prediction.verdict.code(), "reasons": reasons, "outputs": outputs.map(outputs_document),
        "answered_by": answered_by.name(), "confidence": prediction.confidence, "distance": prediction.distance,
    })
}

/// Outputs by name: the class and its probability, where there is one, and the values.
#[must_use]
pub fn outputs_document(outputs: &[OutputValue]) -> Map<String, Value> {
    let told = |output: &OutputValue| match &output.class {
        Some(class) => json!({"class": *class.name, "probability": class.probability, "values": output.values}),
        None => json!({"values": output.values}),
    };
    outputs.iter().map(|output| (output.name.to_string(), told(output))).collect()
}
