//! The monitor: every watched model version's open window, past and labels, in step with the journal's transactions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dunlin_wire::{ModelVersion, Summary};

use super::alarms::{self, ERROR_RATE};
use super::config::MonitorConfig;
use super::labels::Labels;
use super::observation::Observation;
use super::past::Past;
use super::policy::{ABANDONED_AFTER, FORGOTTEN_AFTER, MIN_WINDOW_ROWS};
use super::watch::Watch;
use super::window::OpenWindow;
use crate::answer::AnsweredBy;
use crate::clock::Moment;
use crate::counters::Counter;
use crate::ids::{Epoch, PredictionId};
use crate::journal::Row;
use crate::store::tables::{AlarmRow, Checkpoint, Labelled, TableResult, Tables, WindowRow};

/// Counts rows into windows and closes them. Its memory is a copy of what the tables hold: after a transaction that was
/// rolled back it is thrown away and read again.
pub(crate) struct Monitor {
    config: MonitorConfig,
    epoch: Epoch,
    boot_id: String,
    /// Windows begun in this opening; a number is never given out twice, whatever is rolled back.
    begun: u32,
    tracked: HashMap<ModelVersion, Tracked>,
}

/// A summary that is ready to be sent.
pub(crate) struct Closed(pub(crate) Summary);

/// One model version.
struct Tracked {
    watch: Arc<Watch>,
    open: Option<OpenWindow>,
    past: Past,
    labels: Labels,
    /// What differs from the tables.
    changed: Changed,
}

#[derive(Default)]
struct Changed {
    open: bool,
    past: bool,
    labels: bool,
}

impl Monitor {
    pub(crate) fn new(config: MonitorConfig, epoch: Epoch, boot_id: &str) -> Self {
        Self { config, epoch, boot_id: boot_id.to_owned(), begun: 0, tracked: HashMap::new() }
    }

    /// Counts a row in its window.
    pub(crate) fn observe(
        &mut self,
        tables: &mut Tables<'_>,
        now: Moment,
        row: &Row,
        observation: &Observation,
    ) -> TableResult<Option<Closed>> {
        let model = observation.watch.model().clone();
        self.track(tables, &observation.watch, now)?;
        let Some(tracked) = self.tracked.get_mut(&model) else { return Ok(None) };
        let window = match &mut tracked.open {
            Some(window) => window,
            none => {
                self.begun = self.begun.saturating_add(1);
                let (epoch, number) = (self.epoch.number(), self.begun);
                none.insert(OpenWindow::begin(&tracked.watch, epoch, number, &self.boot_id, row.at))
            }
        };
        if window.pass(&self.boot_id, row.at) {
            tables.count(Counter::ClockJumps, 1);
        }
        window.add(row, observation);
        tracked.changed.open = true;
        if window.summary.rows >= self.config.window_rows.max(MIN_WINDOW_ROWS) {
            return self.close(tables, &model).map(Some);
        }
        Ok(None)
    }

    /// Compares a label with the answer that it is for. No session need be open: labels often come in at night.
    pub(crate) fn label(
        &mut self,
        tables: &mut Tables<'_>,
        now: Moment,
        id: PredictionId,
        label: &str,
    ) -> TableResult<()> {
        let Some(Labelled { model, answered_by, output }) = tables.labelled(id)? else { return Ok(()) };
        if ![AnsweredBy::Model, AnsweredBy::Cache].iter().any(|by| by.name() == answered_by) {
            // The mistakes of whoever answered in its place are not the model's; what it answered in advance is.
            return Ok(());
        }
        let found = match self.tracked.get_mut(&model) {
            Some(tracked) => {
                tracked.changed.labels = true;
                tracked.labels.add(&output, label)
            }
            None => {
                let checkpoint = tables.checkpoint(&model)?;
                let Some(mut labels) = checkpoint.as_ref().and_then(Checkpoint::labels::<Labels>) else {
                    return Ok(());
                };
                let found = labels.add(&output, label);
                tables.save_labels(&model, now.wall_us, &labels)?;
                found
            }
        };
        if let Some(finding) = found
            && !tables.open_alarms(&model)?.iter().any(|row| row.kind == finding.kind)
        {
            alarms::begin(tables, &model, now.wall_us, &finding)?;
        }
        Ok(())
    }

    /// Closes the windows whose time has come, and those of versions that nobody answers with any more.
    pub(crate) fn tick(&mut self, tables: &mut Tables<'_>, now: Moment) -> TableResult<Vec<Closed>> {
        let mut closed = Vec::new();
        let models: Vec<ModelVersion> = self.tracked.keys().cloned().collect();
        let due_us = i64::try_from(self.config.window_time.as_micros()).unwrap_or(i64::MAX);
        for model in models {
            let Some(tracked) = self.tracked.get_mut(&model) else { continue };
            let Some(window) = &mut tracked.open else { continue };
            let jumped = window.pass(&self.boot_id, now);
            tables.count(Counter::ClockJumps, u64::from(jumped));
            tracked.changed.open = true;
            if window.age_us() >= due_us && window.summary.rows >= MIN_WINDOW_ROWS {
                closed.push(self.close(tables, &model)?);
            }
        }
        closed.extend(self.close_abandoned(tables, now)?);
        Ok(closed)
    }

    /// Writes what has changed; to be called before the transaction is committed.
    pub(crate) fn save(&mut self, tables: &mut Tables<'_>, now: Moment) -> TableResult<()> {
        for (model, tracked) in &mut self.tracked {
            let changed = std::mem::take(&mut tracked.changed);
            if changed.open {
                tables.save_open(model, now.wall_us, tracked.open.as_ref())?;
            }
            if changed.past {
                tables.save_past(model, now.wall_us, &tracked.past)?;
            }
            if changed.labels {
                tables.save_labels(model, now.wall_us, &tracked.labels)?;
            }
        }
        Ok(())
    }

    /// The transaction did not happen: what the tables hold stands.
    pub(crate) fn forget(&mut self) {
        self.tracked.clear();
    }

    /// Takes up a model version where its checkpoint left it.
    fn track(&mut self, tables: &Tables<'_>, watch: &Arc<Watch>, now: Moment) -> TableResult<()> {
        if self.tracked.contains_key(watch.model()) {
            return Ok(());
        }
        let found = tables.checkpoint(watch.model())?;
        let open = found.as_ref().and_then(Checkpoint::open).filter(|window: &OpenWindow| window.fits(watch));
        let past = found.as_ref().and_then(Checkpoint::past).filter(|past: &Past| past.fits(watch)).unwrap_or_default();
        let labels = found.as_ref().and_then(Checkpoint::labels).unwrap_or_else(|| Labels::of(watch));
        if found.is_none() {
            let checkpoint = Checkpoint {
                touched_us: now.wall_us,
                open: None,
                past: serde_json::to_string(&past).unwrap_or_default(),
                labels: serde_json::to_string(&labels).unwrap_or_default(),
            };
            tables.begin_watching(watch.model(), &checkpoint, &watch.references())?;
        }
        let tracked = Tracked { watch: Arc::clone(watch), open, past, labels, changed: Changed::default() };
        self.tracked.insert(watch.model().clone(), tracked);
        Ok(())
    }

    /// Judges a window, brings the alarms up to date, lets the past take it in, and gives its summary.
    fn close(&mut self, tables: &mut Tables<'_>, model: &ModelVersion) -> TableResult<Closed> {
        // Only called for a model that is tracked and has an open window.
        let empty = || Closed(Summary::empty(model.clone()));
        let Some(tracked) = self.tracked.get_mut(model) else { return Ok(empty()) };
        let Some(mut window) = tracked.open.take() else { return Ok(empty()) };
        let Tracked { watch, past, labels, changed, .. } = tracked;
        let (judged, findings) = alarms::findings(watch, &window, past);
        window.summary.labels = labels.take_counts();
        let recovered = labels.has_recovered(&window.summary.labels);
        let goes_on = |row: &AlarmRow| alarms::is_undecided(row, &judged) || (row.kind == ERROR_RATE && !recovered);
        // By the window's own time: rows of several windows may be written at one moment.
        let at_us = window.summary.ended_us;
        window.summary.alarms = alarms::update(tables, watch.model(), at_us, &findings, goes_on)?;
        if !findings.iter().any(|finding| finding.kind == alarms::DRIFT) {
            past.take_in(watch, &window, &judged);
        }
        *changed = Changed { open: true, past: true, labels: true };
        tables.count(Counter::Windows, 1);
        finish(tables, window, &judged)
    }

    /// Windows of versions that a later one has replaced, long after their last record. They cannot be
    /// judged without their bundle; what they counted is sent, unless it is of too few records to be told apart.
    fn close_abandoned(&self, tables: &mut Tables<'_>, now: Moment) -> TableResult<Vec<Closed>> {
        let mut closed = Vec::new();
        let before = |span: Duration| now.wall_us.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX));
        for (model, checkpoint) in tables.checkpoints_before(before(ABANDONED_AFTER))? {
            if self.tracked.contains_key(&model) {
                continue;
            }
            // Nothing is the matter any more with what nobody uses.
            alarms::update(tables, &model, now.wall_us, &[], |_| false)?;
            if checkpoint.open.is_none() {
                if checkpoint.touched_us <= before(FORGOTTEN_AFTER) {
                    tables.stop_watching(&model)?;
                }
                continue;
            }
            tables.save_open(&model, checkpoint.touched_us, None::<&OpenWindow>)?;
            let Some(mut window) = checkpoint.open::<OpenWindow>() else { continue };
            if let Some(mut labels) = checkpoint.labels::<Labels>() {
                window.summary.labels = labels.take_counts();
                tables.save_labels(&model, checkpoint.touched_us, &labels)?;
            }
            let is_small = window.summary.rows < MIN_WINDOW_ROWS;
            tables.count(Counter::Windows, 1);
            closed.push(finish(tables, if is_small { window.without_features() } else { window }, &[])?);
        }
        Ok(closed)
    }
}

/// Enters a closed window in the tables.
fn finish(tables: &mut Tables<'_>, window: OpenWindow, judged: &[super::Judgement]) -> TableResult<Closed> {
    let OpenWindow { epoch, number, mut summary, .. } = window;
    summary.counters = tables.totals();
    summary.model_states = tables.take_states(&summary.model.id)?;
    let (model, ended_us) = (&summary.model, summary.ended_us);
    tables.insert_window(&WindowRow { epoch, number, model, ended_us, summary: &summary, judged: &judged })?;
    Ok(Closed(summary))
}
