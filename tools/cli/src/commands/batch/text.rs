//! Rows as text, CSV or JSON lines, with the bytes counted.

use std::io::{self, BufWriter, Write};

use serde_json::Value;

use super::sheet::{Cell, Holds};

/// Writes rows as text.
pub(super) enum Text<W: Write> {
    Csv(Box<csv::Writer<Counted<W>>>),
    Jsonl(Counted<W>),
}

/// Counts what goes through it.
pub(super) struct Counted<W: Write> {
    to: BufWriter<W>,
    bytes: u64,
}

impl<W: Write> Text<W> {
    /// Goes on after so many bytes.
    pub(super) fn new(to: W, is_jsonl: bool, bytes: u64) -> Self {
        let counted = Counted { to: BufWriter::new(to), bytes };
        if is_jsonl { Self::Jsonl(counted) } else { Self::Csv(Box::new(csv::Writer::from_writer(counted))) }
    }

    /// The names of the columns, where the format has a place for them.
    pub(super) fn head(&mut self, columns: &[(String, Holds)]) -> io::Result<()> {
        match self {
            Self::Csv(to) => to.write_record(columns.iter().map(|(name, _)| name)).map_err(io_error),
            Self::Jsonl(_) => Ok(()),
        }
    }

    /// One row.
    pub(super) fn row(&mut self, columns: &[(String, Holds)], cells: &[Cell]) -> io::Result<()> {
        match self {
            Self::Csv(to) => cells
                .iter()
                .try_for_each(|cell| field(to, cell))
                .and_then(|()| to.write_record(None::<&[u8]>))
                .map_err(io_error),
            Self::Jsonl(to) => {
                for (at, ((name, _), cell)) in columns.iter().zip(cells).enumerate() {
                    to.write_all(if at == 0 { b"{" } else { b"," })?;
                    serde_json::to_writer(&mut *to, name)?;
                    to.write_all(b":")?;
                    serde_json::to_writer(&mut *to, &json(cell))?;
                }
                to.write_all(b"}\n")
            }
        }
    }

    /// Hands everything to the system; tells how many bytes there are now.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        match self {
            Self::Csv(to) => {
                to.flush()?;
                Ok(to.get_ref().bytes)
            }
            Self::Jsonl(to) => {
                to.flush()?;
                Ok(to.bytes)
            }
        }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Numbers are written so that reading gives the same number.
fn field<W: Write>(to: &mut csv::Writer<W>, cell: &Cell) -> csv::Result<()> {
    match cell {
        Cell::Nothing => to.write_field(""),
        Cell::Whole(whole) => to.write_field(whole.to_string()),
        Cell::Number(number) => to.write_field(format!("{number:?}")),
        Cell::Text(text) => to.write_field(text),
    }
}

fn json(cell: &Cell) -> Value {
    match cell {
        Cell::Nothing => Value::Null,
        Cell::Whole(whole) => Value::from(*whole),
        Cell::Number(number) => Value::from(*number),
        Cell::Text(text) => Value::from(text.as_str()),
    }
}

/// The system's own error where there is one: a full disk must be told from the rest.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
