//! Records of a file, whatever its format: a bad row is named by its line and the rest is read on.

mod parquet;
mod quiet;
mod source;

use std::path::Path;

use clap::ValueEnum;

pub(crate) use source::{Position, Source, is_standard};

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
