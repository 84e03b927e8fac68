//! `dunlin batch`: a file of records in, a file of answers out, in bounded memory, and from where a killed run came to.

mod parquet;
mod progress;
mod sheet;
mod stamp;
mod text;
mod work;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use dunlin_records::{Row, Wanted};
use serde_json::json;

use super::answerer::{Answerer, Tally};
use super::records::{Format, Source, is_standard};
use super::{policy, read_bundle, read_keys};
use crate::error::{CliError, Kind};
use crate::interrupt::Interrupt;
use crate::output::Output;
use progress::Progress;
use sheet::Sheet;
use stamp::{Identity, Stamp};
use work::{Paths, Work};

/// Answer a file of records: CSV, JSON lines or Parquet in, one row of the same for each record out.
///
/// A record that is refused is a row too. The output appears under its name when it is whole; a run that is cut short goes on
/// with --resume.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The signed bundle, or a runtime's folder in which it is installed.
    model: PathBuf,
    /// Records; - for standard input.
    #[arg(long)]
    input: PathBuf,
    /// Answers; - for standard output.
    #[arg(long)]
    output: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
    /// What the input holds, where its name does not say (.csv, .jsonl, .parquet).
    #[arg(long)]
    input_format: Option<Format>,
    /// How answers are written, where the output's name does not say; - is written as the input is.
    #[arg(long)]
    output_format: Option<Format>,
    /// Column of the input that is carried over to the output: your own name of the row.
    #[arg(long, value_name = "COLUMN")]
    carry: Option<String>,
    /// Install the bundle into this runtime folder, answer as a device would, and keep the journal there.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Which model answers, where a folder with several is given.
    #[arg(long = "model", value_name = "NAME")]
    model_id: Option<String>,
    /// The app's policy on bundles, as JSON; the bundle is refused where it does not keep it.
    #[arg(long)]
    admission: Option<PathBuf>,
    /// Go on where a run with the same output was cut short; begin where there was none.
    #[arg(long)]
    resume: bool,
    /// Replace the output, or what is left of a run that was cut short.
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Tell how far it has come also where stderr is no terminal.
    #[arg(long)]
    progress: bool,
    /// End with exit code 3 when a record was refused or nobody answered it.
    #[arg(long)]
    strict: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let (from, to) = args.formats()?;
    let input = (!is_standard(&args.input)).then_some(args.input.as_path());
    let paths = (!is_standard(&args.output)).then(|| Paths::of(&args.output));
    if args.resume && (input.is_none() || paths.is_none()) {
        let why = "--resume needs a file to read and a file to write: what went through a pipe is gone";
        return Err(CliError::new(Kind::Usage, "cannot_resume", why));
    }
    if let Some(paths) = &paths {
        paths.check(args.resume, args.force)?;
    }
    let source = Source::open(input, from)?;
    let mut answerer = args.answerer()?;
    let sheet = Sheet::new(answerer.schema(), &answerer.output_shapes(), args.carry.as_deref())?;
    let (mut work, before, tally) = match paths {
        Some(paths) => Work::open(paths, stamp(input, &answerer, &sheet, to)?, to, args.resume)?,
        None => (Work::standard(to), 0, Tally::default()),
    };
    if before == 0 {
        work.head(&sheet.columns)?;
    }
    let began = Instant::now();
    let progress = Progress::new(args.progress, output.json, source.position(), before);
    let mut run = Run { answerer: &mut answerer, sheet: &sheet, work: &mut work, progress, tally, rows: before };
    let done = run.all(source, args.carry.as_deref());
    let (rows, tally) = (run.rows, run.tally);
    answerer.flush();
    let done = match done {
        Err(error) if rows == 0 => work.give_up().and(Err(error)),
        Err(error) if work.is_torn() => Err(error),
        // What is made is made, whatever stopped it.
        Err(error) => work.checkpoint(rows, &tally).and(Err(error)),
        Ok(()) => work.finish(&sheet.columns, rows, &tally),
    };
    let closed = answerer.close();
    done?;
    let seconds = began.elapsed().as_secs_f64();
    args.summary(rows, before, &tally, seconds, output);
    closed?;
    if args.strict && tally.refused + tally.unanswered > 0 {
        let message = format!("{} records were refused and {} had no answer", tally.refused, tally.unanswered);
        return Err(CliError::new(Kind::Records, "strict", message));
    }
    Ok(())
}

impl Args {
    /// The formats, by what is said or by the files' names.
    fn formats(&self) -> Result<(Format, Format), CliError> {
        let unknown = |path: &Path, option: &str| {
            let message = format!("the name does not say the format (.csv, .jsonl, .parquet); say it with {option}");
            CliError::new(Kind::Usage, "unknown_format", message).of(path)
        };
        let from = self.input_format.or_else(|| Format::of(&self.input));
        let from = from.ok_or_else(|| unknown(&self.input, "--input-format"))?;
        let to = self.output_format.or_else(|| Format::of(&self.output));
        let to = to.or_else(|| is_standard(&self.output).then_some(from));
        let to = to.ok_or_else(|| unknown(&self.output, "--output-format"))?;
        if to == Format::Parquet && is_standard(&self.output) {
            let why = "Parquet is made when all rows are, and cannot go to standard output; give a file";
            return Err(CliError::new(Kind::Usage, "parquet_to_a_pipe", why));
        }
        Ok((from, to))
    }

    fn answerer(&self) -> Result<Answerer, CliError> {
        let wrong = |why: &str| Err(CliError::new(Kind::Usage, "wrong_option", why));
        let keys = read_keys(&self.keys)?;
        if self.model.is_dir() {
            return match (&self.dir, &self.admission) {
                (Some(_), _) => wrong("--dir is for a bundle; a runtime's folder was given in its place"),
                (_, Some(_)) => wrong("--admission is for installing a bundle; a runtime's folder was given"),
                (None, None) => Answerer::installed(&self.model, self.model_id.as_deref(), keys),
            };
        }
        if self.model_id.is_some() {
            return wrong("--model is for a runtime's folder; a bundle holds one model");
        }
        match (&self.dir, &self.admission) {
            (Some(dir), admission) => Answerer::on_record(dir, &self.model, keys, policy(admission.as_deref())?, None),
            (None, Some(_)) => wrong("--admission needs --dir: it is asked when a bundle is installed"),
            (None, None) => {
                Answerer::off_record(read_bundle(&self.model)?, &keys).map_err(|error| error.of(&self.model))
            }
        }
    }

    fn summary(&self, rows: u64, before: u64, tally: &Tally, seconds: f64, output: Output) {
        let rate = (rows - before) as f64 / seconds.max(1e-9);
        let Tally { answered, unanswered, refused } = tally;
        let text = format!(
            "{rows} rows: {answered} answered, {unanswered} without an answer, {refused} refused; {rate:.0} rows/s"
        );
        if is_standard(&self.output) {
            // Standard output is the answers'.
            eprintln!("{text}");
            return;
        }
        let document = json!({
            "rows": rows, "resumed_after": before, "answered": answered, "unanswered": unanswered, "refused": refused,
            "seconds": seconds, "rows_per_second": rate, "output": self.output,
        });
        output.result(&document, || text);
    }
}

/// What the output is made from; a pipe cannot be told from another.
fn stamp(input: Option<&Path>, answerer: &Answerer, sheet: &Sheet, to: Format) -> Result<Option<Stamp>, CliError> {
    let Some(path) = input else { return Ok(None) };
    let input = Identity::of(path).map_err(|error| CliError::file(path, &error))?;
    let columns = sheet.columns.iter().map(|(name, _)| name.clone()).collect();
    Ok(Some(Stamp { input, model: answerer.name(), columns, format: to.name().to_owned() }))
}

/// A batch that is under way.
struct Run<'a> {
    answerer: &'a mut Answerer,
    sheet: &'a Sheet,
    work: &'a mut Work,
    progress: Progress,
    tally: Tally,
    rows: u64,
}

impl Run<'_> {
    /// Answers every row that is left.
    fn all(&mut self, source: Source, carry: Option<&str>) -> Result<(), CliError> {
        let (name, interrupt) = (source.name(), Interrupt::watch()?);
        let schema = self.answerer.schema().clone();
        let wanted = Wanted { schema: &schema, key: carry, whole: true, skip: self.rows };
        let mut failed = None;
        let read = source.rows(wanted, &mut |row| {
            self.one(row, &interrupt).map_err(|error| {
                failed = Some(error);
                io::Error::other("stopped")
            })
        });
        self.progress.end(self.rows);
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => {
                let message =
                    if self.rows == 0 { error.to_string() } else { format!("after row {}: {error}", self.rows) };
                Err(CliError::new(Kind::Failed, "file", message).of(&name))
            }
            (None, Ok(())) => Ok(()),
        }
    }

    fn one(&mut self, mut row: Row, interrupt: &Interrupt) -> Result<(), CliError> {
        if interrupt.is_asked() {
            let message = format!("interrupted after row {}; --resume goes on", self.rows);
            return Err(CliError::new(Kind::Failed, "interrupted", message));
        }
        let key = row.key.take();
        let answered = self.answerer.take(row, &mut self.tally);
        self.rows += 1;
        let cells = self.sheet.cells(self.rows, key, &answered);
        self.work.row(&self.sheet.columns, &cells, self.rows)?;
        if self.work.is_due() {
            // First the journal: every row that is said to be there has its prediction on the record.
            self.answerer.flush();
            self.work.checkpoint(self.rows, &self.tally)?;
        }
        self.progress.tick(self.rows);
        Ok(())
    }
}
