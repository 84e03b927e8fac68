//! How each fault answers.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dunlin_wire::{Acknowledgement, Receipt};

use super::{Fault, Piped};
use crate::limits::ENDLESS;

/// Put into an answer's extensions: the connection is closed instead of answering.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abort;

/// Between two pieces, so that the first has left when the second breaks off.
const PAUSE: Duration = Duration::from_millis(50);
const OTHER_ID: &str = "00000000-0000-7000-8000-000000000000";
const PORTAL: &str =
    "<!doctype html><title>Welcome</title><p>Please accept the terms of this network to go online.</p>";

/// What is answered in place of storing the summary; `None` for the faults that store it.
pub(crate) async fn instead(fault: Fault) -> Option<Response> {
    Some(match fault {
        Fault::None | Fault::Cut => return None,
        Fault::Status(status, retry_after) => status_of(status, retry_after),
        Fault::CutRequest => abort(),
        Fault::Captive => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PORTAL).into_response(),
        Fault::WrongId => {
            axum::Json(Acknowledgement { id: OTHER_ID.to_owned(), receipt: Receipt::Accepted }).into_response()
        }
        Fault::Garbage => ([(header::CONTENT_TYPE, "application/json")], "{\"id\": \u{1}").into_response(),
        Fault::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Fault::Endless => endless(),
        Fault::Hang => {
            tokio::time::sleep(ENDLESS).await;
            abort()
        }
    })
}

/// An answer whose body breaks off in the middle.
pub(crate) async fn cut(answer: Response) -> Response {
    let (head, body) = answer.into_parts();
    let Ok(whole) = axum::body::to_bytes(body, 1 << 20).await else { return abort() };
    let half = whole.slice(..whole.len() / 2);
    let (body, pieces) = Piped::of(Some(whole.len() as u64));
    tokio::spawn(async move {
        if pieces.send(Ok(half)).await.is_ok() {
            tokio::time::sleep(PAUSE).await;
            let _ = pieces.send(Err(io::ErrorKind::ConnectionReset.into())).await;
        }
    });
    Response::from_parts(head, body)
}

/// Reads the beginning of a request's body.
pub(crate) async fn read_a_little(body: Body) {
    let mut body = std::pin::pin!(body);
    let first = std::future::poll_fn(|cx| axum::body::HttpBody::poll_frame(body.as_mut(), cx));
    let _ = tokio::time::timeout(PAUSE, first).await;
}

fn abort() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Abort);
    response
}

fn status_of(status: u16, retry_after: Option<u64>) -> Response {
    let error = serde_json::json!({"error": {"code": "fault", "message": "this answer was asked for with --fault"}});
    // The plan holds statuses from 200 to 599 only.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => status.into_response(),
        _ => (status, axum::Json(error)).into_response(),
    };
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A body that trickles until its reader goes away, or for a minute.
fn endless() -> Response {
    let (body, pieces) = Piped::of(None);
    tokio::spawn(async move {
        let end = tokio::time::Instant::now() + ENDLESS;
        while tokio::time::Instant::now() < end && pieces.send(Ok(Bytes::from_static(b" "))).await.is_ok() {
            tokio::time::sleep(PAUSE).await;
        }
        let _ = pieces.send(Err(io::ErrorKind::TimedOut.into())).await;
    });
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
