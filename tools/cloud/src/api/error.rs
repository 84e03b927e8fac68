//! What is answered instead when something is wrong: `{"error": {"code", "message"}}` with its status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dunlin_wire::WireError;
use serde_json::json;

use crate::limits::RETRY_AFTER_S;
use crate::store::StoreError;

/// A request that is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("there is nothing at this path; docs/cloud.md lists what there is")]
    NoSuchPath,
    #[error("this path does not answer this method")]
    NoSuchMethod,
    #[error("a good bearer token is needed; send 'Authorization: Bearer TOKEN'")]
    NoToken,
    #[error("more requests than are allowed; come again in {retry_after_s} s")]
    TooMany { retry_after_s: u64 },
    #[error("all processors are taken; come again in {RETRY_AFTER_S} s")]
    Overloaded,
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    #[error("the body took longer than it may")]
    TooSlow,
    #[error("the body broke off")]
    BrokenOff,
    #[error("{header} must be {expected}")]
    OtherMedia { header: &'static str, expected: &'static str },
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("there is no bundle '{file}'; /v1/bundles lists them")]
    NoSuchBundle { file: String },
    #[error("the channel has no file '{file}'; docs/channel.md says what it has")]
    NotInChannel { file: String },
    #[error("the range lies outside of the file's {length} bytes")]
    OutOfRange { length: u64 },
    #[error("the server failed: {reason}")]
    Broken { reason: String },
}

impl ApiError {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NoSuchBundle { .. } | Self::NotInChannel { .. } => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } | Self::Wire(WireError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::OtherMedia { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Wire(WireError::Unsupported { .. } | WireError::BadField { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BrokenOff | Self::Wire(_) => StatusCode::BAD_REQUEST,
            Self::Store(error) if error.is_passing() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(StoreError::IdTaken { .. } | StoreError::WindowSeen { .. } | StoreError::DoesNotAdd { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::OutOfRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Store(_) | Self::Broken { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A short name for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPath => "no_such_path",
            Self::NoSuchMethod => "no_such_method",
            Self::NoToken => "unauthorized",
            Self::TooMany { .. } => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::TooLarge { .. } => "too_large",
            Self::TooSlow => "too_slow",
            Self::BrokenOff => "broken_off",
            Self::OtherMedia { .. } => "unsupported_media",
            Self::Wire(error) => error.code(),
            Self::Store(error) if error.is_passing() => "cannot_store",
            Self::Store(StoreError::IdTaken { .. }) => "id_taken",
            Self::Store(StoreError::WindowSeen { .. }) => "window_seen",
            Self::Store(StoreError::DoesNotAdd { .. }) => "does_not_add",
            Self::NoSuchBundle { .. } => "no_such_bundle",
            Self::NotInChannel { .. } => "not_in_channel",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Store(_) | Self::Broken { .. } => "internal",
        }
    }

    /// What is said of it: a sender is not told the server's folders.
    pub(crate) fn message(&self) -> String {
        match (self, self.code()) {
            (_, "internal") => "the server failed; its log says why".to_owned(),
            (_, "cannot_store") => format!("the server cannot store at the moment; come again in {RETRY_AFTER_S} s"),
            _ => self.to_string(),
        }
    }

    /// Headers that belong to the status.
    pub(crate) fn add_headers(&self, response: &mut Response) {
        let headers = response.headers_mut();
        match self {
            Self::TooMany { retry_after_s } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
            }
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
            }
            Self::NoToken => {
                // Bearer for programs; Basic makes a browser ask for the token, as a password.
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"dunlin\""));
            }
            Self::OutOfRange { length } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::TooSlow => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.code() == "internal" || self.code() == "cannot_store" {
            log::error!("{self}");
        }
        let body = json!({"error": {"code": self.code(), "message": self.message()}});
        let mut response = (self.status(), Json(body)).into_response();
        self.add_headers(&mut response);
        response
    }
}
