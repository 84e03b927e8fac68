//! An answer as a JSON line.

use dunlin::fallback::{FallbackError, Resolved};
use dunlin::{AnsweredBy, OutputValue, Reason, Verdict};
use serde_json::{Map, Value, json};

use crate::commands::answerer::{Answered, Answerer};

/// The line of a record that was not refused.
pub(super) fn line(answerer: &Answerer, answered: &Answered) -> Value {
    let mut json = judged(&answered.prediction.verdict, answered.outputs.as_deref());
    json["answered_by"] = json!(answered.answered_by.name());
    json["confidence"] = json!(answered.prediction.confidence);
    json["distance"] = json!(answered.prediction.distance);
    if let (Some(kept), Answerer::OnRecord { session, .. }) = (&answered.kept, answerer) {
        json["id"] = json!(kept.id);
        json["latency_us"] = json!(kept.latency.as_micros() as u64);
        json["model_version"] = json!(session.model_version());
        json["kernel_set"] = json!(session.kernel_set());
        if let Some(resolved) = &kept.resolved {
            tell(&mut json, resolved);
        }
    }
    json
}

/// Says what came of asking the cloud; the verdict and its reasons stay the model's.
fn tell(json: &mut Value, resolved: &Result<Resolved, FallbackError>) {
    match resolved {
        Ok(resolved) => {
            json["outputs"] = json!(named(&resolved.outputs));
            json["answered_by"] = json!(AnsweredBy::Cloud.name());
            json["confidence"] = json!(resolved.confidence);
            json["fallback"] = json!({"status": "resolved", "reason": null});
        }
        Err(error) => {
            json["fallback"] = json!({"status": "failed", "reason": error.code(), "message": error.to_string()});
        }
    }
}

fn judged(verdict: &Verdict, outputs: Option<&[OutputValue]>) -> Value {
    let reason = |r: &Reason| json!({"code": r.code(), "culprit": r.culprit(), "message": r.to_string()});
    let reasons: Vec<Value> = verdict.reasons().iter().map(reason).collect();
    json!({"verdict": verdict.code(), "reasons": reasons, "outputs": outputs.map(named)})
}

fn named(outputs: &[OutputValue]) -> Map<String, Value> {
    outputs.iter().map(|o| (o.name.to_string(), output(o))).collect()
}

fn output(output: &OutputValue) -> Value {
    match &output.class {
        Some(class) => json!({"class": *class.name, "probability": class.probability, "values": output.values}),
        None => json!({"values": output.values}),
    }
}
