//! `GET /v1/bundles` and the files: only what was verified at start is handed out, by its exact name.

use std::fs::File;
use std::io;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::range::{Asked, asked};
use super::{ApiError, Shared};
use crate::faults::Piped;
use crate::limits::PIECE_BYTES;
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
        let file = name.chars().filter(|c| !c.is_control()).take(64).collect();
        return Err(ApiError::NoSuchBundle { file });
    };
    let tag = format!("\"{}\"", bundle.sha256);
    let given = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if given(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|t| t.trim() == tag || t.trim() == "*")) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    // A part of another file than the one that the sender has a part of would be of no use.
    let range = given(header::RANGE).filter(|_| given(header::IF_RANGE).is_none_or(|known| known == tag));
    let (status, first, last) = match asked(range, bundle.bytes) {
        Asked::Whole => (StatusCode::OK, 0, bundle.bytes.saturating_sub(1)),
        Asked::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last),
        Asked::Outside => return Err(ApiError::OutOfRange { length: bundle.bytes }),
    };
    let body = body(Arc::clone(&bundle.file), first, last - first + 1);
    let mut response = (status, body).into_response();
    let fields = [
        (header::ETAG, tag),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", bundle.bytes)),
    ];
    for (name, value) in fields {
        if name != header::CONTENT_RANGE || status == StatusCode::PARTIAL_CONTENT {
            // Digits, hex and constants only.
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
    }
    Ok(response)
}

/// Reads pieces of the file as fast as they are sent.
fn body(file: Arc<File>, first: u64, length: u64) -> Body {
    let (body, pieces) = Piped::of(Some(length));
    tokio::task::spawn_blocking(move || {
        let (mut at, end) = (first, first + length);
        while at < end {
            let piece = read_piece(&file, at, (end - at).min(PIECE_BYTES as u64) as usize);
            let failed = piece.is_err();
            at += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            if pieces.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    body
}

/// Reads exactly so many bytes at a place. A file that became shorter is an error, which cuts the download.
#[cfg(unix)]
fn read_piece(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; length];
    std::os::unix::fs::FileExt::read_exact_at(file, &mut piece, at)?;
    Ok(piece.into())
}

#[cfg(windows)]
fn read_piece(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; length];
    let mut done = 0;
    while done < length {
        match std::os::windows::fs::FileExt::seek_read(file, &mut piece[done..], at + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => done += n,
        }
    }
    Ok(piece.into())
}
