//! `dunlin simulate`: streams records through a session, and shifts them, to see every alarm before a device does.

mod labels;
mod outcome;
mod shift;
mod source;
mod spec;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dunlin::health::Part;
use dunlin::monitor::MonitorConfig;
use dunlin::{Config, Record, Runtime, Session};
use dunlin_models::train::SeededRandom;
use indicatif::{ProgressBar, ProgressStyle};

use super::read_keys;
use crate::engine;
use crate::error::{CliError, Kind};
use crate::folder;
use crate::interrupt::Interrupt;
use crate::output::Output;
use labels::Labeller;
use outcome::{Before, Tally};
use shift::Shifter;
use source::Sample;
use spec::Spec;

/// Streams of the seeded generator: the same records are drawn whatever is shifted.
mod stream {
    pub(super) const DRAW: u64 = 101;
    pub(super) const SHIFT: u64 = 102;
    pub(super) const LABEL: u64 = 103;
}

/// Rows after which the journal is flushed: with a label each, they fill half of its ring.
const ROWS_PER_FLUSH: u64 = 256;

/// Stream records through a model, shift them, and see which alarms are raised.
///
/// Records are drawn at random, with replacement. Shifts and label noise begin after --shift-after records. Slow answers
/// are not simulated.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The signed bundle.
    bundle: PathBuf,
    /// The runtime's folder; made where it is missing.
    #[arg(long)]
    dir: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
    /// Records to draw from, JSON lines: the record, or {"record": {...}, "label": ...}. The models 'digits' and
    /// 'vibration' have their own.
    #[arg(long)]
    records: Option<PathBuf>,
    /// Records to stream.
    #[arg(long, default_value_t = 3000)]
    count: u64,
    /// Records a second; 0 is as fast as it goes.
    #[arg(long, value_name = "HZ", default_value_t = 0.0, value_parser = rate)]
    rate: f64,
    /// What goes wrong; may be given more than once. One of: add:FEATURE=0.5sd (or a number), scale:FEATURE=1.2,
    /// missing:FEATURE=0.3, nan:FEATURE=0.05, outside:FEATURE=0.1, level:FEATURE=NAME:0.5, freeze:FEATURE, mount:demo,
    /// mount:weak, camera:demo, camera:weak, blur=0.2,contrast=0.9,rotation=5,noise=0.5.
    #[arg(long = "shift", value_name = "SPEC")]
    shifts: Vec<Spec>,
    /// Records before it goes wrong; by default half of them.
    #[arg(long, value_name = "N")]
    shift_after: Option<u64>,
    /// Share of the answers that are labelled, where the records have labels.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = spec::share)]
    labels: f64,
    /// Share of the labels that name another class, once it goes wrong.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = spec::share)]
    label_noise: f64,
    /// Records of a window; at least 50.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(50..))]
    window_rows: u64,
    /// Decides which records are drawn and shifted.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let monitor = MonitorConfig { window_rows: args.window_rows, ..MonitorConfig::default() };
    let runtime =
        Runtime::open(Config::with_engine(&args.dir, read_keys(&args.keys)?, engine::chosen()?).monitor(monitor));
    usable(&runtime)?;
    let installed = runtime.install(&args.bundle).map_err(|error| CliError::from(error).of(&args.bundle))?;
    let mut session = runtime.session(&installed.model_id)?;
    let samples = source::samples(&installed.model_id, session.schema(), args.records.as_deref())?;
    let random = |stream| SeededRandom::new(args.seed, stream);
    let shifter = Shifter::bind(&args.shifts, session.schema(), &samples, random(stream::SHIFT))?;
    let labeller = Labeller::new(session.schema(), args.labels, args.label_noise, random(stream::LABEL))?;
    runtime.flush().map_err(|problem| CliError::from(&problem))?;
    let before = Before::of(&folder::reader(&args.dir)?)?;
    let stream = Stream { args, samples: &samples, draw: random(stream::DRAW), shifter, labeller };
    let tally = stream.run(&runtime, &mut session, &Interrupt::watch()?, output);
    drop(session);
    let flushed = runtime.flush();
    let lost = outcome::lost(&runtime);
    runtime.close().map_err(|e| CliError::new(Kind::Storage, "storage", e))?;
    flushed.map_err(|problem| CliError::from(&problem))?;
    let outcome = before.outcome(&folder::reader(&args.dir)?, &installed, tally, lost)?;
    output.result(&outcome.document(args), || outcome.text(args));
    Ok(())
}

/// A folder that cannot be written would keep nothing of what is simulated.
fn usable(runtime: &Runtime) -> Result<(), CliError> {
    let health = runtime.health();
    for part in [health.state, health.journal] {
        if let Part::Degraded(notice) = part {
            return Err(CliError::new(Kind::Storage, "storage", format!("{}; {}", notice.what, notice.remedy)));
        }
    }
    Ok(())
}

/// Everything that a stream is made of.
struct Stream<'a> {
    args: &'a Args,
    samples: &'a [Sample],
    draw: SeededRandom,
    shifter: Shifter,
    labeller: Labeller,
}

impl Stream<'_> {
    fn run(mut self, runtime: &Runtime, session: &mut Session, interrupt: &Interrupt, output: Output) -> Tally {
        let (count, began) = (self.args.count, Instant::now());
        let shift_after = self.args.shift_after();
        let bar = progress(count, output);
        let mut tally = Tally::default();
        for number in 0..count {
            if !self.is_due(number, began, interrupt) {
                break;
            }
            let goes_wrong = number >= shift_after;
            self.one(runtime, session, goes_wrong, &mut tally);
            tally.shifted += u64::from(goes_wrong && self.args.goes_wrong());
            if (number + 1) % ROWS_PER_FLUSH == 0 {
                // What a live caller would rather lose than wait for, a simulation waits for; losses are counted.
                let _ = runtime.flush();
                bar.set_position(number + 1);
            }
        }
        bar.finish_and_clear();
        tally.took = began.elapsed();
        tally
    }

    /// Waits for the record's time; tells whether to go on.
    fn is_due(&self, number: u64, began: Instant, interrupt: &Interrupt) -> bool {
        if self.args.rate == 0.0 {
            return !interrupt.is_asked();
        }
        // A rate that is small makes a time that is long, and never one that is none.
        let due = Duration::try_from_secs_f64(number as f64 / self.args.rate).unwrap_or(Duration::MAX);
        interrupt.sleep(due.saturating_sub(began.elapsed()))
    }

    fn one(&mut self, runtime: &Runtime, session: &mut Session, goes_wrong: bool, tally: &mut Tally) {
        let sample = source::draw(self.samples, &mut self.draw);
        let mut values = sample.values.clone();
        if goes_wrong {
            self.shifter.shift(&mut values);
        }
        let Ok(answer) = session.predict(&Record::new(values)) else {
            tally.refused();
            return;
        };
        tally.answered(answer.verdict().code(), answer.answered_by.name());
        if let Some(label) = sample.label.as_ref().and_then(|label| self.labeller.label(label, goes_wrong))
            && runtime.label(answer.id, label).is_ok()
        {
            tally.labels += 1;
        }
    }
}

impl Args {
    fn shift_after(&self) -> u64 {
        self.shift_after.unwrap_or(self.count / 2)
    }

    /// Whether anything goes wrong at all.
    fn goes_wrong(&self) -> bool {
        !self.shifts.is_empty() || self.label_noise > 0.0
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate >= 0.0);
    rate.ok_or_else(|| format!("'{text}' is no rate; give records a second, or 0"))
}

fn progress(count: u64, output: Output) -> ProgressBar {
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(count) };
    if let Ok(style) = ProgressStyle::with_template("  [{bar:30}] {pos}/{len} records, {per_sec}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
