//! Adding summaries: counts add, spans widen, totals keep the larger.

use std::collections::BTreeMap;

use crate::error::MergeError;
use crate::limits::MAX_ALARMS;
use crate::summary::{AlarmSummary, FeatureSummary, LabelSummary, Summary, WindowRange};

impl Summary {
    /// Adds what another summary of the same model version has counted.
    ///
    /// # Errors
    /// [`MergeError`] when they are of different models or formats, or count on different bins; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        self.check_same(other)?;
        self.windows = joined(&self.windows, &other.windows);
        (self.started_us, self.ended_us) = if self.rows == 0 && self.started_us == 0 && self.ended_us == 0 {
            (other.started_us, other.ended_us)
        } else {
            (self.started_us.min(other.started_us), self.ended_us.max(other.ended_us))
        };
        self.rows = self.rows.saturating_add(other.rows);
        add(&mut self.verdicts, &other.verdicts);
        add(&mut self.reasons, &other.reasons);
        add(&mut self.answered_by, &other.answered_by);
        add(&mut self.kernel_sets, &other.kernel_sets);
        add(&mut self.model_states, &other.model_states);
        self.latency.merge(&other.latency);
        self.features.resize_with(self.features.len().max(other.features.len()), FeatureSummary::default);
        self.features.iter_mut().zip(&other.features).for_each(|(mine, theirs)| mine.merge(theirs));
        self.labels.merge(&other.labels);
        other.alarms.iter().for_each(|alarm| note(&mut self.alarms, alarm));
        for (name, total) in &other.counters {
            let mine = self.counters.entry(name.clone()).or_default();
            *mine = (*mine).max(*total);
        }
        Ok(())
    }

    fn check_same(&self, other: &Self) -> Result<(), MergeError> {
        if (&self.model, &self.format) != (&other.model, &other.format) {
            return Err(MergeError::OtherModel);
        }
        match self.features.iter().zip(&other.features).find(|(mine, theirs)| !mine.is_like(theirs)) {
            Some((mine, _)) => Err(MergeError::OtherBins { feature: mine.name.clone() }),
            None => Ok(()),
        }
    }
}

impl FeatureSummary {
    fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.counts.len() == other.counts.len()
    }

    fn merge(&mut self, other: &Self) {
        self.name.clone_from(&other.name);
        self.counts.resize(other.counts.len(), 0);
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.missing = self.missing.saturating_add(other.missing);
        self.out_of_domain = self.out_of_domain.saturating_add(other.out_of_domain);
        self.unseen = self.unseen.saturating_add(other.unseen);
        self.non_finite = self.non_finite.saturating_add(other.non_finite);
    }
}

impl LabelSummary {
    /// Counts a label, by its class if the schema declares it, and whether the answer was wrong.
    pub fn add(&mut self, class: Option<&str>, wrong: bool) {
        let wrong = u64::from(wrong);
        self.labelled = self.labelled.saturating_add(1);
        self.errors = self.errors.saturating_add(wrong);
        let Some(class) = class else { return };
        let (labelled, errors) = self.by_class.entry(class.to_owned()).or_default();
        *labelled = labelled.saturating_add(1);
        *errors = errors.saturating_add(wrong);
    }

    fn merge(&mut self, other: &Self) {
        self.labelled = self.labelled.saturating_add(other.labelled);
        self.errors = self.errors.saturating_add(other.errors);
        for (class, (labelled, errors)) in &other.by_class {
            let mine = self.by_class.entry(class.clone()).or_default();
            *mine = (mine.0.saturating_add(*labelled), mine.1.saturating_add(*errors));
        }
    }
}

fn add(mine: &mut BTreeMap<String, u64>, theirs: &BTreeMap<String, u64>) {
    for (name, n) in theirs {
        let count = mine.entry(name.clone()).or_default();
        *count = count.saturating_add(*n);
    }
}

/// Keeps one alarm of each kind and subject: the one seen in more windows, since the earlier time.
fn note(alarms: &mut Vec<AlarmSummary>, alarm: &AlarmSummary) {
    let same = |mine: &AlarmSummary| (&mine.kind, &mine.subject) == (&alarm.kind, &alarm.subject);
    match alarms.iter().position(same) {
        Some(at) => {
            let mine = &mut alarms[at];
            let since_us = mine.since_us.min(alarm.since_us);
            if alarm.windows >= mine.windows {
                mine.clone_from(alarm);
            }
            mine.since_us = since_us;
        }
        None if alarms.len() < MAX_ALARMS => alarms.push(alarm.clone()),
        None => {}
    }
}

/// All windows of both, neighbours joined.
fn joined(mine: &[WindowRange], theirs: &[WindowRange]) -> Vec<WindowRange> {
    let mut all: Vec<WindowRange> = mine.iter().chain(theirs).copied().collect();
    all.sort_unstable();
    let mut joined: Vec<WindowRange> = Vec::with_capacity(all.len());
    for range in all {
        match joined.last_mut() {
            Some(last) if last.epoch == range.epoch && last.last.checked_add(1) == Some(range.first) => {
                last.last = range.last;
            }
            _ => joined.push(range),
        }
    }
    joined
}
