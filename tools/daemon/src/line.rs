//! One line of a client, and its answer: docs/boards.md has the protocol.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use dunlin::journal::{Appended, Scalar};
use dunlin::schema::Schema;
use dunlin::{FeatureError, Record};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::served::{Caller, Following, Served, refused};

/// What a line may hold beside a bare record. No feature can be meant by it: a record of such a schema is given as `record`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Predict(Predict),
    Other(Other),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Predict {
    record: Map<String, Value>,
    subject: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Other {
    Label { id: String, label: Scalar },
    Outcome { id: String, outcome: String, value: Scalar },
    Follow { follow: Source },
}

/// Whose answers are followed.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Sensor,
}

/// What a client gets for a line.
pub(crate) enum Reply {
    /// A document.
    Document(Value),
    /// Every answer of the sensor from now on.
    Stream(Receiver<Arc<str>>),
}

impl From<Value> for Reply {
    fn from(document: Value) -> Self {
        Self::Document(document)
    }
}

/// Names by which lines are told that are no bare record.
const MARKS: &[&str] = &["record", "label", "outcome", "follow"];

/// A line, read by the schema.
enum Read {
    Record { subject: Option<String>, record: Result<Record<'static>, FeatureError> },
    Other(Other),
    Bad,
}

/// Answers a line.
pub(crate) fn answer(served: &Served, following: &mut Following<'_>, line: &[u8]) -> Reply {
    let read = match following.session() {
        Ok(session) => read(session.schema(), line),
        Err(error) => return refused("no_session", None, &error.to_string()).into(),
    };
    match read {
        Read::Record { subject, record } => {
            following.answer(Caller::Live { subject: subject.as_deref() }, record).into()
        }
        Read::Other(Other::Label { id, label }) => {
            labelled(served, &id, label).unwrap_or_else(|refusal| refusal).into()
        }
        Read::Other(Other::Outcome { id, outcome, value }) => {
            came_out(served, &id, &outcome, value).unwrap_or_else(|refusal| refusal).into()
        }
        Read::Other(Other::Follow { follow: Source::Sensor }) => match served.followers.join() {
            Some(answers) => Reply::Stream(answers),
            None => refused("no_sensor", None, "no sensor is sampled here: see [sensor] in the configuration").into(),
        },
        Read::Bad => {
            let message = "beside a record, a line holds `record` and perhaps `subject`, or `id` and `label`, or `id`, \
                           `outcome` and `value`, or `follow`";
            refused("bad_line", None, message).into()
        }
    }
}

fn read(schema: &Schema, line: &[u8]) -> Read {
    let object: Map<String, Value> = match serde_json::from_slice(line) {
        Ok(object) => object,
        Err(error) => return Read::Record { subject: None, record: Err(FeatureError::not_an_object(&error)) },
    };
    if is_bare(schema, &object) {
        return Read::Record { subject: None, record: Record::from_json(schema, &object) };
    }
    match serde_json::from_value(Value::Object(object)) {
        Ok(Line::Predict(Predict { record, subject })) => {
            Read::Record { subject, record: Record::from_json(schema, &record) }
        }
        Ok(Line::Other(other)) => Read::Other(other),
        Err(_) => Read::Bad,
    }
}

/// Whether an object is a record: it has none of the names by which other lines are told, or the schema has them too.
fn is_bare(schema: &Schema, object: &Map<String, Value>) -> bool {
    let is_feature = |name: &str| schema.position(name).is_some();
    !MARKS.iter().any(|name| object.contains_key(*name) && !is_feature(name))
}

fn labelled(served: &Served, id: &str, label: Scalar) -> Result<Value, Value> {
    let id = id.parse().map_err(|error| wrong("bad_id", &error))?;
    let appended = served.runtime.label(id, label).map_err(|error| wrong("bad_label", &error))?;
    kept(&appended, json!({"labelled": id}))
}

fn came_out(served: &Served, id: &str, outcome: &str, value: Scalar) -> Result<Value, Value> {
    let id = id.parse().map_err(|error| wrong("bad_id", &error))?;
    let appended = served.runtime.outcome(id, outcome, value).map_err(|error| wrong("bad_outcome", &error))?;
    kept(&appended, json!({"came_out": id}))
}

/// What is said of a label or an outcome, unless the journal has lost it.
fn kept(appended: &Appended, told: Value) -> Result<Value, Value> {
    if appended.is_lost() {
        return Err(wrong("not_kept", &"the journal could not take it; see the log, and send it again"));
    }
    Ok(told)
}

fn wrong(code: &str, error: &dyn std::fmt::Display) -> Value {
    refused(code, None, &error.to_string())
}
