//! Second act: open, install, answer every held-out digit, and close with everything on the record.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::counters::Counter;
use dunlin::journal::Reader;
use dunlin::monitor::MonitorConfig;
use dunlin::{Answer, AnsweredBy, Config, Record, Runtime, Session, TrustedKeys};
use serde_json::Value;

use super::make::Made;
use crate::engine;
use crate::error::{CliError, Kind};
use crate::output::{Output, table};

/// Rows of a window: the fewest that can be judged, so that a few hundred digits fill several.
const WINDOW_ROWS: u64 = 50;
/// Answers shown to people.
const SHOWN: usize = 5;

/// What the second act did.
pub(super) struct Answered {
    pub runtime: Runtime,
    pub held_out: u64,
    pub abstained: u64,
    pub by_baseline: u64,
    pub accuracy: f64,
    pub median_us: u64,
    pub p99_us: u64,
    pub kernel_set: String,
    pub model_version: String,
}

/// What the journal holds in the end.
pub(super) struct Journalled {
    pub logged: u64,
    pub labelled: u64,
    pub lost: u64,
}

/// Opens the runtime in an empty folder, installs the quantised bundle and answers.
pub(super) fn answer(dir: &Path, made: &Made, output: Output) -> Result<Answered, CliError> {
    output.say("\n3. Open the runtime in an empty folder, install the quantised bundle, answer offline");
    let mut keys = TrustedKeys::new();
    keys.add("demo", &made.public_key)?;
    let runtime = Runtime::open(
        Config::with_engine(runtime_dir(dir), keys, engine::chosen()?)
            .monitor(MonitorConfig { window_rows: WINDOW_ROWS, ..MonitorConfig::default() }),
    );
    let installed = runtime.install(&made.bundle)?;
    if let Some(golden) = &installed.golden {
        output.say(&format!(
            "   Signature by '{}', hashes and contents checked; golden set: {} cases agree on {}.",
            installed.signer, golden.cases, golden.kernels
        ));
    }
    let mut session = runtime.session(&installed.model_id)?;
    let answers = made.folder.held_out.iter().map(|held| answer_one(&runtime, &mut session, held));
    let answers = answers.collect::<Result<Vec<_>, CliError>>()?;
    output.say(&format!("{}\n   ... and {} more.", shown(&answers), answers.len().saturating_sub(SHOWN)));
    let right =
        answers.iter().filter(|(answer, label)| label.is_some() && model_class(answer) == label.as_deref()).count();
    let mut latencies: Vec<Duration> = answers.iter().map(|(answer, _)| answer.latency).collect();
    latencies.sort_unstable();
    let at = |share: usize| latencies.get((latencies.len() * share / 100).min(latencies.len().saturating_sub(1)));
    let micros = |latency: Option<&Duration>| latency.map_or(0, |l| l.as_micros() as u64);
    let count = |test: fn(&Answer) -> bool| answers.iter().filter(|(answer, _)| test(answer)).count() as u64;
    Ok(Answered {
        held_out: answers.len() as u64,
        abstained: count(|a| !a.verdict().is_accept()),
        by_baseline: count(|a| a.answered_by == AnsweredBy::Baseline),
        accuracy: right as f64 / answers.len() as f64,
        median_us: micros(at(50)),
        p99_us: micros(at(99)),
        kernel_set: session.kernel_set().to_owned(),
        model_version: session.model_version().to_owned(),
        runtime,
    })
}

/// Answers one record and labels it.
pub(super) fn answer_one(
    runtime: &Runtime,
    session: &mut Session,
    held: &dunlin_models::LabelledRecord,
) -> Result<(Answer, Option<String>), CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::new(Kind::Failed, "predict", error);
    let record = Record::from_json(session.schema(), &held.record).map_err(|e| failed(&e))?;
    let answer = session.predict(&record).map_err(|e| failed(&e))?;
    let label = held.label.as_ref().and_then(Value::as_str).map(str::to_owned);
    if let Some(label) = &label {
        // Whether it reached the disk shows in the journal's count of labels.
        let _ = runtime.label(answer.id, label.clone()).map_err(|e| failed(&e))?;
    }
    Ok((answer, label))
}

/// The class that the active model itself chose, accepted or not.
pub(super) fn model_class(answer: &Answer) -> Option<&str> {
    answer.prediction.outputs.iter().flatten().find_map(|o| o.class.as_ref()).map(|class| &*class.name)
}

fn shown(answers: &[(Answer, Option<String>)]) -> comfy_table::Table {
    let rows = answers.iter().take(SHOWN).map(|(answer, label)| {
        let class = answer.class().map_or("-".to_owned(), |c| format!("{} ({:.1} %)", c.name, 100.0 * c.probability));
        [
            answer.id.to_string(),
            label.clone().unwrap_or_default(),
            class,
            answer.verdict().code().to_owned(),
            answer.answered_by.to_string(),
            format!("{} us", answer.latency.as_micros()),
        ]
    });
    table(["id", "truth", "answer", "verdict", "answered by", "time"], rows)
}

/// The runtime's folder could not be used.
pub(super) fn storage(error: &dyn std::fmt::Display) -> CliError {
    CliError::new(Kind::Storage, "storage", error)
}

/// Closes the runtime and counts what the journal holds.
pub(super) fn close(dir: &Path, runtime: Runtime) -> Result<Journalled, CliError> {
    let counters = runtime.health().counters;
    let lost = [Counter::DroppedFull, Counter::WriteFailed].map(|c| counters.get(c.name()).copied().unwrap_or(0));
    runtime.close().map_err(|e| storage(&e))?;
    let reader = Reader::open(&runtime_dir(dir)).map_err(|e| storage(&e))?;
    let totals = reader.totals().map_err(|e| storage(&e))?;
    Ok(Journalled { logged: totals.predictions, labelled: totals.labels, lost: lost.iter().sum() })
}

pub(super) fn runtime_dir(dir: &Path) -> PathBuf {
    dir.join("device")
}
