//! Records of a file, whatever its format: a bad row is named by its line and the rest is read on.

mod jsonl;
mod parquet;
mod quiet;
mod source;
mod table;

use std::io;
use std::path::Path;

use clap::ValueEnum;
use dunlin::journal::Scalar;
use dunlin::{FeatureError, PredictError, Record};
use dunlin_bundle::schema::Schema;
use serde_json::Value as Json;

pub(crate) use source::{Position, Source, is_standard};

/// Column of a table, and key of a JSON line, that holds the truth.
const LABEL: &str = "label";

/// How records are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line: the record, or {"record": {...}, "label": ...}.
    Jsonl,
    /// A header naming the features (NAME.0, NAME.1, ... for a tensor's elements; `label` for the truth).
    Csv,
    /// Columns named as in CSV, or a list for a tensor.
    Parquet,
}

impl Format {
    /// What a file's ending says.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// What is read of each row.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// What a record holds.
    pub schema: &'a Schema,
    /// Column that is carried over; it may be a feature too.
    pub key: Option<&'a str>,
    /// A table must have a column for each feature that a record must hold.
    pub whole: bool,
    /// Rows at the beginning that are passed over.
    pub skip: u64,
}

/// One row, good or bad.
pub(crate) struct Row {
    /// Its line in the input, or its number in a Parquet file, from 1.
    pub line: u64,
    /// What stands in the key's column.
    pub key: Option<String>,
    /// The record and its label, or what is wrong.
    pub record: Result<(Record<'static>, Option<Scalar>), RowError>,
}

/// What is wrong with a row.
#[derive(Debug)]
pub(crate) struct RowError {
    /// For machines.
    pub code: &'static str,
    /// The feature at fault.
    pub feature: Option<String>,
    /// For people.
    pub message: String,
    /// What the schema says of it, where the row could be read that far: this goes on the record.
    pub refused: Option<Box<FeatureError>>,
}

/// What is done with each row.
pub(crate) type Each<'a> = &'a mut dyn FnMut(Row) -> io::Result<()>;

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

/// A key's value as a text.
fn key_text(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// The error of a file whose columns cannot be right.
fn bad_header(message: &str) -> io::Error {
    io::Error::other(format!("header: {message}"))
}
