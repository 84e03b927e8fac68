//! What is the matter, and what was.

use dunlin::monitor::{Alarm, Evidence};
use dunlin_wire::{ModelVersion, Severity};
use serde::Serialize;

use super::journal::Journal;

/// The alarms of the journal.
#[derive(Debug, Serialize)]
pub(in super::super) struct Alarms {
    /// Those that somebody should act on first, then the older first.
    pub open: Vec<AlarmFigure>,
    /// The latest first.
    pub over: Vec<AlarmFigure>,
}

/// One alarm.
#[derive(Debug, Serialize)]
pub(in super::super) struct AlarmFigure {
    pub kind: String,
    pub model: ModelVersion,
    pub subject: String,
    pub severity: Severity,
    pub since_us: i64,
    pub last_us: i64,
    pub windows: u64,
    pub cleared_us: Option<i64>,
    pub what: String,
    pub how_sure: String,
    pub what_to_do: &'static str,
    pub evidence: Evidence,
}

impl Alarms {
    pub(super) fn of(journal: &Journal) -> Self {
        let (mut open, mut over): (Vec<_>, Vec<_>) =
            journal.alarms.iter().map(AlarmFigure::of).partition(|alarm| alarm.cleared_us.is_none());
        open.sort_by_key(|alarm| (std::cmp::Reverse(alarm.severity), alarm.since_us));
        over.sort_by_key(|alarm| std::cmp::Reverse(alarm.cleared_us));
        Self { open, over }
    }
}

impl AlarmFigure {
    fn of(alarm: &Alarm) -> Self {
        Self {
            kind: alarm.kind.clone(),
            model: alarm.model.clone(),
            subject: alarm.subject.clone(),
            severity: alarm.severity,
            since_us: alarm.since_us,
            last_us: alarm.last_us,
            windows: alarm.windows,
            cleared_us: alarm.cleared_us,
            what: alarm.what(),
            how_sure: alarm.how_sure(),
            what_to_do: alarm.what_to_do(),
            evidence: alarm.evidence.clone(),
        }
    }

    /// Whether somebody should act.
    pub(in super::super) fn is_alarm(&self) -> bool {
        self.severity == Severity::Alarm
    }
}
