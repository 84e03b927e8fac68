//! Rows of the input: JSON lines or CSV, a bad one named by its line and the rest read on.

use std::io::{self, BufRead, Read};

use dunlin::journal::Scalar;
use dunlin::{FeatureError, PredictError, Record};
use dunlin_bundle::schema::{Feature, FeatureType, Schema};
use serde_json::{Map, Value as Json};

/// Longest line that is read: beyond it the file is no list of records.
const MAX_LINE_BYTES: u64 = 16 << 20;
/// Column of a CSV, and key of a JSON line, that holds the truth.
const LABEL: &str = "label";

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
    fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, feature: None, message: message.to_string(), refused: None }
    }
}

type Each<'a> = &'a mut dyn FnMut(Row) -> io::Result<()>;

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
        if !bytes.trim_ascii().is_empty() {
            each(Row { line, record: json_row(schema, &bytes) })?;
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
    let record = object.get("record").and_then(Json::as_object).cloned().unwrap_or_default();
    Ok((Record::from_json(schema, &record)?, label))
}

/// Reads CSV with a header.
pub(super) fn csv(schema: &Schema, reader: Box<dyn BufRead>, each: Each<'_>) -> io::Result<()> {
    // Cutting at line feeds alone keeps line numbers right where lines end in CRLF; trimming takes the rest of it away.
    let terminator = csv::Terminator::Any(b'\n');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).terminator(terminator).from_reader(reader);
    let header = reader.headers().map_err(io::Error::other)?.clone();
    let columns = Columns::find(schema, &header).map_err(|e| io::Error::other(format!("header: {}", e.message)))?;
    for cells in reader.records() {
        let row = match cells {
            Ok(cells) => {
                let line = cells.position().map_or(0, csv::Position::line);
                Row { line, record: columns.record(schema, &cells) }
            }
            Err(error) if error.is_io_error() => return Err(io::Error::other(error)),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                Row { line, record: Err(RowError::new("bad_row", error)) }
            }
        };
        each(row)?;
    }
    Ok(())
}

/// Which cells make which feature.
struct Columns {
    /// Columns of each feature, in schema order: one, a tensor's many, or none.
    features: Vec<Vec<usize>>,
    label: Option<usize>,
}

impl Columns {
    fn find(schema: &Schema, header: &csv::StringRecord) -> Result<Self, RowError> {
        let at = |name: &str| header.iter().position(|h| h == name);
        let of = |feature: &Feature| match feature.kind {
            FeatureType::Tensor => (0..feature.tensor_sizes().iter().product())
                .map_while(|i| at(&format!("{}.{i}", feature.name)))
                .collect(),
            _ => at(&feature.name).into_iter().collect(),
        };
        let features: Vec<Vec<usize>> = schema.feature.iter().map(of).collect();
        let label = if schema.position(LABEL).is_none() { at(LABEL) } else { None };
        let known = |i: &usize| label == Some(*i) || features.iter().any(|f| f.contains(i));
        match (0..header.len()).find(|i| !known(i)) {
            Some(stranger) => Err(FeatureError::Unknown { feature: header[stranger].to_owned() }.into()),
            None => Ok(Self { features, label }),
        }
    }

    fn record(
        &self,
        schema: &Schema,
        cells: &csv::StringRecord,
    ) -> Result<(Record<'static>, Option<Scalar>), RowError> {
        let mut object = Map::new();
        for (feature, columns) in schema.feature.iter().zip(&self.features) {
            let texts: Vec<&str> = columns.iter().filter_map(|c| cells.get(*c)).collect();
            if texts.iter().any(|text| !text.is_empty()) {
                object.insert(feature.name.clone(), cell_json(feature, &texts));
            }
        }
        let label = self.label.and_then(|c| cells.get(c)).filter(|text| !text.is_empty());
        Ok((Record::from_json(schema, &object)?, label.map(|text| Scalar::Text(text.to_owned()))))
    }
}

/// The JSON form of a feature's cells; what cannot be read stays a text, which the schema then refuses by name.
fn cell_json(feature: &Feature, texts: &[&str]) -> Json {
    match feature.kind {
        FeatureType::Tensor => nested(&feature.tensor_sizes(), &mut texts.iter().map(|text| number(text))),
        FeatureType::Number | FeatureType::Integer => number(texts[0]),
        FeatureType::Boolean => match texts[0].to_ascii_lowercase().as_str() {
            "true" | "1" => Json::Bool(true),
            "false" | "0" => Json::Bool(false),
            other => Json::from(other),
        },
        FeatureType::Category | FeatureType::Text => Json::from(texts[0]),
    }
}

fn number(text: &str) -> Json {
    let whole = text.parse::<i64>().map(Json::from);
    whole.or_else(|_| text.parse::<f64>().map(Json::from)).unwrap_or_else(|_| Json::from(text))
}

fn nested(shape: &[usize], elements: &mut dyn Iterator<Item = Json>) -> Json {
    match shape.split_first() {
        Some((&size, inner)) => (0..size).map(|_| nested(inner, elements)).collect(),
        None => elements.next().unwrap_or(Json::Null),
    }
}
