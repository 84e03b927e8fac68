//! `dunlin bench`: how fast a bundle loads and answers on this machine, and what memory that takes.

mod copy;
mod text;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use dunlin_bench::{BenchError, Failure};

use crate::error::{CliError, Kind};
use crate::output::Output;
use copy::InstalledCopy;

/// The small program that measures, where it stands beside this one.
const MEASURING_PROGRAM: &str = "dunlin-bench";

/// The first argument with which this program measures in its place; the second is the job.
const MEASURE: &str = "measure";

/// Measure a bundle on this machine: load and first answer, time and CPU time of an inference, memory, and its steps.
///
/// The bundle is copied as an installation would copy it, and measured by a process of its own that opens the copy with
/// its signature verified. Without --key the copy is signed by a key that exists for as long as the command runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The bundle, signed or not.
    bundle: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key")]
    keys: Vec<PathBuf>,
    /// Sessions that run at once, each on a thread of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Records in an inference.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: u32,
    /// How long to measure.
    #[arg(long, default_value_t = 2.0, value_parser = seconds)]
    seconds: f64,
    /// Answer each line of standard input that holds a number with the nanoseconds of CPU time that so many inferences
    /// took: what a benchmark drives that interleaves several engines.
    #[arg(long, hide = true)]
    bursts: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.01..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "give seconds between 0.01 and 3600".to_owned())
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let copy = InstalledCopy::make(&args.bundle, &args.keys)?;
    let job = copy.job(args)?;
    let (program, words) = measuring_program()?;
    if args.bursts {
        return Ok(job.answer_bursts(&program, words)?);
    }
    let figures = job.figures(&program, words)?;
    let document = serde_json::to_value(&figures).map_err(|error| CliError::new(Kind::Failed, "bench", error))?;
    output.result(&document, || text::text(&figures));
    Ok(())
}

/// Measures, where this process was started to; `None` where it was started for a command.
pub(crate) fn measuring_process() -> Option<ExitCode> {
    let mut words = env::args().skip(1);
    let job = words.next().filter(|word| word == MEASURE).and(words.next())?;
    Some(dunlin_bench::measuring_process(&job))
}

fn measuring_program() -> Result<(PathBuf, &'static [&'static str]), CliError> {
    let this = env::current_exe().map_err(|error| CliError::new(Kind::Failed, "bench", error))?;
    let small = this.with_file_name(MEASURING_PROGRAM).with_extension(env::consts::EXE_EXTENSION);
    Ok(if small.is_file() { (small, &[]) } else { (this, &[MEASURE]) })
}

impl From<BenchError> for CliError {
    fn from(error: BenchError) -> Self {
        let kind = match error.failure {
            Failure::Usage => Kind::Usage,
            Failure::Bundle => Kind::Bundle,
            Failure::Key => Kind::Key,
            Failure::System => Kind::Failed,
        };
        Self::new(kind, error.code, error.message)
    }
}
