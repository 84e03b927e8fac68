//! Records of a file, row by row: a bad row is named by its line and the rest is read on.

#![forbid(unsafe_code)]

pub mod jsonl;
pub mod table;

use std::io;

use dunlin::journal::Scalar;
use dunlin::schema::Schema;
use dunlin::{FeatureError, PredictError, Record};
use serde_json::Value as Json;

/// Column of a table, and key of a JSON line, that holds the truth.
const LABEL: &str = "label";

/// What is read of each row.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
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
pub struct Row {
    /// Its line in the input, or its number in a file that has no lines, from 1.
    pub line: u64,
    /// What stands in the key's column.
    pub key: Option<String>,
    /// The record and its label, or what is wrong.
    pub record: Result<(Record<'static>, Option<Scalar>), RowError>,
}

/// What is wrong with a row.
#[derive(Debug)]
pub struct RowError {
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
pub type Each<'a> = &'a mut dyn FnMut(Row) -> io::Result<()>;

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
    /// An error of the row itself, before the schema has seen it.
    #[must_use]
    pub fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, feature: None, message: message.to_string(), refused: None }
    }
}

/// A key's value as a text.
#[must_use]
pub fn key_text(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// The error of a file whose columns cannot be right.
#[must_use]
pub fn bad_header(message: &str) -> io::Error {
    io::Error::other(format!("header: {message}"))
}
