//! A watched folder: a file of records appears, a file of answers appears, and the records are put aside.
//!
//! ```text
//! NAME.jsonl or NAME.csv --> answers/NAME.jsonl.partial, a line a record --> answers/NAME.jsonl.answers; NAME to done/
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dunlin_records::{Row, RowError, Wanted, jsonl, table};
use serde_json::Value;

use crate::error::DaemonError;
use crate::served::{Caller, Following, Served, refused};
use crate::stop::Stop;

/// Between two looks into the folder.
const EVERY: Duration = Duration::from_secs(1);
/// Between two times that answers are forced to the disk.
const SAFE: Duration = Duration::from_secs(1);
const ANSWERS: &str = "answers";
const DONE: &str = "done";
const PARTIAL: &str = "partial";

/// A folder that is being watched.
pub(crate) struct Folder {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

/// How records are written down.
#[derive(Clone, Copy)]
enum Format {
    Jsonl,
    Csv,
}

/// Watches it from now on, in a thread of its own.
pub(crate) fn watch(path: PathBuf, served: &Arc<Served>) -> Result<Folder, DaemonError> {
    let failed = |source| DaemonError::Folder { path: path.clone(), source };
    fs::create_dir_all(path.join(ANSWERS)).map_err(failed)?;
    fs::create_dir_all(path.join(DONE)).map_err(failed)?;
    let stop = Arc::new(Stop::default());
    let (served, stopped) = (Arc::clone(served), Arc::clone(&stop));
    let watch = move || Watch { path, served: &served, stop: &stopped, sizes: BTreeMap::new() }.run();
    let thread = thread::Builder::new().name("folder".into()).spawn(watch).map_err(DaemonError::Thread)?;
    Ok(Folder { stop, thread })
}

impl Folder {
    /// Whether it is watched no more, though nobody has ended it.
    pub(crate) fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    /// The record that is being answered is; a file goes on with the next one when the daemon is back.
    pub(crate) fn end(self) {
        self.stop.now();
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

struct Watch<'s> {
    path: PathBuf,
    served: &'s Served,
    stop: &'s Stop,
    /// Sizes at the last look: a file that still grows is being written.
    sizes: BTreeMap<PathBuf, u64>,
}

impl Watch<'_> {
    fn run(mut self) {
        let mut following = self.served.follow();
        let mut trouble = String::new();
        if let Err(error) = self.finish() {
            log::error!("the folder {}: {error}; check its permissions", self.path.display());
        }
        while !self.stop.within(EVERY) {
            let problem = self.look(&mut following).err().map_or_else(String::new, |error| error.to_string());
            // Said once and not every second, until it is another.
            if problem != trouble && !problem.is_empty() {
                log::error!("the folder {}: {problem}; free space, or mend its permissions", self.path.display());
            }
            trouble = problem;
        }
    }

    /// Gives answers their name whose records were put aside before a crash.
    fn finish(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.path.join(ANSWERS))? {
            let partial = entry?.path();
            let of = partial.file_stem().filter(|_| partial.extension().is_some_and(|ending| ending == PARTIAL));
            if of.is_some_and(|name| !self.path.join(name).exists()) {
                fs::rename(&partial, partial.with_extension(ANSWERS))?;
            }
        }
        Ok(())
    }

    /// Answers the files that are whole, by name.
    fn look(&mut self, following: &mut Following<'_>) -> io::Result<()> {
        let before = std::mem::take(&mut self.sizes);
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let (path, about) = (entry.path(), entry.metadata()?);
            if about.is_file() && Format::of(&path).is_some() {
                self.sizes.insert(path, about.len());
            }
        }
        for (path, size) in &self.sizes {
            if before.get(path) == Some(size) && following.session().is_ok() && !self.stop.within(Duration::ZERO) {
                self.answer(path, following)?;
            }
        }
        Ok(())
    }

    fn answer(&self, path: &Path, following: &mut Following<'_>) -> io::Result<()> {
        let (Some(format), Some(name)) = (Format::of(path), path.file_name()) else { return Ok(()) };
        let name = name.to_string_lossy();
        let partial = self.path.join(ANSWERS).join(format!("{name}.{PARTIAL}"));
        let mut answers = Answers::go_on(&partial)?;
        match self.rows(path, format, following, &mut answers) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return answers.force(),
            // The file's own fault: its answers end with it, and it is not tried again.
            Err(error) if answers.trouble.is_none() => {
                log::warn!("{name}: {error}; what stands before it is answered");
                answers.write(&refused("bad_file", None, &error.to_string()))?;
            }
            Err(error) => return Err(error),
        }
        answers.force()?;
        fs::rename(path, self.path.join(DONE).join(&*name))?;
        fs::rename(&partial, partial.with_extension(ANSWERS))?;
        log::info!("{name} is answered");
        Ok(())
    }

    /// Answers the records that have no answer yet. Interrupted where the daemon is to end.
    fn rows(
        &self,
        path: &Path,
        format: Format,
        following: &mut Following<'_>,
        answers: &mut Answers,
    ) -> io::Result<()> {
        let Ok(schema) = following.session().map(|session| session.schema().clone()) else { return Ok(()) };
        let wanted = Wanted { schema: &schema, key: None, whole: true, skip: answers.count };
        let reader = BufReader::new(File::open(path)?);
        let mut each = |row: Row| {
            answers.write(&answer(row, following))?;
            let is_ending = self.stop.within(Duration::ZERO);
            if is_ending { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
        };
        match format {
            Format::Jsonl => jsonl::rows(wanted, reader, &mut each),
            Format::Csv => table::rows(wanted, reader, &mut each),
        }
    }
}

fn answer(row: Row, following: &mut Following<'_>) -> Value {
    match row.record {
        Ok((record, _)) => following.answer(Caller::Patient, Ok(record)),
        Err(RowError { refused: Some(error), .. }) => following.answer(Caller::Patient, Err(*error)),
        Err(RowError { code, feature, message, .. }) => refused(code, feature.as_deref(), &message),
    }
}

impl Format {
    /// What a file's ending says; others are none of ours.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "jsonl" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// Answers that are being written.
struct Answers {
    file: BufWriter<File>,
    /// Records that are answered.
    count: u64,
    forced: Instant,
    /// Why they cannot be written any more.
    trouble: Option<ErrorKind>,
}

impl Answers {
    /// Behind the last whole line that is there.
    fn go_on(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let (mut count, mut whole, mut line) = (0, 0, Vec::new());
        let mut reader = BufReader::new(&mut file);
        while reader.read_until(b'\n', &mut line)? > 0 && line.last() == Some(&b'\n') {
            (count, whole) = (count + 1, whole + line.len() as u64);
            line.clear();
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        Ok(Self { file: BufWriter::new(file), count, forced: Instant::now(), trouble: None })
    }

    fn write(&mut self, document: &Value) -> io::Result<()> {
        self.count += 1;
        let mut written = writeln!(self.file, "{document}");
        if self.forced.elapsed() >= SAFE {
            written = written.and_then(|()| self.force());
        }
        self.trouble = written.as_ref().err().map(io::Error::kind);
        written
    }

    fn force(&mut self) -> io::Result<()> {
        self.forced = Instant::now();
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }
}
