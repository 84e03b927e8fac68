//! Fresh labelled records, from the files of a folder.

use std::path::{Path, PathBuf};

use dunlin_bundle::schema::Schema;
use dunlin_features::{Record, RecordSchema};
use dunlin_models::LabelledRecord;

use crate::error::{CliError, Kind};

/// Reads every .jsonl file of a folder, in the order of their names; each record must be one of the schema, with a label.
pub(super) fn read(folder: &Path, schema: &Schema) -> Result<Vec<LabelledRecord>, CliError> {
    let entries = std::fs::read_dir(folder).map_err(|error| CliError::file(folder, &error))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    let checked = RecordSchema::new(schema.clone()).map_err(|error| refused(folder, &error))?;
    let mut records = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| CliError::file(file, &error))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let record = one(&checked, line);
            records.push(record.map_err(|problem| refused(file, &format!("line {}: {problem}", number + 1)))?);
        }
    }
    if records.is_empty() {
        return Err(refused(folder, &"no .jsonl file with a labelled record is in it"));
    }
    Ok(records)
}

fn one(schema: &RecordSchema, line: &str) -> Result<LabelledRecord, String> {
    let labelled: LabelledRecord = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if labelled.label.is_none() {
        return Err("it has no label".to_owned());
    }
    let record = Record::from_json(schema.schema(), &labelled.record).map_err(|error| error.to_string())?;
    schema.check(&record).map_err(|error| error.to_string())?;
    Ok(labelled)
}

fn refused(path: &Path, problem: &dyn std::fmt::Display) -> CliError {
    CliError::new(Kind::Model, "fresh_data", format!("{}: {problem}", path.display()))
}
