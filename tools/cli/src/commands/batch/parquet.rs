//! The finished rows as a Parquet file: row groups of a fixed number of rows, so that a run that was cut short gives the same
//! bytes as one that was not.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::sheet::Holds;

/// Cells of a row group, about: some ten megabytes in memory.
const GROUP_CELLS: usize = 1 << 19;

/// The values of one column in one row group; a level of 0 is nothing, one of 1 the next value.
struct Column {
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Whole(Vec<i64>),
    Number(Vec<f64>),
    Text(Vec<ByteArray>),
}

/// Reads rows that stand in a CSV with a header, and writes them as Parquet.
pub(super) fn convert(from: &Path, to: File, columns: &[(String, Holds)]) -> io::Result<File> {
    let mut rows = csv::Reader::from_reader(File::open(from)?);
    let kept = to.try_clone()?;
    let properties =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by("dunlin".to_owned());
    let mut writer =
        SerializedFileWriter::new(to, schema(columns).map_err(error)?, Arc::new(properties.build())).map_err(error)?;
    let group_rows = (GROUP_CELLS / columns.len().max(1)).clamp(512, 32_768);
    let mut group: Vec<Column> = columns.iter().map(|(_, holds)| Column::new(*holds)).collect();
    let (mut cells, mut waiting) = (csv::StringRecord::new(), 0);
    loop {
        let more = rows.read_record(&mut cells).map_err(io::Error::other)?;
        if waiting == group_rows || (!more && waiting > 0) {
            write(&mut writer, &mut group).map_err(error)?;
            waiting = 0;
        }
        if !more {
            break;
        }
        group.iter_mut().zip(cells.iter()).try_for_each(|(column, cell)| column.push(cell))?;
        waiting += 1;
    }
    writer.close().map_err(error)?;
    Ok(kept)
}

fn schema(columns: &[(String, Holds)]) -> Result<TypePtr, ParquetError> {
    let field = |(name, holds): &(String, Holds)| {
        let (physical, logical) = match holds {
            Holds::Whole => (Physical::INT64, None),
            Holds::Number => (Physical::DOUBLE, None),
            Holds::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let builder = Type::primitive_type_builder(name, physical).with_logical_type(logical);
        builder.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("answers").with_fields(fields).build().map(Arc::new)
}

fn write(writer: &mut SerializedFileWriter<File>, columns: &mut [Column]) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in columns {
        let Some(mut to) = group.next_column()? else { break };
        let levels = Some(column.levels.as_slice());
        match &column.values {
            Values::Whole(values) => to.typed::<Int64Type>().write_batch(values, levels, None)?,
            Values::Number(values) => to.typed::<DoubleType>().write_batch(values, levels, None)?,
            Values::Text(values) => to.typed::<ByteArrayType>().write_batch(values, levels, None)?,
        };
        to.close()?;
        column.clear();
    }
    group.close().map(drop)
}

impl Column {
    fn new(holds: Holds) -> Self {
        let values = match holds {
            Holds::Whole => Values::Whole(Vec::new()),
            Holds::Number => Values::Number(Vec::new()),
            Holds::Text => Values::Text(Vec::new()),
        };
        Self { levels: Vec::new(), values }
    }

    fn push(&mut self, cell: &str) -> io::Result<()> {
        self.levels.push(i16::from(!cell.is_empty()));
        let damaged = || io::Error::other("the unfinished output was changed by somebody else");
        match &mut self.values {
            _ if cell.is_empty() => {}
            Values::Whole(values) => values.push(cell.parse().map_err(|_| damaged())?),
            Values::Number(values) => values.push(cell.parse().map_err(|_| damaged())?),
            Values::Text(values) => values.push(ByteArray::from(cell)),
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Whole(values) => values.clear(),
            Values::Number(values) => values.clear(),
            Values::Text(values) => values.clear(),
        }
    }
}

/// The system's own error where there is one.
fn error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other.to_string()),
        },
        other => io::Error::other(other.to_string()),
    }
}
