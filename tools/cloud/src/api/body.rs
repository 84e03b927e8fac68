//! Reading a request's body within a size and a time.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};

use super::ApiError;
use crate::limits::MAX_DRAINED_BYTES;

/// How long the rest of a refused body is read.
const DRAIN: Duration = Duration::from_secs(1);

/// Reads a body whole; refuses one that is too large before reading it all, and one that takes too long.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    max_bytes: usize,
    time: Duration,
) -> Result<Bytes, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        drain(headers, body).await;
        return Err(ApiError::TooLarge { max_bytes });
    }
    let reading = async {
        let mut whole = Vec::with_capacity(announced.unwrap_or(0) as usize);
        while let Some(piece) = next(&mut body).await {
            whole.extend_from_slice(&piece?);
            if whole.len() > max_bytes {
                return Err(ApiError::TooLarge { max_bytes });
            }
        }
        Ok(Bytes::from(whole))
    };
    let read = tokio::time::timeout(time, reading).await.unwrap_or(Err(ApiError::TooSlow));
    if matches!(read, Err(ApiError::TooLarge { .. })) {
        drain(headers, body).await;
    }
    read
}

/// Reads on for a while and throws away, so that a sender that is still writing comes to reading the answer. A sender
/// that waits to be told to go on is not.
pub(super) async fn drain(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let draining = async {
        let mut drained = 0;
        while let Some(Ok(piece)) = next(&mut body).await {
            drained += piece.len();
            if drained > MAX_DRAINED_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN, draining).await;
}

async fn next(body: &mut Body) -> Option<Result<Bytes, ApiError>> {
    loop {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await?;
        match frame {
            Ok(frame) => {
                // Trailers are passed over.
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(_) => return Some(Err(ApiError::BrokenOff)),
        }
    }
}
