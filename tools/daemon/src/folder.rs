//! A watched folder: a file of records appears, a file of answers appears, and the records are put aside.
//!
//! ```text
//! NAME.jsonl or NAME.csv --> answers/NAME.jsonl.partial, a line a record --> answers/NAME.jsonl.answers; NAME to done/
//! ```
//!
//! Nothing that is there is replaced: the second file of a name is `NAME.jsonl.2` in both.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dunlin::schema::Schema;
use dunlin_records::{Row, RowError, Wanted, jsonl, table};
use serde_json::Value;

use crate::error::DaemonError;
use crate::served::{Caller, Following, Served, refused, tell_once};
use crate::stop::Stop;

/// Between two looks into the folder.
const EVERY: Duration = Duration::from_secs(1);
/// Between two times that answers are forced to the disk.
const SAFE: Duration = Duration::from_secs(1);
const ANSWERS: &str = "answers";
const DONE: &str = "done";
const PARTIAL: &str = "partial";
const WHOLE: &str = "whole";
/// A file that could not be answered is tried again after so long.
const AGAIN: Duration = Duration::from_secs(60);
/// Room that there must be for answers before a record is answered at all.
const ROOM_BYTES: usize = 64 << 10;

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
    let watch = move || Watch::new(path, &served, &stopped).run();
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
    /// Files that could not be answered, and when that was.
    failed: BTreeMap<PathBuf, Instant>,
    trouble: String,
}

impl<'s> Watch<'s> {
    fn new(path: PathBuf, served: &'s Served, stop: &'s Stop) -> Self {
        Self { path, served, stop, sizes: BTreeMap::new(), failed: BTreeMap::new(), trouble: String::new() }
    }

    fn run(mut self) {
        let mut following = self.served.follow();
        if let Err(error) = self.finish() {
            self.tell(&self.path.clone(), &error);
        }
        while !self.stop.within(EVERY) {
            if let Err(error) = self.look(&mut following) {
                self.tell(&self.path.clone(), &error);
            }
        }
    }

    fn tell(&mut self, path: &Path, error: &io::Error) {
        let trouble = format!("{}: {error}; free space, or mend its permissions", path.display());
        tell_once(&mut self.trouble, trouble);
    }

    /// Puts records aside whose answers were whole before a crash.
    fn finish(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.path.join(ANSWERS))? {
            let whole = entry?.path();
            if whole.extension().is_some_and(|ending| ending == WHOLE)
                && let Some(place) = whole.file_stem().and_then(|place| place.to_str())
            {
                self.put_aside(&whole, place)?;
            }
        }
        Ok(())
    }

    /// Answers the files that are whole, by name. One that fails is tried again after a while, and holds up no other.
    fn look(&mut self, following: &mut Following<'_>) -> io::Result<()> {
        let before = std::mem::take(&mut self.sizes);
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(about) = entry.metadata() else { continue };
            if about.is_file() && Format::of(&entry.path()).is_some() {
                self.sizes.insert(entry.path(), about.len());
            }
        }
        self.failed.retain(|path, when| self.sizes.contains_key(path) && when.elapsed() < AGAIN);
        for (path, size) in self.sizes.clone() {
            let is_due = before.get(&path) == Some(&size) && !self.failed.contains_key(&path);
            if !is_due || following.session().is_err() || self.stop.within(Duration::ZERO) {
                continue;
            }
            if let Err(error) = self.answer(&path, following) {
                self.tell(&path, &error);
                self.failed.insert(path, Instant::now());
            }
        }
        Ok(())
    }

    fn answer(&self, path: &Path, following: &mut Following<'_>) -> io::Result<()> {
        let (Some(format), Some(name)) = (Format::of(path), path.file_name()) else { return Ok(()) };
        let name = name.to_string_lossy();
        let partial = self.path.join(ANSWERS).join(format!("{name}.{PARTIAL}"));
        let schema = following.session().map_err(io::Error::other)?.schema().clone();
        let records = BufReader::new(File::open(path)?);
        let mut answers = Answers::go_on(&partial)?;
        match self.rows(records, format, &schema, following, &mut answers) {
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
        let place = self.free_place(&name);
        let whole = self.path.join(ANSWERS).join(format!("{place}.{WHOLE}"));
        fs::rename(&partial, &whole)?;
        self.put_aside(&whole, &place)?;
        log::info!("{name} is answered");
        Ok(())
    }

    /// The name, or the first number behind it under which there is nothing yet.
    fn free_place(&self, name: &str) -> String {
        let is_free = |place: &String| {
            !self.path.join(DONE).join(place).exists()
                && !self.path.join(ANSWERS).join(format!("{place}.{ANSWERS}")).exists()
        };
        let numbered = (2_u64..).map(|number| format!("{name}.{number}"));
        std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| name.to_owned())
    }

    /// The records go to their place, unless they have gone there before a crash, and the answers get their name.
    fn put_aside(&self, whole: &Path, place: &str) -> io::Result<()> {
        let done = self.path.join(DONE).join(place);
        if !done.exists() {
            let name = place.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('.');
            let name = if Format::of(Path::new(place)).is_some() { place } else { name };
            fs::rename(self.path.join(name), &done)?;
        }
        fs::rename(whole, whole.with_extension(ANSWERS))
    }

    /// Answers the records that have no answer yet. Interrupted where the daemon is to end.
    fn rows(
        &self,
        records: impl BufRead,
        format: Format,
        schema: &Schema,
        following: &mut Following<'_>,
        answers: &mut Answers,
    ) -> io::Result<()> {
        let wanted = Wanted { schema, key: None, whole: true, skip: answers.count };
        let mut each = |row: Row| {
            answers.write(&answer(row, following))?;
            let is_ending = self.stop.within(Duration::ZERO);
            if is_ending { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
        };
        match format {
            Format::Jsonl => jsonl::rows(wanted, records, &mut each),
            Format::Csv => table::rows(wanted, records, &mut each),
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
        // Where nothing fits any more, records would be answered again and again for nothing.
        file.seek(SeekFrom::Start(whole))?;
        file.write_all(&vec![0; ROOM_BYTES])?;
        file.sync_data()?;
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
