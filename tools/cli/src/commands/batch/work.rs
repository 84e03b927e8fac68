//! The output while it is being made: rows go to `OUTPUT.partial`, what is safe stands in `OUTPUT.progress`, and the output's own
//! name appears when it is whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::parquet;
use super::sheet::{Cell, Holds};
use super::stamp::{Reached, Stamp, beside, rename};
use super::text::Text;
use crate::commands::answerer::Tally;
use crate::commands::records::Format;
use crate::error::{CliError, Kind};

/// How much work a killed run may lose: a second of it is nothing to do again, and a forced write a second is nothing to the
/// disk.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// An output that is being made.
pub(super) struct Work {
    text: Text<Box<dyn Write>>,
    file: Option<Unfinished>,
    checked: Instant,
    /// A row may be torn: what was safe before is what is safe.
    is_torn: bool,
}

/// The files of an output that is no pipe.
struct Unfinished {
    paths: Paths,
    file: File,
    /// `None` where the input is a pipe: such a run cannot go on.
    stamp: Option<Stamp>,
    format: Format,
}

/// Where an output is, and what stands beside it until it is whole.
#[derive(Clone)]
pub(super) struct Paths {
    pub(super) output: PathBuf,
    pub(super) partial: PathBuf,
    pub(super) progress: PathBuf,
}

impl Paths {
    pub(super) fn of(output: &Path) -> Self {
        let [partial, progress] = [".partial", ".progress"].map(|after| beside(output, after));
        Self { output: output.to_owned(), partial, progress }
    }

    /// Refuses to write over what is there.
    pub(super) fn check(&self, resume: bool, force: bool) -> Result<(), CliError> {
        let refuse = |path: &Path, why: &str| Err(CliError::new(Kind::Failed, "output_exists", why).of(path));
        if force {
            return Ok(());
        }
        if self.output.exists() {
            return refuse(&self.output, "is there already; give another name, or --force to replace it");
        }
        if self.partial.exists() && !resume {
            return refuse(&self.partial, "a run was cut short here; --resume goes on with it, --force begins anew");
        }
        Ok(())
    }
}

impl Work {
    /// Rows to standard output, as they come.
    pub(super) fn standard(format: Format) -> Self {
        let text: Text<Box<dyn Write>> = Text::new(Box::new(io::stdout()), format == Format::Jsonl, 0);
        Self { text, file: None, checked: Instant::now(), is_torn: false }
    }

    /// Rows to a file: from where an earlier run came to, where there is one, else from the beginning.
    pub(super) fn open(
        paths: Paths,
        stamp: Option<Stamp>,
        format: Format,
        resume: bool,
    ) -> Result<(Self, u64, Tally), CliError> {
        let error = |error| CliError::file(&paths.partial, &error);
        let resume = resume && paths.partial.exists();
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&paths.partial).map_err(error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = "another run is writing it; wait for it, or give another name";
                return Err(CliError::new(Kind::Failed, "output_in_use", why).of(&paths.partial));
            }
            Err(TryLockError::Error(e)) => return Err(error(e)),
        }
        let (rows, bytes, tally) = match (&stamp, resume) {
            (Some(stamp), true) => go_on(&paths, stamp, &file)?,
            _ => (0, 0, Tally::default()),
        };
        let cut = file.set_len(bytes).and_then(|()| (&file).seek(SeekFrom::Start(bytes)).map(drop));
        cut.map_err(error)?;
        // A Parquet file is made of the finished rows, which until then stand in a CSV.
        let to: Box<dyn Write> = Box::new(file.try_clone().map_err(error)?);
        let text = Text::new(to, format == Format::Jsonl, bytes);
        let file = Some(Unfinished { paths, file, stamp, format });
        Ok((Self { text, file, checked: Instant::now(), is_torn: false }, rows, tally))
    }

    /// The names of the columns, at the very beginning.
    pub(super) fn head(&mut self, columns: &[(String, Holds)]) -> Result<(), CliError> {
        self.text.head(columns).map_err(|error| self.error(0, &error))?;
        self.checkpoint(0, &Tally::default())
    }

    /// One row.
    pub(super) fn row(&mut self, columns: &[(String, Holds)], cells: &[Cell], row: u64) -> Result<(), CliError> {
        self.text.row(columns, cells).map_err(|error| self.error(row, &error))
    }

    /// Whether there is enough to make safe.
    pub(super) fn is_due(&self) -> bool {
        self.checked.elapsed() >= CHECKPOINT_EVERY
    }

    /// Whether a row could not be written: nothing after the last checkpoint counts then.
    pub(super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Forces the rows to the disk, and then says that they are there.
    pub(super) fn checkpoint(&mut self, rows: u64, tally: &Tally) -> Result<(), CliError> {
        self.checked = Instant::now();
        let bytes = self.text.flush().map_err(|error| self.error(rows, &error))?;
        let Some(Unfinished { paths, file, stamp: Some(stamp), .. }) = &self.file else { return Ok(()) };
        file.sync_data().map_err(|error| CliError::file(&paths.partial, &error))?;
        let reached = Reached { stamp: stamp.clone(), rows, bytes, tally: tally.clone() };
        reached.write(&paths.progress).map_err(|error| CliError::file(&paths.progress, &error))
    }

    /// Gives the output its name.
    pub(super) fn finish(mut self, columns: &[(String, Holds)], rows: u64, tally: &Tally) -> Result<(), CliError> {
        self.checkpoint(rows, tally)?;
        let Some(Unfinished { paths, file, format, .. }) = self.file else { return Ok(()) };
        let error = |error| CliError::file(&paths.output, &error);
        if format == Format::Parquet {
            let made = beside(&paths.output, ".parts");
            let converted = File::create(&made).and_then(|to| parquet::convert(&paths.partial, to, columns));
            converted.and_then(|file| file.sync_all()).map_err(|error| CliError::file(&made, &error))?;
            rename(&made, &paths.output).map_err(error)?;
            std::fs::remove_file(&paths.partial).map_err(error)?;
        } else {
            file.sync_all().map_err(error)?;
            rename(&paths.partial, &paths.output).map_err(error)?;
        }
        remove(&paths.progress).map_err(error)
    }

    /// Leaves nothing behind.
    pub(super) fn give_up(self) -> Result<(), CliError> {
        let Some(Unfinished { paths, .. }) = self.file else { return Ok(()) };
        let error = |error| CliError::file(&paths.partial, &error);
        remove(&paths.partial).and_then(|()| remove(&paths.progress)).map_err(error)
    }

    /// Names the file and the row.
    fn error(&mut self, row: u64, error: &io::Error) -> CliError {
        self.is_torn = true;
        let name =
            self.file.as_ref().map_or("standard output".to_owned(), |file| file.paths.partial.display().to_string());
        CliError::file(Path::new(&format!("{name}, row {row}")), error)
    }
}

/// Where the earlier run came to, where it was made from the same.
fn go_on(paths: &Paths, stamp: &Stamp, partial: &File) -> Result<(u64, u64, Tally), CliError> {
    if !paths.progress.exists() {
        return Ok((0, 0, Tally::default()));
    }
    let reached = Reached::read(&paths.progress)?;
    stamp.must_be(&reached.stamp, &paths.partial)?;
    let found = partial.metadata().map_err(|error| CliError::file(&paths.partial, &error))?.len();
    if found < reached.bytes {
        let message = format!("has {found} bytes, and {} were written; --force begins anew", reached.bytes);
        return Err(CliError::new(Kind::Failed, "cannot_resume", message).of(&paths.partial));
    }
    // Before the first row there is nothing to go on with: the head is written again.
    let bytes = if reached.rows == 0 { 0 } else { reached.bytes };
    Ok((reached.rows, bytes, reached.tally))
}

/// A pipe's output has no progress.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
