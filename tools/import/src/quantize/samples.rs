//! The rows that ranges come from, and those that the result is judged on.

use dunlin_features::{Record, RecordSchema, Transforms};
use dunlin_models::{LabelledRecord, ModelFolder};

use super::QuantizeError;
use crate::data::{Data, Row, Source};

/// Rows for quantisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// What ranges are calibrated on.
    pub calibration: Vec<Row>,
    /// What the quantised model is compared with the float one on.
    pub held_out: Vec<Row>,
    /// Where they are from.
    pub source: Source,
}

/// With fewer rows than this, all are both.
const FEWEST: usize = 8;
/// Of so many rows one is held out.
const HELD_OUT: usize = 4;
/// Ranges hardly change after this many rows of training data.
const MOST_OF_FOLDER: usize = 1024;

impl Samples {
    /// Holds out every fourth row, where there are enough.
    #[must_use]
    pub fn of(data: &Data) -> Self {
        let (rows, source) = (&data.rows, data.source);
        if rows.len() < FEWEST {
            return Self { calibration: rows.clone(), held_out: rows.clone(), source };
        }
        let is_held_out = |i: usize| i % HELD_OUT == HELD_OUT - 1;
        let part = |wanted: bool| rows.iter().enumerate().filter(move |(i, _)| is_held_out(*i) == wanted);
        let rows = |wanted: bool| part(wanted).map(|(_, row)| row.clone()).collect();
        Self { calibration: rows(false), held_out: rows(true), source }
    }

    /// Training records of a model folder to calibrate on, and those that it holds out.
    ///
    /// # Errors
    /// [`QuantizeError::BadRecord`] naming the file and the line.
    pub fn of_folder(folder: &ModelFolder) -> Result<Self, QuantizeError> {
        let schema = RecordSchema::new(folder.schema.clone()).map_err(|error| bad("schema.json", 1, &error))?;
        let transforms = Transforms::compile(schema.schema(), &folder.transforms)
            .map_err(|error| bad("features.json", 1, &error))?;
        let read = |file, records: &[LabelledRecord]| {
            let row = |(i, labelled): (usize, &LabelledRecord)| {
                let refuse = |error: &dyn std::error::Error| bad(file, i + 1, error);
                let record = Record::from_json(&folder.schema, &labelled.record).map_err(|e| refuse(&e))?;
                let input = schema.check(&record).map_err(|e| refuse(&e))?;
                let features = transforms.apply(&input).map_err(|e| refuse(&e))?;
                let inputs = features.tensors().iter().map(|tensor| tensor.data.clone()).collect();
                Ok::<Row, QuantizeError>(Row { inputs, label: labelled.label.clone() })
            };
            records.iter().enumerate().map(row).collect::<Result<Vec<Row>, _>>()
        };
        let calibration = &folder.reference[..folder.reference.len().min(MOST_OF_FOLDER)];
        Ok(Self {
            calibration: read("reference.jsonl", calibration)?,
            held_out: read("held_out.jsonl", &folder.held_out)?,
            source: Source::Given,
        })
    }
}

fn bad(file: &'static str, line: usize, error: &dyn std::error::Error) -> QuantizeError {
    QuantizeError::BadRecord { file, line, reason: error.to_string() }
}
