//! From findings to alarms: opened once, carried on while they last, cleared when they are over.

use dunlin_wire::limits::MAX_ALARMS;
use dunlin_wire::{AlarmSummary, ModelVersion, Severity};
use serde_json::{Value, json};

use super::judge::judge;
use super::past::Past;
use super::policy::SLOW_SHARE;
use super::record::{Against, Alarm, Evidence, Judgement};
use super::watch::Watch;
use super::window::OpenWindow;
use crate::counters::Counter;
use crate::store::tables::{AlarmRow, TableResult, Tables};

pub(super) const DRIFT: &str = "drift";
pub(super) const TRAINING_MISMATCH: &str = "training_mismatch";
pub(super) const ERROR_RATE: &str = "error_rate";
const LATENCY: &str = "latency";
const NON_FINITE_OUTPUT: &str = "non_finite_output";
const KERNEL_SET_CHANGED: &str = "kernel_set_changed";
const STALE: &str = "stale";

/// Something that one window, or one label, shows.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    pub(super) subject: String,
    pub(super) evidence: Evidence,
}

/// Everything that a window shows.
pub(super) fn findings(watch: &Watch, window: &OpenWindow, past: &Past) -> (Vec<Judgement>, Vec<Finding>) {
    let judged = judge(watch, window, past);
    let mut findings: Vec<Finding> = judged.iter().filter(|judgement| judgement.alarm).map(of_distribution).collect();
    findings.extend(slow(watch, window));
    findings.extend(not_finite(window));
    findings.extend(other_kernels(window, past));
    findings.extend(stale(window));
    (judged, findings)
}

fn of_distribution(judgement: &Judgement) -> Finding {
    let (kind, severity) = match judgement.against {
        Against::Past => (DRIFT, Severity::Alarm),
        Against::Training => (TRAINING_MISMATCH, Severity::Information),
    };
    let evidence = Evidence {
        comparison: Some(judgement.comparison.clone()),
        p_adjusted: Some(judgement.p_adjusted),
        ..Evidence::default()
    };
    Finding { kind, severity, subject: judgement.subject.clone(), evidence }
}

fn measured(value: f64, limit: f64, n: u64) -> Evidence {
    Evidence { value: Some(value), limit: Some(limit), n: Some(n), ..Evidence::default() }
}

fn slow(watch: &Watch, window: &OpenWindow) -> Option<Finding> {
    let (budget, rows) = (watch.latency_budget_us?, window.summary.rows);
    let above = window.summary.latency.count_above(budget);
    let p95 = window.summary.latency.quantile_us(1.0 - SLOW_SHARE)?;
    (above as f64 > SLOW_SHARE * rows as f64).then(|| Finding {
        kind: LATENCY,
        severity: Severity::Alarm,
        subject: "p95_us".to_owned(),
        evidence: measured(p95 as f64, budget as f64, rows),
    })
}

fn not_finite(window: &OpenWindow) -> Option<Finding> {
    let found = window.non_finite_outputs();
    (found > 0).then(|| Finding {
        kind: NON_FINITE_OUTPUT,
        severity: Severity::Alarm,
        subject: "outputs".to_owned(),
        evidence: measured(found as f64, 0.0, window.summary.rows),
    })
}

fn other_kernels(window: &OpenWindow, past: &Past) -> Option<Finding> {
    if past.kernel_sets.is_empty() {
        return None;
    }
    let (name, rows) = window.summary.kernel_sets.iter().find(|(name, _)| !past.kernel_sets.contains(*name))?;
    Some(Finding {
        kind: KERNEL_SET_CHANGED,
        severity: Severity::Information,
        subject: name.clone(),
        evidence: Evidence { n: Some(*rows), ..Evidence::default() },
    })
}

fn stale(window: &OpenWindow) -> Option<Finding> {
    (window.stale() > 0).then(|| Finding {
        kind: STALE,
        severity: Severity::Information,
        subject: "model".to_owned(),
        evidence: Evidence { n: Some(window.stale()), ..Evidence::default() },
    })
}

/// Brings the alarms of a model up to date with a window's findings; tells what was open during it.
///
/// `goes_on` says of an open alarm without a finding whether it goes on all the same.
pub(super) fn update(
    tables: &mut Tables<'_>,
    model: &ModelVersion,
    now_us: i64,
    findings: &[Finding],
    mut goes_on: impl FnMut(&AlarmRow) -> bool,
) -> TableResult<Vec<AlarmSummary>> {
    let mut noted = Vec::new();
    let open = tables.open_alarms(model)?;
    for mut row in open.iter().cloned() {
        let finding = findings.iter().find(|f| (f.kind, f.subject.as_str()) == (&*row.kind, &*row.subject));
        match finding {
            Some(finding) => {
                (row.last_us, row.windows) = (now_us, row.windows + 1);
                row.evidence = json!(finding.evidence);
            }
            None if goes_on(&row) => {}
            None => {
                row.cleared_us = Some(now_us);
                tables.event(now_us, "alarm_cleared", &told(model, &row))?;
            }
        }
        tables.update_alarm(&row)?;
        noted.push(summary(&row));
    }
    for (at, finding) in findings.iter().enumerate() {
        // A schema may name a feature as something else is named: one alarm stands for both.
        let is_again = findings[..at].iter().any(|f| (f.kind, &f.subject) == (finding.kind, &finding.subject));
        let is_open = open.iter().any(|row| (&*row.kind, &*row.subject) == (finding.kind, finding.subject.as_str()));
        if !is_again && !is_open {
            noted.push(summary(&begin(tables, model, now_us, finding)?));
        }
    }
    // The receiver takes so many and no more; what somebody should act on goes first.
    noted.sort_by_key(|alarm| std::cmp::Reverse(alarm.severity));
    noted.truncate(MAX_ALARMS);
    Ok(noted)
}

/// Whether an open alarm is of a comparison that this window had too little evidence for: that is no sign of calm.
pub(super) fn is_undecided(row: &AlarmRow, judged: &[Judgement]) -> bool {
    let against = match row.kind.as_str() {
        DRIFT => Against::Past,
        TRAINING_MISMATCH => Against::Training,
        _ => return false,
    };
    !judged.iter().any(|judgement| judgement.against == against && judgement.subject == row.subject)
}

/// Opens an alarm for something that is not one yet.
pub(super) fn begin(
    tables: &mut Tables<'_>,
    model: &ModelVersion,
    now_us: i64,
    finding: &Finding,
) -> TableResult<AlarmRow> {
    let row = AlarmRow {
        seq: 0,
        kind: finding.kind.to_owned(),
        subject: finding.subject.clone(),
        severity: json!(finding.severity).as_str().unwrap_or_default().to_owned(),
        since_us: now_us,
        last_us: now_us,
        windows: 1,
        evidence: json!(finding.evidence),
        cleared_us: None,
    };
    tables.open_alarm(model, &row)?;
    tables.event(now_us, if finding.severity == Severity::Alarm { "alarm" } else { "notice" }, &told(model, &row))?;
    if finding.severity == Severity::Alarm {
        tables.count(Counter::Alarms, 1);
    }
    Ok(row)
}

/// An alarm in the words of an event.
fn told(model: &ModelVersion, row: &AlarmRow) -> Value {
    let alarm = public(row, model.clone());
    json!({
        "kind": row.kind, "subject": row.subject, "model": model, "since_us": row.since_us,
        "windows": row.windows, "what": alarm.what(), "how_sure": alarm.how_sure(), "what_to_do": alarm.what_to_do(),
    })
}

/// An alarm as apps and reports see it.
pub(crate) fn public(row: &AlarmRow, model: ModelVersion) -> Alarm {
    Alarm {
        kind: row.kind.clone(),
        model,
        subject: row.subject.clone(),
        severity: if row.severity == "alarm" { Severity::Alarm } else { Severity::Information },
        since_us: row.since_us,
        last_us: row.last_us,
        windows: row.windows,
        evidence: serde_json::from_value(row.evidence.clone()).unwrap_or_default(),
        cleared_us: row.cleared_us,
    }
}

fn summary(row: &AlarmRow) -> AlarmSummary {
    let alarm = public(row, ModelVersion::default());
    let comparison = alarm.evidence.comparison.as_ref();
    AlarmSummary {
        kind: alarm.kind,
        subject: alarm.subject,
        severity: alarm.severity,
        since_us: alarm.since_us,
        windows: alarm.windows,
        test: comparison.map(|c| c.test.name().to_owned()),
        statistic: comparison.map(|c| c.statistic).or(alarm.evidence.value),
        p_value: alarm.evidence.p_adjusted,
        effect: comparison.map(|c| c.effect),
        n_effective: comparison.map(|c| c.n_effective),
    }
}
