//! One line of a client, and its answer: docs/boards.md has the protocol.

use dunlin::journal::{Appended, Scalar};
use dunlin::schema::Schema;
use dunlin::{FeatureError, PredictError, Record, Runtime, Session};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a line may hold beside a bare record. No feature can be meant by it: a record of such a schema is given as `record`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Line {
    Predict { record: Map<String, Value>, subject: Option<String> },
    Label { id: String, label: Scalar },
    Outcome { id: String, outcome: String, value: Scalar },
}

/// Why a line is not answered.
struct Refusal {
    code: String,
    feature: Option<String>,
    message: String,
}

/// Answers a line as JSON, without a line end.
pub(crate) fn answer(runtime: &Runtime, session: &mut Session, line: &[u8]) -> Value {
    match take(runtime, session, line) {
        Ok(answer) => answer,
        Err(Refusal { code, feature, message }) => refused(&code, feature.as_deref(), &message),
    }
}

/// What is said of a line that cannot be answered.
pub(crate) fn refused(code: &str, feature: Option<&str>, message: &str) -> Value {
    json!({"error": {"code": code, "feature": feature, "message": message}})
}

fn take(runtime: &Runtime, session: &mut Session, line: &[u8]) -> Result<Value, Refusal> {
    let object: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|error| Refusal::from(session.refuse(FeatureError::not_an_object(&error))))?;
    if is_bare(session.schema(), &object) {
        return predict(session, None, &object);
    }
    match serde_json::from_value(Value::Object(object)) {
        Ok(Line::Predict { record, subject }) => predict(session, subject.as_deref(), &record),
        Ok(Line::Label { id, label }) => {
            let id = id.parse().map_err(|error| wrong("bad_id", &error))?;
            let appended = runtime.label(id, label).map_err(|error| wrong("bad_label", &error))?;
            kept(&appended, json!({"labelled": id}))
        }
        Ok(Line::Outcome { id, outcome, value }) => {
            let id = id.parse().map_err(|error| wrong("bad_id", &error))?;
            let appended = runtime.outcome(id, &outcome, value).map_err(|error| wrong("bad_outcome", &error))?;
            kept(&appended, json!({"came_out": id}))
        }
        Err(_) => Err(Refusal {
            code: "bad_line".into(),
            feature: None,
            message: "beside a record, a line holds `record` and perhaps `subject`, or `id` and `label`, or `id`, `outcome` and \
                      `value`"
                .into(),
        }),
    }
}

/// Whether an object is a record: it has none of the names by which other lines are told, or the schema has them too.
fn is_bare(schema: &Schema, object: &Map<String, Value>) -> bool {
    let is_feature = |name: &str| schema.position(name).is_some();
    !["record", "label", "outcome"].iter().any(|name| object.contains_key(*name) && !is_feature(name))
}

fn predict(session: &mut Session, subject: Option<&str>, object: &Map<String, Value>) -> Result<Value, Refusal> {
    let record = Record::from_json(session.schema(), object).map_err(|error| Refusal::from(session.refuse(error)))?;
    let answer = match subject {
        Some(subject) => session.predict_for(subject, &record),
        None => session.predict(&record),
    };
    let mut document = answer?.document();
    document["model_version"] = json!(session.model_version());
    Ok(document)
}

/// What is said of a label or an outcome, unless the journal has lost it.
fn kept(appended: &Appended, told: Value) -> Result<Value, Refusal> {
    if appended.is_lost() {
        return Err(wrong("not_kept", &"the journal could not take it; see the log, and send it again"));
    }
    Ok(told)
}

fn wrong(code: &str, error: &dyn std::fmt::Display) -> Refusal {
    Refusal { code: code.to_owned(), feature: None, message: error.to_string() }
}

impl From<PredictError> for Refusal {
    fn from(error: PredictError) -> Self {
        Self { code: error.code().to_owned(), feature: error.feature().map(str::to_owned), message: error.to_string() }
    }
}
