//! The output as a table: which columns there are, and what a row's answer puts in them.

use dunlin::{OutputValue, Reason};
use dunlin_bundle::schema::{Output as SchemaOutput, Schema, Task};
use dunlin_records::RowError;

use crate::commands::answerer::Answered;

use crate::error::{CliError, Kind};

/// What every output has before the model's own columns.
const COMMON: [(&str, Holds); 8] = [
    ("row", Holds::Whole),
    ("prediction_id", Holds::Text),
    ("answered_by", Holds::Text),
    ("verdict", Holds::Text),
    ("reasons", Holds::Text),
    ("feature", Holds::Text),
    ("message", Holds::Text),
    ("confidence", Holds::Number),
];

/// What a column's cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Whole,
    Number,
    Text,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Nothing,
    Whole(u64),
    Number(f64),
    Text(String),
}

/// The columns of an output.
pub(super) struct Sheet {
    pub(super) columns: Vec<(String, Holds)>,
    carries: bool,
    outputs: Vec<Own>,
}

/// The columns of one output of the model.
struct Own {
    name: String,
    is_class: bool,
    elements: usize,
}

impl Sheet {
    /// The columns for a model and a column that is carried over.
    pub(super) fn new(schema: &Schema, shapes: &[Vec<usize>], carry: Option<&str>) -> Result<Self, CliError> {
        let mut columns: Vec<(String, Holds)> = COMMON.map(|(name, holds)| (name.to_owned(), holds)).to_vec();
        let outputs: Vec<Own> =
            schema.output.iter().zip(shapes).map(|(output, shape)| Own::new(output, shape)).collect();
        outputs.iter().for_each(|output| output.name_columns(&mut columns));
        if let Some(carry) = carry {
            if columns.iter().any(|(name, _)| name == carry) {
                let message = format!("--carry {carry}: the output has a column of this name; rename it in the input");
                return Err(CliError::new(Kind::Usage, "column_twice", message));
            }
            columns.insert(1, (carry.to_owned(), Holds::Text));
        }
        Ok(Self { columns, carries: carry.is_some(), outputs })
    }

    /// A row's cells, in the columns' order.
    pub(super) fn cells(&self, row: u64, key: Option<String>, answered: &Result<Answered, RowError>) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(self.columns.len());
        cells.push(Cell::Whole(row));
        if self.carries {
            cells.push(text(key));
        }
        match answered {
            Ok(answered) => self.answered(answered, &mut cells),
            Err(error) => {
                let who = [Cell::Nothing, known("none"), known("refused"), known(error.code)];
                cells.extend(who);
                cells.extend([text(error.feature.clone()), known(&error.message)]);
                cells.resize(self.columns.len(), Cell::Nothing);
            }
        }
        cells
    }

    fn answered(&self, answered: &Answered, cells: &mut Vec<Cell>) {
        let reasons = answered.prediction.verdict.reasons();
        let list = |what: &dyn Fn(&Reason) -> String| reasons.iter().map(what).collect::<Vec<_>>().join("; ");
        let reason = reasons.first();
        cells.extend([
            text(answered.kept.as_ref().map(|kept| kept.id.to_string())),
            known(answered.answered_by.name()),
            known(answered.prediction.verdict.code()),
            text(reason.map(|_| list(&|reason| reason.code().to_owned()))),
            text(reason.map(|reason| reason.culprit().to_owned())),
            text(reason.map(|_| list(&ToString::to_string))),
            number(answered.prediction.confidence),
        ]);
        for (at, output) in self.outputs.iter().enumerate() {
            output.fill(answered.outputs.as_ref().and_then(|outputs| outputs.get(at)), cells);
        }
    }
}

impl Own {
    fn new(output: &SchemaOutput, shape: &[usize]) -> Self {
        let is_class = matches!(output.task, Task::MulticlassClassification | Task::BinaryClassification);
        // The first dimension is the batch's.
        let elements = shape.iter().skip(1).product();
        Self { name: output.name.clone(), is_class, elements }
    }

    fn name_columns(&self, columns: &mut Vec<(String, Holds)>) {
        let name = &self.name;
        match (self.is_class, self.elements) {
            (true, _) => columns.extend([(name.clone(), Holds::Text), (format!("{name}.probability"), Holds::Number)]),
            (false, 1) => columns.push((name.clone(), Holds::Number)),
            (false, elements) => columns.extend((0..elements).map(|i| (format!("{name}.{i}"), Holds::Number))),
        }
    }

    fn fill(&self, value: Option<&OutputValue>, cells: &mut Vec<Cell>) {
        if self.is_class {
            let class = value.and_then(|value| value.class.as_ref());
            cells.extend([
                text(class.map(|class| class.name.to_string())),
                number(class.map(|class| class.probability)),
            ]);
        } else {
            let element = |i| value.and_then(|value| value.values.get(i)).map(|value| f64::from(*value));
            cells.extend((0..self.elements).map(|i| number(element(i))));
        }
    }
}

/// A text that is not there and one that is empty are the same: CSV cannot tell them apart, and no format shall differ.
fn text(text: Option<String>) -> Cell {
    text.filter(|text| !text.is_empty()).map_or(Cell::Nothing, Cell::Text)
}

fn known(word: &str) -> Cell {
    text(Some(word.to_owned()))
}

fn number(number: Option<f64>) -> Cell {
    number.map_or(Cell::Nothing, Cell::Number)
}
