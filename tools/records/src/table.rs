//! How a CSV is read: a header that names the features, and a row for each record.

use std::io::{self, BufRead};

use dunlin::journal::Scalar;
use dunlin::schema::{Feature, FeatureType, Schema};
use dunlin::{FeatureError, Record};
use serde_json::{Map, Value as Json};

use crate::{Each, LABEL, Row, RowError, Wanted, bad_header};

/// Reads CSV with a header.
///
/// # Errors
/// Those of reading and of `each`, and a header that cannot be right.
pub fn rows(wanted: Wanted<'_>, reader: impl BufRead, each: Each<'_>) -> io::Result<()> {
    // Cutting at line feeds alone keeps line numbers right where lines end in CRLF; trimming takes the rest of it away.
    let terminator = csv::Terminator::Any(b'\n');
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.trim(csv::Trim::All).terminator(terminator).flexible(true).from_reader(reader);
    let header = reader.headers().map_err(|error| bad_header(&problem(&error)))?.clone();
    let names: Vec<&str> = header.iter().collect();
    let columns = Columns::find(wanted, &names, false).map_err(|message| bad_header(&message))?;
    let mut skip = wanted.skip;
    for cells in reader.records() {
        let (at, cells) = match &cells {
            // A blank line that ends in CRLF.
            Ok(cells) if cells.len() == 1 && header.len() > 1 && cells[0].is_empty() => continue,
            Ok(cells) => (cells.position(), Ok(cells)),
            Err(error) if error.is_io_error() => return Err(io::Error::other(error.to_string())),
            Err(error) => (error.position(), Err(RowError::new("bad_row", problem(error)))),
        };
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let key = cells.as_ref().ok().and_then(|cells| columns.key(cells));
        let record = cells.and_then(|cells| columns.record(wanted.schema, cells));
        each(Row { line: at.map_or(0, csv::Position::line), key, record })?;
    }
    Ok(())
}

/// What is wrong with a row, without its content.
fn problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { err, .. } => {
            format!("cell {} is not UTF-8; save the file as UTF-8", err.field().saturating_add(1))
        }
        _ => error.to_string(),
    }
}

/// Which cells make which feature.
pub struct Columns {
    /// Columns of each feature, in schema order: one, a tensor's many, or none.
    pub features: Vec<Vec<usize>>,
    /// The column of the truth.
    pub label: Option<usize>,
    /// The column that is carried over.
    pub key: Option<usize>,
    /// Columns in all.
    count: usize,
}

impl Columns {
    /// Finds them by the columns' names; in some formats one column can hold a whole tensor.
    ///
    /// # Errors
    /// A message naming the column that comes twice, lacks, or is none of the schema's.
    pub fn find(wanted: Wanted<'_>, header: &[&str], holds_tensors: bool) -> Result<Self, String> {
        let schema = wanted.schema;
        if let Some(twice) = header.iter().enumerate().find(|(i, name)| header.iter().take(*i).any(|h| h == *name)) {
            return Err(format!("column '{}' comes twice; remove one", twice.1));
        }
        let at = |name: &str| header.iter().position(|h| *h == name);
        let columns = |feature| of(feature, at, holds_tensors);
        let features = schema.feature.iter().map(columns).collect::<Result<Vec<_>, _>>()?;
        let label = if schema.position(LABEL).is_none() { at(LABEL) } else { None };
        let lacks = |(feature, columns): &(&Feature, &Vec<usize>)| columns.is_empty() && feature.is_required();
        if wanted.whole
            && let Some((feature, _)) = schema.feature.iter().zip(&features).find(lacks)
        {
            return Err(format!("there is no column for the feature '{}', which every record must hold", feature.name));
        }
        let key = wanted.key.map(|name| at(name).ok_or_else(|| format!("there is no column '{name}' to carry over")));
        let key = key.transpose()?;
        let known = |i: &usize| [label, key].contains(&Some(*i)) || features.iter().any(|f| f.contains(i));
        match (0..header.len()).find(|i| !known(i)) {
            Some(stranger) => Err(FeatureError::Unknown { feature: header[stranger].to_owned() }.to_string()),
            None => Ok(Self { features, label, key, count: header.len() }),
        }
    }

    /// What stands in the key's column; an empty cell is nothing.
    fn key(&self, cells: &csv::StringRecord) -> Option<String> {
        let cell = cells.get(self.key?)?;
        (!cell.is_empty()).then(|| cell.to_owned())
    }

    fn record(
        &self,
        schema: &Schema,
        cells: &csv::StringRecord,
    ) -> Result<(Record<'static>, Option<Scalar>), RowError> {
        let (found, expected) = (cells.len(), self.count);
        if found != expected {
            let message = format!("the row has {found} cells, the header has {expected}; look for a quote or a comma");
            return Err(RowError::new("bad_row", message));
        }
        let (mut object, mut not_finite) = (Map::new(), Vec::new());
        for (feature, columns) in schema.feature.iter().zip(&self.features) {
            let texts: Vec<&str> = columns.iter().filter_map(|c| cells.get(*c)).collect();
            match texts.first().map(|text| text.parse::<f64>()) {
                Some(Ok(number)) if feature.kind == FeatureType::Number && !number.is_finite() => {
                    not_finite.push((&feature.name, number));
                }
                _ if texts.iter().any(|text| !text.is_empty()) => {
                    object.insert(feature.name.clone(), cell_json(feature, &texts));
                }
                _ => {}
            }
        }
        let mut record = Record::from_json(schema, &object)?;
        // JSON has no word for these, and the absence of one must not pass for the absence of the other.
        for (name, number) in not_finite {
            record.set(schema, name, number)?;
        }
        let label = self.label.and_then(|c| cells.get(c)).filter(|text| !text.is_empty());
        Ok((record, label.map(|text| Scalar::Text(text.to_owned()))))
    }
}

/// The columns of a feature: all that a tensor needs, or none of them.
fn of(feature: &Feature, at: impl Fn(&str) -> Option<usize>, holds_tensors: bool) -> Result<Vec<usize>, String> {
    if feature.kind != FeatureType::Tensor || (holds_tensors && at(&feature.name).is_some()) {
        return Ok(at(&feature.name).into_iter().collect());
    }
    let names: Vec<String> =
        (0..feature.tensor_sizes().iter().product()).map(|i: usize| format!("{}.{i}", feature.name)).collect();
    let found: Vec<usize> = names.iter().filter_map(|name| at(name)).collect();
    match names.iter().find(|name| at(name).is_none()) {
        Some(missing) if !found.is_empty() => {
            Err(format!("column '{missing}' of the tensor '{}' is missing; it needs {}", feature.name, names.len()))
        }
        _ => Ok(found),
    }
}

/// The JSON form of a feature's cells; what cannot be read stays a text, which the schema then refuses by name.
fn cell_json(feature: &Feature, texts: &[&str]) -> Json {
    match feature.kind {
        FeatureType::Tensor => nested(&feature.tensor_sizes(), &mut texts.iter().map(|text| number(text))),
        FeatureType::Number => number(texts[0]),
        FeatureType::Integer => Some(number(texts[0])).filter(Json::is_number).unwrap_or_else(|| Json::from(texts[0])),
        FeatureType::Boolean => match texts[0].to_ascii_lowercase().as_str() {
            "true" | "1" => Json::Bool(true),
            "false" | "0" => Json::Bool(false),
            other => Json::from(other),
        },
        FeatureType::Category | FeatureType::Text => Json::from(texts[0]),
    }
}

/// A number that JSON can hold, or the text as it stands; an element of a tensor that is NaN or infinite becomes `null`,
/// which a tensor reads as NaN.
fn number(text: &str) -> Json {
    let whole = text.parse::<i64>().map(Json::from);
    whole.or_else(|_| text.parse::<f64>().map(Json::from)).unwrap_or_else(|_| Json::from(text))
}

/// Elements as lists within lists of a tensor's shape, row-major.
pub fn nested(shape: &[usize], elements: &mut dyn Iterator<Item = Json>) -> Json {
    match shape.split_first() {
        Some((&size, inner)) => (0..size).map(|_| nested(inner, elements)).collect(),
        None => elements.next().unwrap_or(Json::Null),
    }
}
