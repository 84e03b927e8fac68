//! `GET /v1/statistics`: what was received, as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::tally::Counts;
use super::{ApiError, Shared, blocking};
use crate::store::Statistics;

/// What is stored, and what has happened since the start.
#[derive(Serialize)]
pub(super) struct All {
    #[serde(flatten)]
    pub(super) stored: Statistics,
    #[serde(flatten)]
    pub(super) since_start: Counts,
}

/// The handler.
pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Result<Json<All>, ApiError> {
    collect(&shared).await.map(Json)
}

/// Both kinds of counts.
pub(super) async fn collect(shared: &Arc<Shared>) -> Result<All, ApiError> {
    let store = shared.store.clone();
    let stored = blocking(move || store.statistics()).await??;
    Ok(All { stored, since_start: shared.tally.counts() })
}
