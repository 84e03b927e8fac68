//! The HTTP side: which path is answered by what, who may come in, and what all handlers share.

mod body;
mod bundles;
mod channel;
mod error;
mod file;
mod inference;
mod page;
mod range;
mod statistics;
mod summaries;
mod tally;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

pub(crate) use error::ApiError;
use tally::Tally;

use crate::faults::FaultPlan;
use crate::limits::Limits;
use crate::models::Models;
use crate::rate::Buckets;
use crate::store::Store;
use crate::token::Tokens;

/// What all handlers share.
pub(crate) struct Shared {
    pub(crate) tokens: Tokens,
    pub(crate) buckets: Buckets,
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    pub(crate) models: Models,
    /// Folder of the update channel.
    pub(crate) channel: Option<PathBuf>,
    pub(crate) faults: Mutex<FaultPlan>,
    /// One permit a processor that may infer.
    pub(crate) processors: Semaphore,
    pub(crate) tally: Tally,
}

/// Every path.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    // Faults come before the token: they stand for what happens on the way.
    let uploads = Router::new().route("/v1/summaries", post(summaries::receive));
    let open = Router::new()
        .route("/v2", get(inference::server))
        .route("/v2/health/live", get(inference::live))
        .route("/v2/health/ready", get(inference::live));
    let models = Router::new()
        .route("/v2/models/{name}", get(inference::metadata))
        .route("/v2/models/{name}/ready", get(inference::ready))
        .route("/v2/models/{name}/infer", post(inference::infer))
        .route("/v2/models/{name}/versions/{version}", get(inference::metadata))
        .route("/v2/models/{name}/versions/{version}/ready", get(inference::ready))
        .route("/v2/models/{name}/versions/{version}/infer", post(inference::infer))
        .route_layer(from_fn_with_state(Arc::clone(&shared), inference::only_with_a_token));
    let guarded = Router::new()
        .route("/", get(page::show))
        .route("/v1/statistics", get(statistics::show))
        .route("/v1/bundles", get(bundles::list))
        .route("/v1/bundles/{file}", get(bundles::download))
        .route("/v1/channel/{file}", get(channel::channel))
        .route("/v1/channel/root/{file}", get(channel::root))
        .route("/v1/channel/bundles/{file}", get(channel::bundle))
        .route_layer(from_fn_with_state(Arc::clone(&shared), only_with_a_token));
    uploads
        .merge(open)
        .merge(models)
        .merge(guarded)
        .fallback(|| async { ApiError::NoSuchPath })
        .method_not_allowed_fallback(|| async { ApiError::NoSuchMethod })
        .with_state(shared)
}

impl Shared {
    pub(crate) fn new(config: crate::Config, store: Store, models: Models, processors: usize) -> Self {
        Self {
            buckets: Buckets::new(&config.limits, config.tokens.len().max(1), Instant::now()),
            tokens: config.tokens,
            limits: config.limits,
            store,
            models,
            channel: config.channel,
            faults: Mutex::new(config.faults),
            processors: Semaphore::new(processors),
            tally: Tally::default(),
        }
    }

    /// Which token a request has.
    fn admit(&self, headers: &HeaderMap) -> Result<usize, ApiError> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.tokens.admit(given).ok_or(ApiError::NoToken)
    }

    /// The same, for requests that cost something.
    fn admit_at_a_rate(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let token = self.admit(headers)?;
        self.buckets.take(token, Instant::now()).map_err(|wait| ApiError::TooMany { retry_after_s: wait.as_secs() })
    }
}

async fn only_with_a_token(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.admit(request.headers()) {
        Ok(_) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Runs what blocks (SQLite, the engine) where it holds up nobody else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Broken { reason: "a worker stopped".to_owned() })
}

/// The server's clock, in microseconds since 1970 UTC.
fn now_us() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_micros()).unwrap_or(i64::MAX)
}
