//! An answer as a JSON line.

use dunlin::fallback::{FallbackError, Resolved};
use dunlin::{AnsweredBy, document};
use serde_json::{Value, json};

use crate::commands::answerer::{Answered, Answerer};

/// The line of a record that was not refused.
pub(super) fn line(answerer: &Answerer, answered: &Answered) -> Value {
    let outputs = answered.outputs.as_deref();
    let mut json = document::document(&answered.prediction, outputs, answered.answered_by);
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
            json["outputs"] = json!(document::outputs_document(&resolved.outputs));
            json["answered_by"] = json!(AnsweredBy::Cloud.name());
            json["confidence"] = json!(resolved.confidence);
            json["fallback"] = json!({"status": "resolved", "reason": null});
        }
        Err(error) => {
            json["fallback"] = json!({"status": "failed", "reason": error.code(), "message": error.to_string()});
        }
    }
}
