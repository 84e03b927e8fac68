//! `GET /v1/channel/...`: the folder that `dunlin publish` writes, read anew for each request.
//!
//! Nothing is verified here: devices trust signatures and not servers. A name leads to a file only if it has one of three
//! forms, none of which has a slash or starts with a dot.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use dunlin_channel::limits::MAX_CHANNEL_BYTES;
use dunlin_channel::{Digest, is_name};

use super::file::{asked_for, if_known, send, tag};
use super::{ApiError, Shared, blocking};

/// A root by its number: `1.json`.
pub(super) async fn root(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let is_number = |stem: &str| (1..=20).contains(&stem.len()) && stem.bytes().all(|b| b.is_ascii_digit());
    let path = in_folder(&shared, &["root"], &name, ".json", is_number)?;
    document(path, name, &headers).await
}

/// The channel by its name: `stable.json`.
pub(super) async fn channel(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let path = in_folder(&shared, &[], &name, ".json", is_name)?;
    document(path, name, &headers).await
}

/// A bundle by the SHA-256 of its file, whole or in ranges.
pub(super) async fn bundle(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let path = in_folder(&shared, &["bundles"], &name, ".dunlin", |stem| stem.parse::<Digest>().is_ok())?;
    let (file, bytes) = blocking(move || open(&path)).await?.map_err(|error| unreadable(&error, &name))?;
    // The name is the hash of what belongs there.
    send(&Arc::new(file), bytes, name.trim_end_matches(".dunlin"), &headers)
}

/// Largest document that is sent: no device reads a larger one.
const MAX_BYTES: u64 = MAX_CHANNEL_BYTES as u64;

/// Where a name of the right form lies.
fn in_folder(
    shared: &Shared,
    folders: &[&str],
    name: &str,
    ending: &str,
    is_stem: impl Fn(&str) -> bool,
) -> Result<PathBuf, ApiError> {
    let has_form = name.strip_suffix(ending).is_some_and(is_stem);
    match &shared.channel {
        None => Err(ApiError::NoSuchPath),
        Some(_) if !has_form => Err(ApiError::NotInChannel { file: asked_for(name) }),
        Some(folder) => Ok(folders.iter().fold(folder.clone(), |path, step| path.join(step)).join(name)),
    }
}

fn open(path: &FilePath) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok((file, found.len()))
}

fn unreadable(error: &io::Error, name: &str) -> ApiError {
    match error.kind() {
        io::ErrorKind::NotFound => ApiError::NotInChannel { file: asked_for(name) },
        _ => ApiError::Broken { reason: format!("channel file {name}: {error}") },
    }
}

/// Sends a signed document, which caches must ask for again each time.
async fn document(path: PathBuf, name: String, headers: &HeaderMap) -> Result<Response, ApiError> {
    let read = move || {
        let (file, bytes) = open(&path)?;
        if bytes > MAX_BYTES {
            return Err(io::Error::other("it is larger than any device reads"));
        }
        let mut text = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        file.take(MAX_BYTES).read_to_end(&mut text)?;
        Ok(text)
    };
    let text = blocking(read).await?.map_err(|error| unreadable(&error, &name))?;
    let tag = tag(&Digest::of(&text).to_string());
    if let Some(known) = if_known(&tag, headers) {
        return Ok(known);
    }
    let fields = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, tag),
    ];
    Ok((fields, Bytes::from(text)).into_response())
}
