//! Rows of the input, a bad one named by its line and the rest read on; and how JSON lines are read.

use std::io::{self, BufRead, Read};

use dunlin::journal::Scalar;
use dunlin::{FeatureError, PredictError, Record};
use dunlin_bundle::schema::Schema;
use serde_json::{Map, Value as Json};

/// Longest line that is read: beyond it the file is no list of records.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// What some editors put before the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Column of a CSV, and key of a JSON line, that holds the truth.
pub(super) const LABEL: &str = "label";

/// One row, good or bad.
pub(super) struct Row {
    /// Its line in the input, from 1.
    pub line: u64,
    /// The record and its label, or what is wrong.
    pub record: Result<(Record<'static>, Option<Scalar>), RowError>,
}

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct RowError {
    /// For machines.
    pub code: &'static str,
    /// The feature at fault.
    pub feature: Option<String>,
    /// For people.
    pub message: String,
    /// What the schema says of it, where the row could be read that far: this goes on the record.
    pub refused: Option<Box<FeatureError>>,
}

impl From<FeatureError> for RowError {
    fn from(error: FeatureError) -> Self {
        Self { refused: Some(Box::new(error.clone())), ..PredictError::from(error).into() }
    }
}

impl From<PredictError> for RowError {
    fn from(error: PredictError) -> Self {
        Self {
            code: error.code(),
            feature: error.feature().map(str::to_owned),
            message: error.to_string(),
            refused: None,
        }
    }
}

impl RowError {
    pub(super) fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, feature: None, message: message.to_string(), refused: None }
    }
}

/// What is done with each row.
pub(super) type Each<'a> = &'a mut dyn FnMut(Row) -> io::Result<()>;

/// Reads JSON lines; empty lines are passed over.
pub(super) fn jsonl(schema: &Schema, mut reader: Box<dyn BufRead>, each: Each<'_>) -> io::Result<()> {
    for line in 1.. {
        let mut bytes = Vec::new();
        if reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.len() as u64 == MAX_LINE_BYTES {
            return Err(io::Error::other(format!("line {line} is longer than {MAX_LINE_BYTES} bytes")));
        }
        let text = if line == 1 { bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes) } else { &bytes };
        if !text.trim_ascii().is_empty() {
            each(Row { line, record: json_row(schema, text) })?;
        }
    }
    Ok(())
}

fn json_row(schema: &Schema, bytes: &[u8]) -> Result<(Record<'static>, Option<Scalar>), RowError> {
    let mut object: Map<String, Json> = serde_json::from_slice(bytes).map_err(|e| FeatureError::not_an_object(&e))?;
    let is_labelled = schema.position("record").is_none() && object.get("record").is_some_and(Json::is_object);
    if !is_labelled {
        return Ok((Record::from_json(schema, &object)?, None));
    }
    let label = match object.remove(LABEL) {
        None | Some(Json::Null) => None,
        Some(label) => Some(
            serde_json::from_value(label)
                .map_err(|_| RowError::new("wrong_label", "the label must be a number, a text or a boolean"))?,
        ),
    };
    let record = object.remove("record").and_then(|record| record.as_object().cloned()).unwrap_or_default();
    if let Some(stranger) = object.keys().next() {
        let message =
            format!("'{stranger}' stands beside \"record\", where only \"{LABEL}\" may stand; correct its name");
        return Err(RowError::new("unknown_key", message));
    }
    Ok((Record::from_json(schema, &record)?, label))
}
