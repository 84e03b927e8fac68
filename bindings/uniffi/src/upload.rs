//! What is to be sent, what came back, and what was made of it.

use std::time::Duration;

use dunlin::outbox;

use crate::error::DunlinError;

/// One request: `POST {base}{path}` with these headers and this body.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Upload {
    /// Names the upload; to be given back with the report.
    pub id: String,
    /// Path below the receiver's address.
    pub path: String,
    /// Value of `Content-Type`.
    pub content_type: String,
    /// Value of `Content-Encoding`.
    pub content_encoding: String,
    /// The body. The same bytes at every attempt.
    pub body: Vec<u8>,
}

/// One request: `GET {base}{path}`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Fetch {
    /// Path below the server's address.
    pub path: String,
    /// Value of the header `Range`, where a part is wanted.
    pub range: Option<String>,
    /// Longest answer that is wanted, in bytes: a longer one is no answer.
    pub max_bytes: u64,
}

/// An answer of the receiver, or of whatever stands between.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Response {
    /// Status of HTTP. Redirects are not to be followed.
    pub status: u16,
    /// Value of `Retry-After`, as it stands.
    #[uniffi(default = None)]
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What came of sending a request.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Delivery {
    /// There was an answer, whatever its status.
    Answered {
        /// The answer.
        response: Response,
    },
    /// There was no whole answer.
    Failed {
        /// Why, for the log: never a part of the request.
        reason: String,
    },
}

/// The link that the host has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Link {
    /// Bytes cost nothing.
    Unmetered,
    /// Bytes cost money: a small allowance a day.
    Metered,
}

/// What is to be done about uploads now.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum NextUpload {
    /// Send this and report what came of it.
    Send {
        /// The request.
        upload: Upload,
    },
    /// Something waits, but not before this long from now.
    Wait {
        /// Milliseconds.
        wait_ms: u64,
    },
    /// Nothing waits.
    Done,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Reported {
    /// Delivered.
    Accepted,
    /// The receiver had it already.
    Duplicate,
    /// Not delivered; it will be sent again, not before this long.
    Kept {
        /// Milliseconds.
        wait_ms: u64,
    },
    /// The receiver does not want us; nothing is sent before this long, or until uploads are resumed.
    Paused {
        /// Milliseconds.
        wait_ms: u64,
    },
    /// Too large: it will be sent again without its histograms.
    Shed,
    /// Refused for good, or too large even so: it is counted as lost.
    Dropped,
    /// No such upload waits: it was reported before.
    Unknown,
}

/// What one call of `sync` did.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Requests sent.
    pub attempts: u64,
    /// Uploads delivered.
    pub accepted: u64,
    /// For how long nothing should be sent, in milliseconds; absent when nothing waits.
    pub wait_ms: Option<u64>,
    /// Why the last attempt that was not delivered was not.
    pub trouble: Option<String>,
}

/// Milliseconds, rounded up: who comes back earlier comes back twice.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

impl From<&outbox::Upload> for Upload {
    fn from(upload: &outbox::Upload) -> Self {
        Self {
            id: upload.id.clone(),
            path: upload.path.to_owned(),
            content_type: upload.content_type.to_owned(),
            content_encoding: upload.content_encoding.to_owned(),
            body: upload.body.clone(),
        }
    }
}

impl From<&outbox::Fetch> for Fetch {
    fn from(fetch: &outbox::Fetch) -> Self {
        Self { path: fetch.path.clone(), range: fetch.range.clone(), max_bytes: fetch.max_bytes }
    }
}

impl From<Response> for outbox::Response {
    fn from(response: Response) -> Self {
        Self { status: response.status, retry_after: response.retry_after, body: response.body }
    }
}

impl From<Delivery> for Result<outbox::Response, outbox::TransportError> {
    fn from(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Answered { response } => Ok(response.into()),
            Delivery::Failed { reason } => Err(outbox::TransportError::new(reason)),
        }
    }
}

impl From<Link> for outbox::Link {
    fn from(link: Link) -> Self {
        match link {
            Link::Unmetered => Self::Unmetered,
            Link::Metered => Self::Metered,
        }
    }
}

impl From<outbox::Next> for NextUpload {
    fn from(next: outbox::Next) -> Self {
        match next {
            outbox::Next::Upload(upload) => Self::Send { upload: (&upload).into() },
            outbox::Next::Wait(wait) => Self::Wait { wait_ms: millis(wait) },
            outbox::Next::Done => Self::Done,
        }
    }
}

impl TryFrom<outbox::Reported> for Reported {
    type Error = DunlinError;

    fn try_from(reported: outbox::Reported) -> Result<Self, DunlinError> {
        Ok(match reported {
            outbox::Reported::Accepted => Self::Accepted,
            outbox::Reported::Duplicate => Self::Duplicate,
            outbox::Reported::Kept(wait) => Self::Kept { wait_ms: millis(wait) },
            outbox::Reported::Paused(wait) => Self::Paused { wait_ms: millis(wait) },
            outbox::Reported::Shed => Self::Shed,
            outbox::Reported::Dropped => Self::Dropped,
            outbox::Reported::Unknown => Self::Unknown,
            other => return Err(DunlinError::unknown(&format!("the report '{}'", other.name()))),
        })
    }
}

impl From<outbox::SyncReport> for SyncReport {
    fn from(report: outbox::SyncReport) -> Self {
        Self {
            attempts: report.attempts,
            accepted: report.accepted,
            wait_ms: report.wait.map(millis),
            trouble: report.trouble,
        }
    }
}
