//! One look at a journal: the figures of the screen, read and not yet drawn.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use dunlin::counters::Counter;
use dunlin::journal::{Reader, VerdictCount};
use dunlin::monitor::{Against, Alarm, Judgement, RecordedUpload, Waiting};
use dunlin::store::StorageProblem;
use dunlin_wire::{Latency, ModelVersion};
use serde::Serialize;

use crate::error::CliError;

/// Looks whose rates are remembered, for the line of bars.
const REMEMBERED: usize = 61;
/// What counts as the present.
const PRESENT: Duration = Duration::from_secs(5);
/// Counters that say that something was lost, or may have been.
const LOSSES: [Counter; 7] = [
    Counter::DroppedFull,
    Counter::WriteFailed,
    Counter::CrashLostAtLeast,
    Counter::CrashLostAtMost,
    Counter::UnknownId,
    Counter::SetAside,
    Counter::WindowsLost,
];

/// What there is to see at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Snapshot {
    #[serde(skip)]
    pub taken: Option<Instant>,
    /// Predictions ever made.
    pub predictions: u64,
    /// Those that the journal holds, by model, verdict and answerer.
    pub verdicts: Vec<VerdictCount>,
    pub models: Vec<Watched>,
    /// Alarms that are open.
    pub alarms: Vec<Alarm>,
    pub waiting: Vec<Waiting>,
    pub last_upload: Option<RecordedUpload>,
    /// Totals of what was lost, by name; those that are nothing are left out.
    pub losses: BTreeMap<&'static str, u64>,
    /// Windows ever closed, and delivered.
    pub windows: u64,
    pub delivered: u64,
}

/// A model version that is watched.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Watched {
    pub model: ModelVersion,
    /// Records of the open window, and when it began.
    pub open_rows: u64,
    pub open_since_us: Option<i64>,
    /// Records of the last closed window, against which the open one's progress shows.
    pub last_rows: Option<u64>,
    /// Of the open window, and of the last closed one.
    pub latency_p50_us: Option<u64>,
    pub latency_p99_us: Option<u64>,
    /// What the last window differed in, the largest effect first: from this device's past, or where that is too short
    /// yet, from the training distribution.
    pub drifted: Vec<Judgement>,
}

impl Snapshot {
    /// Reads the figures.
    pub(super) fn take(reader: &Reader) -> Result<Self, CliError> {
        Self::read(reader).map_err(|problem| CliError::from(&problem))
    }

    fn read(reader: &Reader) -> Result<Self, StorageProblem> {
        let counters = reader.counters()?;
        let total = |counter: Counter| counters.get(counter.name()).copied().unwrap_or(0);
        let mut alarms = reader.alarms()?;
        alarms.retain(|alarm| alarm.cleared_us.is_none());
        alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.severity));
        let losses = LOSSES.iter().map(|counter| (counter.name(), total(*counter))).filter(|(_, n)| *n > 0).collect();
        Ok(Self {
            taken: Some(Instant::now()),
            predictions: total(Counter::Predictions),
            verdicts: reader.verdicts()?,
            models: watched(reader)?,
            alarms,
            waiting: reader.waiting()?,
            last_upload: reader.uploads(1)?.pop(),
            losses,
            windows: total(Counter::Windows),
            delivered: total(Counter::WindowsDelivered),
        })
    }
}

fn watched(reader: &Reader) -> Result<Vec<Watched>, StorageProblem> {
    let mut watched = Vec::new();
    for found in reader.watched()? {
        let last = reader.windows(Some(&found.model.id), 1)?.pop().filter(|last| last.summary.model == found.model);
        let mut latency = Latency::default();
        found.open.iter().chain(last.as_ref().map(|last| &last.summary)).for_each(|s| latency.merge(&s.latency));
        watched.push(Watched {
            open_rows: found.open.as_ref().map_or(0, |open| open.rows),
            open_since_us: found.open.as_ref().map(|open| open.started_us),
            last_rows: last.as_ref().map(|last| last.summary.rows),
            latency_p50_us: latency.quantile_us(0.5),
            latency_p99_us: latency.quantile_us(0.99),
            drifted: last.map(|last| drifted(last.judged)).unwrap_or_default(),
            model: found.model,
        });
    }
    Ok(watched)
}

fn drifted(mut judged: Vec<Judgement>) -> Vec<Judgement> {
    let against = if judged.iter().any(|j| j.against == Against::Past) { Against::Past } else { Against::Training };
    judged.retain(|judgement| judgement.against == against);
    judged.sort_by(|a, b| b.comparison.effect.total_cmp(&a.comparison.effect));
    judged
}

/// Predictions a second, from one look to the next. Rows reach the journal in batches: the present rate is that of some
/// seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    /// When, and how many there were.
    looks: VecDeque<(Instant, u64)>,
}

impl Rates {
    /// Takes another look in.
    pub(super) fn add(&mut self, snapshot: &Snapshot) {
        self.looks.extend(snapshot.taken.map(|taken| (taken, snapshot.predictions)));
        if self.looks.len() > REMEMBERED {
            self.looks.pop_front();
        }
    }

    /// The present rate.
    pub(super) fn now(&self) -> Option<f64> {
        let last = self.looks.back()?;
        let is_recent = |look: &&(Instant, u64)| last.0.duration_since(look.0) <= PRESENT;
        let first = self.looks.iter().find(is_recent).filter(|first| first.0 < last.0);
        rate(first.or(self.looks.iter().rev().nth(1))?, last)
    }

    /// The rate between each two looks.
    pub(super) fn each(&self) -> Vec<f64> {
        self.looks.iter().zip(self.looks.iter().skip(1)).filter_map(|(first, second)| rate(first, second)).collect()
    }
}

fn rate(first: &(Instant, u64), second: &(Instant, u64)) -> Option<f64> {
    let seconds = second.0.duration_since(first.0).as_secs_f64();
    (seconds > 0.0).then(|| second.1.saturating_sub(first.1) as f64 / seconds)
}
