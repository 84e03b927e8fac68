//! Who answers a record: the model, or whoever comes after it where it abstains.

use dunlin_bundle::manifest::FallbackStep;
use dunlin_bundle::schema::Schema;
use dunlin_features::{Record, Scalars};
use dunlin_predictor::{OutputValue, Prediction};

use super::side::Side;
use super::{Chosen, Session};
use crate::answer::AnsweredBy;
use crate::runtime::Shared;
use crate::store::Slot;

impl Session {
    /// The first that accepts its own answer, of the model and those that come after it; a model that was thrown out does
    /// not answer. The cloud is asked later, beside the answer.
    pub(super) fn choose(&mut self, given: &Record<'_>, prediction: Prediction, is_challenger: bool) -> Chosen {
        if prediction.verdict.is_accept() && !self.side.loaded.is_withdrawn() {
            return Chosen { answered_by: AnsweredBy::Model, outputs: prediction.outputs.clone(), prediction };
        }
        for step in self.side.loaded.fallback.clone().iter() {
            let (answered_by, outputs) = match step {
                FallbackStep::Previous => (AnsweredBy::Previous, self.previous_answers(given, is_challenger)),
                FallbackStep::Baseline => (AnsweredBy::Baseline, self.side.baseline_answers(given)),
                _ => continue,
            };
            if outputs.is_some() {
                return Chosen { answered_by, outputs, prediction };
            }
        }
        Chosen { answered_by: AnsweredBy::Nobody, outputs: None, prediction }
    }

    /// For a bundle on trial the proven one is the one before it.
    fn previous_answers(&mut self, given: &Record<'_>, is_challenger: bool) -> Option<Vec<OutputValue>> {
        let watching = self.other.as_mut().filter(|_| is_challenger).map(|other| &mut other.side);
        let previous = watching.or(self.previous.as_mut()).filter(|previous| !previous.loaded.is_withdrawn())?;
        let projected = previous.projection.of(given);
        let prediction = previous.predict(&self.shared, &Scalars::of(&projected)).ok()?;
        prediction.verdict.is_accept().then_some(prediction.outputs)?
    }
}

impl Side {
    fn baseline_answers(&mut self, given: &Record<'_>) -> Option<Vec<OutputValue>> {
        if self.loaded.is_withdrawn() {
            return None;
        }
        let projected = self.projection.of(given);
        let prediction = self.baseline.as_mut()?.predict(&projected).ok()?;
        prediction.verdict.is_accept().then_some(prediction.outputs)?
    }
}

/// The version before the active one, where it is one of those that may answer. One that cannot be loaded does not.
pub(super) fn open_previous(shared: &Shared, active: &Side, records: &Schema) -> Option<Side> {
    if !active.loaded.fallback.contains(&FallbackStep::Previous) {
        return None;
    }
    let model_id = &active.context.model_id;
    let installed = shared.registry.state().in_slot(model_id, Slot::Previous).ok().flatten()?;
    Side::open(shared, &installed, Some(records))
        .inspect_err(|error| log::warn!("{model_id}: the previous version cannot answer in its place: {error}"))
        .ok()
}
