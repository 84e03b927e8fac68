//! The other bundle of a trial, beside the one that answers.

use std::sync::Arc;

use dunlin_bundle::schema::Schema;
use dunlin_features::{Record, Scalars};
use dunlin_predictor::{PredictError, Prediction};

use super::remember::output_json;
use super::side::Side;
use super::{Session, SessionError, elapsed};
use crate::answer::Answer;
use crate::clock::Moment;
use crate::ids::{SubjectHash, random_u64};
use crate::runtime::Shared;
use crate::store::{Slot, Stage};
use crate::trial::{Compared, Comparison, Pair, TrialPolicy, agree};

/// The bundle that does not answer, and what decides when it runs too.
pub(super) struct Other {
    pub(super) side: Side,
    pair: Arc<Pair>,
    policy: TrialPolicy,
    /// The challenger's.
    budget_us: Option<u64>,
    /// Of the installation's own, so that no two devices compare or choose alike.
    salt: u64,
    counter: u64,
    /// Time that answering has taken, and comparing.
    answering_us: f64,
    comparing_us: f64,
    compared: f64,
}

impl Other {
    /// The other bundle of a model's trial, where one is on; one that cannot be loaded is not compared with.
    pub(super) fn open(shared: &Shared, active: &Side, records: &Schema) -> Option<Self> {
        let model_id = &active.context.model_id;
        let state = shared.registry.state();
        let trial = state.trial(model_id).ok().flatten()?;
        let slot = if trial.stage == Stage::Probation { Slot::Previous } else { Slot::Candidate };
        let installed = state.in_slot(model_id, slot).ok().flatten()?;
        let salt = state.identity().hash_key.salt(&trial.challenger);
        drop(state);
        let side = Side::open(shared, &installed, Some(records))
            .inspect_err(|error| log::warn!("{model_id}: the other bundle of the trial cannot run: {error}"));
        let side = side.ok()?;
        let challenger = if trial.stage == Stage::Probation { active } else { &side };
        let (budget_us, objective) = (challenger.loaded.latency_budget_us, challenger.loaded.objective.clone());
        let (incumbent, challenger, stage) = (trial.incumbent, trial.challenger, trial.stage);
        let pair = Arc::new(Pair { model_id: model_id.clone(), incumbent, challenger, stage, objective });
        // Many sessions are of a few records: they must not all draw the same lots.
        let (counter, policy) = (random_u64(), shared.trial);
        Some(Self { side, pair, policy, budget_us, salt, counter, answering_us: 0.0, comparing_us: 0.0, compared: 0.0 })
    }

    /// Whether the candidate is to answer this record: for a subject always or never.
    pub(super) fn answers(&self, subject: Option<SubjectHash>) -> bool {
        let unit = subject.map_or(self.counter, |subject| u64::from_le_bytes(subject.0));
        self.pair.stage == Stage::Canary && share_of(self.salt ^ unit) < self.policy.canary_share
    }

    /// Runs the bundle that did not answer, where it is this record's turn and the budget allows.
    fn compare(
        &mut self,
        shared: &Shared,
        record: &Record<'_>,
        answered: Result<&Prediction, &PredictError>,
        [started, ended]: [Moment; 2],
        [by_challenger, is_anonymous]: [bool; 2],
    ) -> Compared {
        let by_lot = is_anonymous && self.pair.stage == Stage::Canary;
        let mut compared = Compared { pair: Arc::clone(&self.pair), by_challenger, by_lot, both: None, alone: None };
        self.counter = self.counter.wrapping_add(1);
        // Decided before this answer's own time counts: a slow one must not be the one that is compared.
        let is_due = share_of(!self.salt ^ self.counter) < self.policy.shadow_share && !self.is_over_budget();
        let took_us = elapsed(started, ended).as_secs_f64() * 1e6;
        self.answering_us += took_us;
        let Some((other, other_us)) = is_due.then(|| self.run(shared, record, ended)).flatten() else {
            compared.alone = answered.ok().and_then(|prediction| output_json(prediction.outputs.as_deref()?));
            return compared;
        };
        let in_budget = |us: f64| self.budget_us.is_none_or(|budget| us <= budget as f64);
        let outputs = |prediction: Result<&Prediction, &PredictError>| prediction.ok().and_then(|p| p.outputs.clone());
        let agreed = agree(outputs(answered).as_deref(), outputs(other.as_ref()).as_deref());
        let mut both = [
            Comparison::of(answered, in_budget(took_us), output_json),
            Comparison::of(other.as_ref(), in_budget(other_us), output_json),
        ];
        if by_challenger {
            both.reverse();
        }
        compared.both = Some((both, agreed));
        compared
    }

    /// Runs the bundle that did not answer; how long it took. Its first run was marked on the disk, and says nothing of the time
    /// that the model takes.
    fn run(
        &mut self,
        shared: &Shared,
        record: &Record<'_>,
        from: Moment,
    ) -> Option<(Result<Prediction, PredictError>, f64)> {
        let is_first = self.side.is_unproven();
        let projected = self.side.projection.of(record);
        let other = self.side.predict(shared, &Scalars::of(&projected));
        let took_us = elapsed(from, shared.clock.now()).as_secs_f64() * 1e6;
        if is_first {
            return None;
        }
        (self.comparing_us, self.compared) = (self.comparing_us + took_us, self.compared + 1.0);
        Some((other, took_us))
    }

    /// Whether one more comparison, as long as those before, would take more than its share of the time.
    fn is_over_budget(&self) -> bool {
        let next_us = if self.compared == 0.0 { 0.0 } else { self.comparing_us / self.compared };
        self.compared > 0.0 && self.comparing_us + next_us > self.policy.shadow_cpu * self.answering_us
    }
}

impl Session {
    /// Whether the active bundle is the one that is tried.
    pub(super) fn is_on_probation(&self) -> bool {
        self.other.as_ref().is_some_and(|other| other.pair.stage == Stage::Probation)
    }

    /// Compares where a trial is on; tells the row what to add to it.
    pub(super) fn compare(
        &mut self,
        record: &Record<'_>,
        answered: Result<&Prediction, &PredictError>,
        started: Moment,
        by_challenger: bool,
    ) -> Option<Compared> {
        let other = self.other.as_mut()?;
        let ended = self.shared.clock.now();
        let is_anonymous = self.subject.is_none();
        Some(other.compare(&self.shared, record, answered, [started, ended], [by_challenger, is_anonymous]))
    }

    /// A version on trial that answers NaN is judged at once, and not when its row would be written anyway; one that is not on
    /// trial any more is watched again.
    pub(super) fn hurry(&mut self, answer: &Answer) {
        if answer.prediction.outputs.is_none() {
            self.is_suspect = self.other.is_none();
            self.shared.journal.post(|_, _, _| Ok(()));
        }
    }

    /// Takes the bundle that is active now, and the trial that is on now; records stay those of the schema that the session
    /// was opened with. False where nothing has changed since it was opened or last renewed.
    ///
    /// # Errors
    /// As for opening a session, and [`SessionError::OtherRecords`] where the bundle cannot take such records: open another
    /// session then. It goes on with what it had.
    pub fn renew(&mut self) -> Result<bool, SessionError> {
        if self.generation == self.shared.registry.generation() {
            return Ok(false);
        }
        let model_id = self.side.context.model_id.clone();
        let renewed = Self::open(Arc::clone(&self.shared), &model_id, Some(Arc::clone(&self.schema)))?;
        let (waiting, subject, patient) = (std::mem::take(&mut self.waiting), self.subject, self.patient);
        *self = Self { waiting, subject, patient, ..renewed };
        Ok(true)
    }

    /// A bundle that was thrown out answers no more: the one that took its place does. One that answered NaN is run beside the
    /// one before it.
    pub(super) fn step_back(&mut self) {
        let is_out = |side: &Side| side.loaded.is_withdrawn();
        let generation = self.shared.registry.generation();
        let is_watched_again = self.is_suspect && self.generation != generation;
        if (is_watched_again || is_out(&self.side) || self.other.as_ref().is_some_and(|other| is_out(&other.side)))
            && self.failed_at != Some(generation)
            && let Err(error) = self.renew()
        {
            // Until something changes it would fail again.
            self.failed_at = Some(generation);
            log::warn!("{}: the previous bundle cannot be loaded: {error}", self.side.context.model_id);
        }
    }
}

/// A number in 0..1, the same for the same bits: splitmix64's finaliser (Steele, Lea, Flood 2014).
fn share_of(bits: u64) -> f64 {
    let mut mixed = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
