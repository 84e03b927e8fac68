//! How a Parquet file is read: one row group after the other, a few pages of each column at a time.

use std::fs::File;
use std::io;

use dunlin::journal::Scalar;
use dunlin::{FeatureError, Record};
use dunlin_bundle::schema::{FeatureType, Schema};
use dunlin_records::table::{Columns, nested};
use dunlin_records::{Each, Row, RowError, Wanted, bad_header, key_text};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use serde_json::{Map, Value as Json};

use super::quiet::caught;
use super::source::Position;

/// Reads a Parquet file.
pub(super) fn rows(wanted: Wanted<'_>, file: File, position: &Position, each: Each<'_>) -> io::Result<()> {
    let reader = caught(|| SerializedFileReader::new(file)).map_err(|error| {
        io::Error::other(format!("not a whole Parquet file ({error}); it may be cut short, or of another format"))
    })?;
    let about = reader.metadata().file_metadata();
    let fields = about.schema().get_fields();
    fields.iter().try_for_each(|field| check(field)).map_err(|message| bad_header(&message))?;
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    let columns = Columns::find(wanted, &names, true).map_err(|message| bad_header(&message))?;
    position.set_total(u64::try_from(about.num_rows()).unwrap_or(0));
    let (mut line, mut skip) = (0, wanted.skip);
    for group in 0..reader.num_row_groups() {
        let count = u64::try_from(reader.metadata().row_group(group).num_rows()).unwrap_or(0);
        if skip >= count {
            (skip, line) = (skip - count, line + count);
            position.advance(count);
            continue;
        }
        let group = caught(|| reader.get_row_group(group))?;
        let mut rows = caught(|| RowIter::from_row_group(None, &*group))?;
        while let Some(cells) = caught(|| rows.next().transpose()).map_err(|error| after(line, &error))? {
            line += 1;
            position.advance(1);
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let cells = Values(cells.into_columns());
            each(Row { line, key: cells.key(&columns), record: cells.record(wanted.schema, &columns) })?;
        }
    }
    Ok(())
}

fn after(line: u64, error: &io::Error) -> io::Error {
    io::Error::other(format!("after row {line}: {error}"))
}

/// Refuses a column that holds what no feature can be.
fn check(field: &Type) -> Result<(), String> {
    let name = field.name();
    let cannot =
        |what: &str| Err(format!("column '{name}' holds {what}, which no feature is; cast it, or leave it out"));
    if field.is_group() {
        let is_list = field.get_basic_info().converted_type() == ConvertedType::LIST
            || matches!(field.get_basic_info().logical_type_ref(), Some(LogicalType::List));
        return if is_list {
            check_element(field).or_else(|()| cannot("a list of no numbers"))
        } else {
            cannot("a group")
        };
    }
    if is_plain(field) { Ok(()) } else { cannot("times, decimals or bytes of a fixed length") }
}

/// What a list holds at its innermost.
fn check_element(field: &Type) -> Result<(), ()> {
    match field {
        Type::GroupType { fields, .. } if fields.len() == 1 => check_element(&fields[0]),
        Type::PrimitiveType { .. } if is_plain(field) => Ok(()),
        _ => Err(()),
    }
}

fn is_plain(field: &Type) -> bool {
    let about = field.get_basic_info();
    match (field.get_physical_type(), about.logical_type_ref(), about.converted_type()) {
        (Physical::FIXED_LEN_BYTE_ARRAY, logical, _) => matches!(logical, Some(LogicalType::Float16)),
        (Physical::INT96, ..) => false,
        (_, Some(logical), _) => {
            matches!(
                logical,
                LogicalType::Integer { .. } | LogicalType::String | LogicalType::Enum | LogicalType::Unknown
            )
        }
        (_, None, converted) => !matches!(
            converted,
            ConvertedType::DATE
                | ConvertedType::TIME_MILLIS
                | ConvertedType::TIME_MICROS
                | ConvertedType::TIMESTAMP_MILLIS
                | ConvertedType::TIMESTAMP_MICROS
                | ConvertedType::DECIMAL
                | ConvertedType::INTERVAL
        ),
    }
}

/// The cells of one row, in the file's order.
struct Values(Vec<(String, Field)>);

impl Values {
    fn key(&self, columns: &Columns) -> Option<String> {
        json(&self.0.get(columns.key?)?.1).ok().and_then(key_text)
    }

    fn record(&self, schema: &Schema, columns: &Columns) -> Result<(Record<'static>, Option<Scalar>), RowError> {
        let mut object = Map::new();
        let mut not_finite = Vec::new();
        for (feature, places) in schema.feature.iter().zip(&columns.features) {
            let cells: Vec<&Field> = places.iter().filter_map(|at| Some(&self.0.get(*at)?.1)).collect();
            if cells.iter().all(|cell| matches!(cell, Field::Null)) {
                continue;
            }
            let is_scalar = feature.kind != FeatureType::Tensor;
            match real(cells[0]).filter(|number| is_scalar && !number.is_finite()) {
                Some(number) if feature.kind == FeatureType::Number => not_finite.push((&feature.name, number)),
                Some(_) => return Err(FeatureError::NonFinite { feature: feature.name.clone() }.into()),
                None => {
                    let mut values = cells.iter().map(|cell| json(cell)).collect::<Result<Vec<Json>, _>>()?;
                    let is_flat = !is_scalar && values.first().is_some_and(|value| !value.is_array());
                    let value = if is_flat {
                        nested(&feature.tensor_sizes(), &mut values.into_iter())
                    } else {
                        values.swap_remove(0)
                    };
                    object.insert(feature.name.clone(), value);
                }
            }
        }
        let mut record = Record::from_json(schema, &object)?;
        // JSON has no word for these, and the absence of one must not pass for the absence of the other.
        for (name, number) in not_finite {
            record.set(schema, name, number)?;
        }
        let label = columns.label.and_then(|at| json(&self.0.get(at)?.1).ok()).filter(|label| !label.is_null());
        let label = label.map(serde_json::from_value).transpose();
        let label =
            label.map_err(|_| RowError::new("wrong_label", "the label must be a number, a text or a boolean"))?;
        Ok((record, label))
    }
}

fn real(field: &Field) -> Option<f64> {
    match field {
        Field::Float16(value) => Some(f64::from(*value)),
        Field::Float(value) => Some(f64::from(*value)),
        Field::Double(value) => Some(*value),
        _ => None,
    }
}

/// The JSON form of a cell; an element of a tensor that is NaN or infinite becomes `null`, which a tensor reads as NaN.
fn json(field: &Field) -> Result<Json, RowError> {
    Ok(match field {
        Field::Null => Json::Null,
        Field::Bool(value) => Json::from(*value),
        Field::Byte(value) => Json::from(*value),
        Field::Short(value) => Json::from(*value),
        Field::Int(value) => Json::from(*value),
        Field::Long(value) => Json::from(*value),
        Field::UByte(value) => Json::from(*value),
        Field::UShort(value) => Json::from(*value),
        Field::UInt(value) => Json::from(*value),
        Field::ULong(value) => Json::from(*value),
        Field::Str(text) => Json::from(text.as_str()),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data())
            .map(Json::from)
            .map_err(|_| RowError::new("bad_row", "a cell is not UTF-8; write texts as strings"))?,
        Field::ListInternal(list) => {
            list.elements().iter().map(json).collect::<Result<Vec<Json>, _>>().map(Json::Array)?
        }
        other => match real(other) {
            Some(number) => Json::from(number),
            None => return Err(RowError::new("bad_row", "a cell holds what no feature is; cast its column")),
        },
    })
}
