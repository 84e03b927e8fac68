//! Sends a file, whole or the part asked for, and not again to whoever has it.

use std::fs::File;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::ApiError;
use super::range::{Asked, asked};
use crate::faults::Piped;
use crate::limits::PIECE_BYTES;

/// A name from a path as messages repeat it.
pub(super) fn asked_for(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The entity tag of a content.
pub(super) fn tag(sha256: &str) -> String {
    format!("\"{sha256}\"")
}

/// The answer to a sender that has this very content.
pub(super) fn if_known(tag: &str, headers: &HeaderMap) -> Option<Response> {
    let tags = headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let is_known = tags.split(',').map(str::trim).any(|known| known == tag || known == "*");
    is_known.then(|| (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.to_owned())]).into_response())
}

/// Answers with a file of a length and hash.
pub(super) fn send(file: &Arc<File>, bytes: u64, sha256: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let tag = tag(sha256);
    let given = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(known) = if_known(&tag, headers) {
        return Ok(known);
    }
    // A part of another file than the one that the sender has a part of would be of no use.
    let range = given(header::RANGE).filter(|_| given(header::IF_RANGE).is_none_or(|known| known == tag));
    let (status, first, length) = match asked(range, bytes) {
        Asked::Whole => (StatusCode::OK, 0, bytes),
        Asked::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Asked::Outside => return Err(ApiError::OutOfRange { length: bytes }),
    };
    let mut response = (status, body(Arc::clone(file), first, length)).into_response();
    let last = (first + length).saturating_sub(1);
    let fields = [
        (header::ETAG, tag),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_RANGE, format!("bytes {first}-{last}/{bytes}")),
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
