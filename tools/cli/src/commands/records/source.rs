//! Where records come from, and how far reading has come.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dunlin_records::{Each, Wanted, jsonl, table};

use super::{Format, parquet};
use crate::error::{CliError, Kind};

/// What stands for standard input or output.
const STANDARD: &str = "-";

/// Whether a path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

/// An input that is open.
pub(crate) struct Source {
    path: Option<PathBuf>,
    format: Format,
    reading: Reading,
    position: Position,
}

enum Reading {
    Text(Box<dyn BufRead>),
    /// Parquet's directory stands at its end: it takes a file.
    File(File),
}

/// How far reading has come, in the bytes of a text or the rows of a Parquet file.
#[derive(Clone, Default)]
pub(crate) struct Position(Arc<[AtomicU64; 2]>);

impl Position {
    pub(super) fn advance(&self, by: u64) {
        self.0[0].fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn set_total(&self, total: u64) {
        self.0[1].store(total, Ordering::Relaxed);
    }

    /// The share that is read, where the whole is known.
    pub(crate) fn share(&self) -> Option<f64> {
        let [done, total] = [0, 1].map(|i| self.0[i].load(Ordering::Relaxed));
        (total > 0).then(|| (done as f64 / total as f64).min(1.0))
    }
}

impl Source {
    /// Opens a file, or standard input.
    pub(crate) fn open(path: Option<&Path>, format: Format) -> Result<Self, CliError> {
        let position = Position::default();
        let Some(path) = path else {
            if format == Format::Parquet {
                let why = "Parquet cannot be read from standard input: its directory stands at its end; give a file";
                return Err(CliError::new(Kind::Usage, "parquet_from_a_pipe", why));
            }
            let reading = Reading::Text(Box::new(BufReader::new(standard_input())));
            return Ok(Self { path: None, format, reading, position });
        };
        let error = |error| CliError::file(path, &error);
        let file = File::open(path).map_err(error)?;
        let reading = match format {
            Format::Parquet => Reading::File(file),
            Format::Csv | Format::Jsonl => {
                position.set_total(file.metadata().map_err(error)?.len());
                Reading::Text(Box::new(BufReader::new(Counting { file, position: position.clone() })))
            }
        };
        Ok(Self { path: Some(path.to_owned()), format, reading, position })
    }

    /// How far reading has come.
    pub(crate) fn position(&self) -> Position {
        self.position.clone()
    }

    /// Its name in messages.
    pub(crate) fn name(&self) -> PathBuf {
        self.path.clone().unwrap_or_else(|| PathBuf::from("standard input"))
    }

    /// Reads all rows.
    pub(crate) fn rows(self, wanted: Wanted<'_>, each: Each<'_>) -> io::Result<()> {
        match (self.reading, self.format) {
            (Reading::Text(reader), Format::Csv) => table::rows(wanted, reader, each),
            (Reading::Text(reader), _) => jsonl::rows(wanted, reader, each),
            (Reading::File(file), _) => parquet::rows(wanted, file, &self.position, each),
        }
    }
}

/// A file that tells how much of it has been read.
struct Counting {
    file: File,
    position: Position,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.advance(read as u64);
        Ok(read)
    }
}

/// Standard input; a person who is about to type into it is told so.
fn standard_input() -> Stdin {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("dunlin: reading records from the terminal, one JSON object a line; end with Ctrl-D");
    }
    input
}
