//! `dunlin bench`: how fast a bundle loads and answers on this machine, and what memory that takes.

mod bursts;
mod copy;
mod figures;
mod histogram;
mod load;
mod measure;
mod noise;
mod process;
mod steps;

use std::path::PathBuf;
use std::time::Duration;

use dunlin_engine::EngineError;

use crate::error::{CliError, Kind};
use crate::output::Output;
use copy::InstalledCopy;
use figures::Figures;

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
    /// FILE is such a copy already: read-only, and nobody else writes it.
    #[arg(long, hide = true, requires = "keys")]
    installed: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.01..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "give seconds between 0.01 and 3600".to_owned())
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    if !args.installed {
        return InstalledCopy::make(&args.bundle, &args.keys)?.measure(args, output);
    }
    let loaded = load::load(&args.bundle, &args.keys)?;
    let inputs = noise::inputs(&loaded.graph, args.batch as usize);
    let of_bundle = |error: EngineError| CliError::new(Kind::Bundle, "cannot_run", error).of(&args.bundle);
    if args.bursts {
        return bursts::answer(&loaded, &inputs, &of_bundle);
    }
    let budget = Duration::from_secs_f64(args.seconds);
    let timing = measure::sessions(&loaded.model, &inputs, args.threads, budget).map_err(of_bundle)?;
    // Read before the steps are: what observes them is no part of what a session needs.
    let peak_rss_kb = process::peak_rss_kb();
    let plan = loaded.model.report(args.batch as usize).map_err(of_bundle)?;
    let count = plan.as_ref().map_or(0, |plan| plan.steps.len());
    let step_ns = steps::observe(&loaded.model, &inputs, count, budget / 4).map_err(of_bundle)?;
    let figures =
        Figures { args, loaded: &loaded, timing: &timing, peak_rss_kb, plan: plan.as_ref(), step_ns: &step_ns };
    output.result(&figures.document(), || figures.text());
    Ok(())
}
