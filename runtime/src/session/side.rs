//! One bundle as a session runs it.

use std::sync::Arc;

use dunlin_bundle::schema::Schema;
use dunlin_features::{Projection, Scalars};
use dunlin_predictor::{PredictError, Prediction, Predictor};

use super::SessionError;
use crate::clock::Moment;
use crate::journal::Context;
use crate::registry::{LoadedModel, Proof, Started, load};
use crate::runtime::Shared;
use crate::store::{InstalledModel, Slot};

/// A bundle's model and baseline, for one caller.
pub(super) struct Side {
    pub(super) loaded: Arc<LoadedModel>,
    pub(super) context: Arc<Context>,
    pub(super) model: Predictor,
    pub(super) baseline: Option<Predictor>,
    /// The session's records as this bundle's schema has them.
    pub(super) projection: Projection,
    /// Where the bundle has not answered yet.
    proof: Option<Proof>,
}

impl Side {
    /// An installed bundle, or in the place of an active one that has failed too often the one that is active then, for records
    /// of a schema (of its own, where none is given).
    pub(super) fn open(
        shared: &Shared,
        installed: &InstalledModel,
        records: Option<&Schema>,
    ) -> Result<Self, SessionError> {
        let Started { loaded, events } = load(&shared.registry, installed);
        shared.enter_changes(&events);
        let (loaded, proof) = loaded?;
        Ok(Self { proof, ..Self::of(loaded, installed.slot, records)? })
    }

    /// A bundle that is loaded.
    pub(super) fn of(loaded: Arc<LoadedModel>, slot: Slot, records: Option<&Schema>) -> Result<Self, SessionError> {
        let (model, baseline) = loaded.predictors();
        let context = Arc::new(loaded.context(slot));
        let projection = Projection::new(records.unwrap_or(model.schema()), model.schema())
            .map_err(|source| SessionError::OtherRecords { version: context.version.clone(), source })?;
        Ok(Self { loaded, context, model, baseline, projection, proof: None })
    }

    /// Whether its first prediction is still to come.
    pub(super) fn is_unproven(&self) -> bool {
        self.proof.is_some()
    }

    /// Runs the model. Its first run may end the process, and is marked for it.
    pub(super) fn predict(&mut self, shared: &Shared, record: &Scalars<'_>) -> Result<Prediction, PredictError> {
        let Some(proof) = self.proof.take() else { return self.model.predict_scalars(record) };
        proof.answer(&shared.registry, || self.model.predict_scalars(record))
    }

    pub(super) fn is_stale(&self, now: Moment) -> bool {
        self.loaded.stale_from_us.is_some_and(|from| now.wall_us >= from)
    }
}
