//! What a simulation ended with: windows, alarms, verdicts.

use std::collections::BTreeMap;
use std::time::Duration;

use dunlin::counters::Counter;
use dunlin::journal::Reader;
use dunlin::monitor::Alarm;
use dunlin::store::StorageProblem;
use dunlin::{InstallReport, Runtime};
use dunlin_wire::Severity;
use serde_json::{Value, json};

use super::Args;
use crate::error::CliError;
use crate::output::table;

/// Windows that are looked through for those of this run.
const MOST_WINDOWS: u32 = 100_000;

/// What was counted while streaming.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub records: u64,
    pub shifted: u64,
    pub labels: u64,
    pub took: Duration,
    verdicts: BTreeMap<String, u64>,
    answered_by: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn answered(&mut self, verdict: &str, by: &str) {
        self.records += 1;
        *self.verdicts.entry(verdict.to_owned()).or_default() += 1;
        *self.answered_by.entry(by.to_owned()).or_default() += 1;
    }

    pub(super) fn refused(&mut self) {
        self.answered(dunlin::journal::REFUSED, "none");
    }
}

/// What the folder held before.
pub(super) struct Before {
    windows: usize,
    alarms: Vec<(String, String, i64)>,
}

/// How it stands in the end.
pub(super) struct Outcome {
    model: String,
    windows: u64,
    /// Alarms raised, each with the number of this run's windows that were closed when it was first in a summary.
    alarms: Vec<Alarm>,
    tally: Tally,
    lost: u64,
}

impl Before {
    pub(super) fn of(reader: &Reader) -> Result<Self, CliError> {
        let (windows, alarms) = looked_at(reader)?;
        Ok(Self { windows, alarms: alarms.iter().map(key).collect() })
    }

    pub(super) fn outcome(
        &self,
        reader: &Reader,
        installed: &InstallReport,
        tally: Tally,
        lost: u64,
    ) -> Result<Outcome, CliError> {
        let (windows, mut alarms) = looked_at(reader)?;
        alarms.retain(|alarm| !self.alarms.contains(&key(alarm)));
        alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.severity));
        let model = format!("{} {}", installed.model_id, installed.version);
        Ok(Outcome { model, windows: windows.saturating_sub(self.windows) as u64, alarms, tally, lost })
    }
}

fn looked_at(reader: &Reader) -> Result<(usize, Vec<Alarm>), CliError> {
    let storage = |problem: StorageProblem| CliError::from(&problem);
    Ok((reader.windows(None, MOST_WINDOWS).map_err(storage)?.len(), reader.alarms().map_err(storage)?))
}

fn key(alarm: &Alarm) -> (String, String, i64) {
    (alarm.kind.clone(), alarm.subject.clone(), alarm.since_us)
}

/// Rows that were not written, as the runtime counts them.
pub(super) fn lost(runtime: &Runtime) -> u64 {
    let counters = runtime.health().counters;
    [Counter::DroppedFull, Counter::WriteFailed].iter().filter_map(|counter| counters.get(counter.name())).sum()
}

impl Outcome {
    /// For machines.
    pub(super) fn document(&self, args: &Args) -> Value {
        let alarm = |alarm: &Alarm| {
            json!({
                "kind": alarm.kind, "subject": alarm.subject, "severity": alarm.severity, "windows": alarm.windows,
                "open": alarm.cleared_us.is_none(), "evidence": alarm.evidence, "how_sure": alarm.how_sure(),
            })
        };
        let tally = &self.tally;
        json!({
            "model": self.model, "seed": args.seed, "records": tally.records, "shifted": tally.shifted,
            "shifts": args.shifts.iter().map(|spec| spec.text.as_str()).collect::<Vec<_>>(), "labels": tally.labels,
            "seconds": tally.took.as_secs_f64(), "windows": self.windows, "verdicts": tally.verdicts,
            "answered_by": tally.answered_by, "alarms": self.alarms.iter().map(alarm).collect::<Vec<_>>(),
            "lost": self.lost,
        })
    }

    /// For people.
    pub(super) fn text(&self, args: &Args) -> String {
        let Tally { records, shifted, labels, took, verdicts, answered_by } = &self.tally;
        let rate = *records as f64 / took.as_secs_f64().max(1e-6);
        let mut text = format!(
            "{records} records through {} in {:.1} s ({rate:.0} a second), {labels} labelled.\n{}\n",
            self.model,
            took.as_secs_f64(),
            went_wrong(args, *shifted),
        );
        text.push_str(&format!("Verdicts: {}. Answered by: {}.\n", counts(verdicts), counts(answered_by)));
        if self.lost > 0 {
            text.push_str(&format!("{} rows are not in the journal.\n", self.lost));
        }
        text.push_str(&format!("{} windows of {} records were closed", self.windows, args.window_rows));
        if self.alarms.is_empty() {
            return text + "; no alarm was raised.";
        }
        let row = |alarm: &Alarm| {
            let severity = if alarm.severity == Severity::Alarm { "ALARM" } else { "notice" };
            let state = if alarm.cleared_us.is_none() { "open" } else { "over" };
            [
                severity.into(),
                alarm.kind.clone(),
                alarm.subject.clone(),
                alarm.windows.to_string(),
                state.into(),
                evidence(alarm),
            ]
        };
        let rows = self.alarms.iter().map(row);
        let heading = ["", "kind", "subject", "windows", "now", "how sure"];
        format!("{text}. Raised:\n{}\nSee: dunlin events {}", table(heading, rows), args.dir.display())
    }
}

/// How sure an alarm is, in a few words.
fn evidence(alarm: &Alarm) -> String {
    let Some(comparison) = &alarm.evidence.comparison else { return alarm.how_sure() };
    let p = alarm.evidence.p_adjusted.unwrap_or(comparison.p_value);
    let p = if p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p {p:.4}") };
    format!("{p}, effect {:.2}", comparison.effect)
}

fn went_wrong(args: &Args, shifted: u64) -> String {
    let mut what: Vec<String> = args.shifts.iter().map(|spec| spec.text.clone()).collect();
    if args.label_noise > 0.0 {
        what.push(format!("{} % of the labels wrong", 100.0 * args.label_noise));
    }
    if what.is_empty() {
        "Nothing was shifted.".to_owned()
    } else {
        format!("The last {shifted} with {}.", what.join(", "))
    }
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
