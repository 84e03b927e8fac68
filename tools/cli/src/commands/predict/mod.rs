//! `dunlin predict`: records in, answers out, one JSON line each.

mod cloud;
mod told;

use std::io::Write;
use std::path::{Path, PathBuf};

use dunlin_records::{Row, Wanted};
use serde_json::{Value, json};

use super::answerer::{Answerer, Tally};
use super::records::{Format, Source};
use super::{policy, read_bundle, read_keys};
use crate::error::{CliError, Kind};
use crate::output::Output;
pub(crate) use cloud::Cloud;
use cloud::CloudArgs;

/// Answer records with a bundle: JSON lines, CSV or Parquet in, one JSON line out for each record.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The signed bundle.
    bundle: PathBuf,
    /// Records; standard input when left out.
    input: Option<PathBuf>,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
    /// What the input holds; by default judged by the file's name (.csv, .parquet), else JSON lines.
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

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let cloud = args.cloud.open(args.dir.as_deref())?;
    let keys = read_keys(&args.keys)?;
    let mut answerer = match &args.dir {
        Some(dir) => Answerer::on_record(dir, &args.bundle, keys, policy(args.admission.as_deref())?, cloud),
        None => Answerer::off_record(read_bundle(&args.bundle)?, &keys).map_err(|error| error.of(&args.bundle)),
    }?;
    let format = args.format.or_else(|| args.input.as_deref().and_then(Format::of)).unwrap_or(Format::Jsonl);
    let source = Source::open(args.input.as_deref(), format)?;
    let schema = answerer.schema().clone();
    let mut tally = Tally::default();
    // Each answer is written as soon as there is one: somebody may be waiting for it before sending the next record.
    let mut out = std::io::stdout().lock();
    let mut each = |row: Row| {
        let line = answer(&mut answerer, row, &mut tally);
        writeln!(out, "{line}")
    };
    let read = source.rows(Wanted { schema: &schema, key: None, whole: false, skip: 0 }, &mut each);
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

fn answer(answerer: &mut Answerer, row: Row, tally: &mut Tally) -> Value {
    let line = row.line;
    match answerer.take(row, tally) {
        Ok(answered) => {
            let mut told = told::line(answerer, &answered);
            told["line"] = json!(line);
            told
        }
        Err(error) => {
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

/// A reader that went away (`| head`) ends the command in order; everything else does not.
fn forgive_broken_pipe(error: &std::io::Error, input: Option<&Path>) -> Result<(), CliError> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(CliError::new(Kind::Failed, "file", error).of(input.unwrap_or(Path::new("standard input")))),
    }
}
