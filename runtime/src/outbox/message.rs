//! What the core asks of the host, and what the host says came of it.

use std::time::Duration;

use thiserror::Error;

/// What is to be done about uploads now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this and report what came of it.
    Upload(Upload),
    /// Something waits, but not before this long from now.
    Wait(Duration),
    /// Nothing waits.
    Done,
}

/// One request: `POST {base}{path}` with these headers and this body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upload {
    /// Names the upload; to be given back with the report.
    pub id: String,
    /// Path below the receiver's address.
    pub path: &'static str,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `Content-Encoding`.
    pub content_encoding: &'static str,
    /// The body. The same bytes at every attempt.
    pub body: Vec<u8>,
}

/// One request: `GET {base}{path}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetch {
    /// Path below the server's address.
    pub path: String,
    /// Value of the header `Range`, where a part is wanted.
    pub range: Option<String>,
    /// Longest answer that is wanted, in bytes: a longer one is an error of the transport.
    pub max_bytes: u64,
}

/// The link that the host has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Bytes cost nothing.
    #[default]
    Unmetered,
    /// Bytes cost money: a small allowance a day.
    Metered,
}

/// An answer of the receiver, or of whatever stands between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Status of HTTP. Redirects are not to be followed: they are reported as they are.
    pub status: u16,
    /// Value of `Retry-After`, as it stands.
    pub retry_after: Option<String>,
    /// The body; at most the first 64 KiB are looked at.
    pub body: Vec<u8>,
}

/// The request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no answer: {reason}")]
pub struct TransportError {
    /// Why, for the log: never a part of the request.
    pub reason: String,
}

impl TransportError {
    /// No answer, for a reason.
    pub fn new(reason: impl ToString) -> Self {
        Self { reason: reason.to_string() }
    }
}

/// How a host sends requests: one method, one request, no retry. Implementations bound the time and the size of an answer.
pub trait Transport {
    /// Sends an upload.
    ///
    /// # Errors
    /// [`TransportError`] when there was no whole answer.
    fn send(&mut self, upload: &Upload) -> Result<Response, TransportError>;

    /// Fetches a file of the update channel, or a part of one. Any status is an answer. A host whose app follows no channel
    /// need not know how.
    ///
    /// # Errors
    /// [`TransportError`] when there was no whole answer, or a longer one than is wanted.
    fn fetch(&mut self, fetch: &Fetch) -> Result<Response, TransportError> {
        Err(TransportError::new(format!("this transport does not know how to fetch {}", fetch.path)))
    }
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reported {
    /// Delivered; it is out of the outbox.
    Accepted,
    /// The receiver had it already; it is out of the outbox.
    Duplicate,
    /// Not delivered; it will be sent again, not before this long.
    Kept(Duration),
    /// The receiver does not want us (401, 403); nothing is sent before this long, or until uploads are resumed.
    Paused(Duration),
    /// Too large: it will be sent again without its histograms.
    Shed,
    /// Refused for good (400, 422), or too large even so: it is out of the outbox, counted as lost.
    Dropped,
    /// No such upload waits: it was reported before.
    Unknown,
}

impl Reported {
    /// Its name in the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Kept(_) => "kept",
            Self::Paused(_) => "paused",
            Self::Shed => "shed",
            Self::Dropped => "dropped",
            Self::Unknown => "unknown",
        }
    }
}

/// What one call of [`Runtime::sync`](crate::Runtime::sync) did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// Requests sent.
    pub attempts: u64,
    /// Uploads delivered.
    pub accepted: u64,
    /// What still waits, and for how long nothing should be sent; `None` when nothing waits.
    pub wait: Option<Duration>,
    /// Why the last attempt that was not delivered was not.
    pub trouble: Option<String>,
}

impl SyncReport {
    pub(crate) fn note(&mut self, answer: &Result<Response, TransportError>, reported: &Reported) {
        self.attempts += 1;
        match (reported, answer) {
            (Reported::Accepted | Reported::Duplicate, _) => self.accepted += 1,
            (_, Err(error)) => self.trouble = Some(error.to_string()),
            (_, Ok(response)) => self.trouble = Some(format!("status {}: {}", response.status, reported.name())),
        }
    }
}
