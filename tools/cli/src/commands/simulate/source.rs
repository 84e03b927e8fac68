//! The records that a simulation draws from: a file of JSON lines, or those of a reference model.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use dunlin::journal::Scalar;
use dunlin::{Record, Value};
use dunlin_bundle::schema::Schema;
use dunlin_models::train::SeededRandom;
use dunlin_models::{digits, vibration};
use serde_json::{Map, Value as Json};

use crate::error::{CliError, Kind};

/// The models whose records are built in.
const DIGITS: &str = "digits";
const VIBRATION: &str = "vibration";
/// Most records of a file: they are held in memory.
const MAX_RECORDS: usize = 1_000_000;

/// One record and what is right.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// In schema order.
    pub values: Vec<Option<Value<'static>>>,
    pub label: Option<Scalar>,
}

/// Reads the records: from a file, or those built in for the model.
pub(super) fn samples(model_id: &str, schema: &Schema, file: Option<&Path>) -> Result<Vec<Sample>, CliError> {
    let samples = match file {
        Some(path) => read(schema, path)?,
        None if model_id == DIGITS => scans()?,
        None if model_id == VIBRATION => windows(),
        None => {
            let message = format!(
                "only 'digits' and 'vibration' have built-in records, '{model_id}' has none; give a file with --records"
            );
            return Err(CliError::new(Kind::Usage, "no_records", message));
        }
    };
    match samples.len() {
        0 => Err(CliError::new(Kind::Failed, "no_records", "there is no record to draw from")),
        _ => Ok(samples),
    }
}

fn scans() -> Result<Vec<Sample>, CliError> {
    let digits = digits::digits().map_err(|e| CliError::new(Kind::Failed, "no_records", e))?;
    let sample = |digit: &digits::Digit| Sample {
        values: digit.record().values().to_vec(),
        label: Some(Scalar::from(digit.label.to_string())),
    };
    Ok(digits.iter().map(sample).collect())
}

/// Without speed and load: what a board has.
fn windows() -> Vec<Sample> {
    let sample = |window: &vibration::Window| Sample {
        values: window.record().values().to_vec(),
        label: Some(Scalar::from(window.machine.fault.name().to_owned())),
    };
    vibration::windows().iter().map(sample).collect()
}

fn read(schema: &Schema, path: &Path) -> Result<Vec<Sample>, CliError> {
    let file = File::open(path).map_err(|e| CliError::file(path, &e))?;
    let mut samples = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|e| CliError::file(path, &e))?;
        if line.trim().is_empty() {
            continue;
        }
        let sample = sample(schema, &line);
        let wrong = |what: String| CliError::new(Kind::Failed, "bad_record", format!("line {number}: {what}")).of(path);
        samples.push(sample.map_err(wrong)?);
        if samples.len() > MAX_RECORDS {
            return Err(wrong(format!("there are more than {MAX_RECORDS} records; give fewer")));
        }
    }
    Ok(samples)
}

/// One line: the record itself, or `{"record": ..., "label": ...}`.
fn sample(schema: &Schema, line: &str) -> Result<Sample, String> {
    let not_json = |e: serde_json::Error| format!("not a JSON object (column {})", e.column());
    let mut object: Map<String, Json> = serde_json::from_str(line).map_err(not_json)?;
    let is_labelled = schema.position("record").is_none() && object.get("record").is_some_and(Json::is_object);
    let label = match is_labelled.then(|| object.remove("label")).flatten() {
        None | Some(Json::Null) => None,
        Some(label) => {
            let label = serde_json::from_value(label);
            Some(label.map_err(|_| "the label must be a number, a text or a boolean".to_owned())?)
        }
    };
    if is_labelled {
        object = object.remove("record").and_then(|record| record.as_object().cloned()).unwrap_or_default();
    }
    let record = Record::from_json(schema, &object).map_err(|e| e.to_string())?;
    Ok(Sample { values: record.values().to_vec(), label })
}

/// One of them, at random.
pub(super) fn draw<'a>(samples: &'a [Sample], random: &mut SeededRandom) -> &'a Sample {
    // Below one times the length is an index, but for rounding.
    let at = (f64::from(random.uniform()) * samples.len() as f64) as usize;
    &samples[at.min(samples.len() - 1)]
}
