//! `POST /v1/summaries`: an upload is checked, stored once, and acknowledged when it is on disk.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use dunlin_wire::limits::MAX_BODY_BYTES;
use dunlin_wire::{Acknowledgement, Receipt, decode};

use super::body::{drain, read};
use super::{ApiError, Shared, blocking, now_us};
use crate::faults::{Fault, cut, instead, read_a_little};
use crate::limits::FUTURE;
use crate::store::Arrival;

const CONTENT_TYPE: &str = "application/cloudevents+json";
const ENCODING: &str = "gzip";

/// The handler.
pub(super) async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    shared.tally.note(|counts| counts.attempts += 1);
    let fault = shared.faults.lock().unwrap_or_else(PoisonError::into_inner).next();
    if !matches!(fault, Fault::None | Fault::Cut) {
        shared.tally.note(|counts| counts.faults += 1);
        log::info!("upload attempt: fault {fault:?}");
        return faulty(&shared, fault, &head.headers, body).await;
    }
    let answer = match accept(&shared, &head.headers, body).await {
        Ok(acknowledgement) => Json(acknowledgement).into_response(),
        Err(error) => {
            log::info!("upload refused: {} {}", error.status().as_u16(), error.code());
            shared.tally.note(|counts| *counts.refused.entry(error.code().to_owned()).or_default() += 1);
            error.into_response()
        }
    };
    if fault == Fault::Cut { cut(answer).await } else { answer }
}

/// Answers as the plan says, having read the body as a server does, except where the cut is in it.
async fn faulty(shared: &Shared, fault: Fault, headers: &HeaderMap, body: Body) -> Response {
    if fault == Fault::CutRequest {
        read_a_little(body).await;
    } else {
        let _ = read(headers, body, MAX_BODY_BYTES, shared.limits.body_timeout).await;
    }
    instead(fault).await.unwrap_or_else(|| ApiError::NoSuchPath.into_response())
}

async fn accept(shared: &Arc<Shared>, headers: &HeaderMap, body: Body) -> Result<Acknowledgement, ApiError> {
    if let Err(error) = shared.admit_at_a_rate(headers).and_then(|()| check_media(headers)) {
        drain(headers, body).await;
        return Err(error);
    }
    let body = read(headers, body, MAX_BODY_BYTES, shared.limits.body_timeout).await?;
    let store = Arc::clone(shared);
    let acknowledgement = blocking(move || stored(&store, &body)).await??;
    shared.tally.note(|counts| match acknowledgement.receipt {
        Receipt::Accepted => counts.accepted += 1,
        Receipt::Duplicate => counts.duplicates += 1,
    });
    Ok(acknowledgement)
}

fn stored(shared: &Shared, body: &Bytes) -> Result<Acknowledgement, ApiError> {
    let envelope = decode(body)?;
    let now_us = now_us();
    let future_us = now_us.saturating_add(FUTURE.as_micros() as i64);
    let accepted = shared.store.accept(&envelope, body, Arrival { now_us, future_us })?;
    log::info!(
        "upload {}: {:?}{}, {} windows of {} {}",
        envelope.id,
        accepted.receipt,
        if accepted.from_the_future { ", from the future" } else { "" },
        envelope.data.window_count(),
        envelope.data.model.id.escape_debug(),
        envelope.data.model.version.escape_debug(),
    );
    Ok(Acknowledgement { id: envelope.id, receipt: accepted.receipt })
}

/// The two headers that say what the body is.
fn check_media(headers: &HeaderMap) -> Result<(), ApiError> {
    let is = |name: HeaderName, expected: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(expected)
    };
    if !is(header::CONTENT_TYPE, CONTENT_TYPE) {
        return Err(ApiError::OtherMedia { header: "Content-Type", expected: CONTENT_TYPE });
    }
    if !is(header::CONTENT_ENCODING, ENCODING) {
        return Err(ApiError::OtherMedia { header: "Content-Encoding", expected: ENCODING });
    }
    Ok(())
}
