//! `GET /v1/bundles` and the files: only what was verified at start is handed out, by its exact name.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::file::{asked_for, send};
use super::{ApiError, Shared};
use crate::models::BundleFile;

/// Lists what there is.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let describe = |(name, bundle): (&String, &BundleFile)| {
        json!({
            "model_id": bundle.model_id, "version": bundle.version, "sequence": bundle.sequence,
            "bytes": bundle.bytes, "sha256": bundle.sha256, "url": format!("/v1/bundles/{}", escaped(name)),
        })
    };
    let bundles: Vec<Value> = shared.models.bundles.iter().map(describe).collect();
    Json(json!({"bundles": bundles}))
}

/// A file's name as a part of a path.
fn escaped(name: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    name.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Sends a bundle, whole or the part asked for.
pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(bundle) = shared.models.bundles.get(&name) else {
        return Err(ApiError::NoSuchBundle { file: asked_for(&name) });
    };
    send(&bundle.file, bundle.bytes, &bundle.sha256, &headers)
}
