//! `dunlin predict`: records in, answers out, one JSON line each.

mod answerer;
mod cloud;
mod input;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Stdin, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dunlin::Admission;
use serde_json::{Value, json};

use super::{read_bundle, read_keys};
use crate::error::{CliError, Kind};
use crate::output::Output;
use answerer::Answerer;
use cloud::CloudArgs;
use input::{Row, RowError};

/// Answer records with a bundle: JSON lines or CSV in, one JSON line out for each record.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The signed bundle.
    bundle: PathBuf,
    /// Records; standard input when left out.
    input: Option<PathBuf>,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
    /// What the input holds; by default judged by the file's name (.csv), else JSON lines.
    #[arg(long)]
    format: Option<Format>,
    /// Install the bundle into this runtime folder, answer as a device would, and keep the journal there.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The app's policy on bundles, as JSON; the bundle is refused where it does not keep it.
    #[arg(long, requires = "dir")]
    admission: Option<PathBuf>,
    #[command(flatten)]
    cloud: CloudArgs,
    /// End with exit code 3 when a record was refused or nobody answered it.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line: the record, or {"record": {...}, "label": ...}.
    Jsonl,
    /// A header naming the features (NAME.0, NAME.1, ... for a tensor's elements; `label` for the truth).
    Csv,
}

/// How the records went.
#[derive(Default)]
struct Tally {
    answered: u64,
    unanswered: u64,
    refused: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let cloud = args.cloud.open(args.dir.as_deref())?;
    let keys = read_keys(&args.keys)?;
    let mut answerer = match &args.dir {
        Some(dir) => Answerer::on_record(dir, &args.bundle, keys, policy(args.admission.as_deref())?, cloud),
        None => Answerer::off_record(read_bundle(&args.bundle)?, &keys).map_err(|error| error.of(&args.bundle)),
    }?;
    let reader: Box<dyn BufRead> = match &args.input {
        Some(path) => Box::new(BufReader::new(File::open(path).map_err(|e| CliError::file(path, &e))?)),
        None => Box::new(BufReader::new(standard_input())),
    };
    let is_csv = || args.input.as_ref().and_then(|p| p.extension()).is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let format = args.format.unwrap_or_else(|| if is_csv() { Format::Csv } else { Format::Jsonl });
    let schema = answerer.schema().clone();
    let mut tally = Tally::default();
    // Each answer is written as soon as there is one: somebody may be waiting for it before sending the next record.
    let mut out = std::io::stdout().lock();
    let mut each = |row: Row| {
        let line = answer(&mut answerer, row, &mut tally);
        writeln!(out, "{line}")
    };
    let read = match format {
        Format::Jsonl => input::jsonl(&schema, reader, &mut each),
        Format::Csv => table::rows(&schema, reader, &mut each),
    };
    let flushed = out.flush();
    drop(out);
    let closed = answerer.close();
    read.and(flushed).or_else(|error| forgive_broken_pipe(&error, args.input.as_deref()))?;
    summary(&tally, output);
    closed?;
    if args.strict && tally.refused + tally.unanswered > 0 {
        let message = format!("{} records were refused and {} had no answer", tally.refused, tally.unanswered);
        return Err(CliError::new(Kind::Records, "strict", message));
    }
    Ok(())
}

/// The app's policy on bundles; without a file, the one that admits all.
fn policy(path: Option<&Path>) -> Result<Admission, CliError> {
    let Some(path) = path else { return Ok(Admission::default()) };
    let text = std::fs::read(path).map_err(|error| CliError::file(path, &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        let message = format!("{} is no policy on bundles ({error}); docs/adaptability.md has one", path.display());
        CliError::new(Kind::Failed, "not_a_policy", message)
    })
}

fn answer(answerer: &mut Answerer, row: Row, tally: &mut Tally) -> Value {
    let line = row.line;
    let answered = match row.record {
        Ok((record, label)) => answerer.answer(&record, label).map_err(RowError::from),
        Err(error) => {
            error.refused.clone().into_iter().for_each(|refused| answerer.refuse(*refused));
            Err(error)
        }
    };
    match answered {
        Ok(mut answer) => {
            match answer["answered_by"] == "none" {
                true => tally.unanswered += 1,
                false => tally.answered += 1,
            }
            answer["line"] = json!(line);
            answer
        }
        Err(error) => {
            tally.refused += 1;
            json!({"line": line, "error": {"code": error.code, "feature": error.feature, "message": error.message}})
        }
    }
}

fn summary(tally: &Tally, output: Output) {
    if !output.json {
        let Tally { answered, unanswered, refused } = tally;
        eprintln!("{answered} answered, {unanswered} without an answer, {refused} refused");
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

/// A reader that went away (`| head`) ends the command in order; everything else does not.
fn forgive_broken_pipe(error: &std::io::Error, input: Option<&Path>) -> Result<(), CliError> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(CliError::new(Kind::Failed, "file", error).of(input.unwrap_or(Path::new("standard input")))),
    }
}
