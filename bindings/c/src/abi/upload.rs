//! Uploads polled by firmware that has a network of its own.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::time::Duration;

use dunlin::outbox::{self, TransportError};

use super::runtime::RuntimeHandle;
use super::status::{DUNLIN_CODE_SIZE, DUNLIN_NAME_SIZE, ErrorText, Status, guard};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::opened::RUNTIMES;
use crate::pointers::{copy_out, items, optional_text, place, text};

/// A link whose bytes cost nothing.
pub const DUNLIN_LINK_UNMETERED: u32 = 0;
/// A link whose bytes cost money: a small allowance a day.
pub const DUNLIN_LINK_METERED: u32 = 1;

/// What is to be done about uploads now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Next {
    /// Send this and report what came of it.
    Upload = 0,
    /// Something waits, but not before `wait_ms` from now.
    Wait = 1,
    /// Nothing waits.
    Done = 2,
}

/// One request: POST the body to the receiver's address and this path, with these headers.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Upload {
    /// Whether there is one; if not, all but `wait_ms` is empty.
    pub next: Next,
    /// How long to wait, for DUNLIN_NEXT_WAIT.
    pub wait_ms: u64,
    /// Names the upload; to be given back with the report.
    pub id: [c_char; DUNLIN_CODE_SIZE],
    /// Path below the receiver's address.
    pub path: [c_char; DUNLIN_NAME_SIZE],
    /// Value of Content-Type.
    pub content_type: [c_char; DUNLIN_CODE_SIZE],
    /// Value of Content-Encoding.
    pub content_encoding: [c_char; DUNLIN_CODE_SIZE],
    /// Bytes of the body: see dunlin_runtime_upload_body.
    pub body_length: usize,
}

/// What came back for a request.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Response {
    /// Status of HTTP; 0 where there was no whole answer. Redirects are not to be followed.
    pub status: u32,
    /// Value of Retry-After as it stands, or NULL.
    pub retry_after: *const c_char,
    /// The body, or NULL. Of an upload's answer the first 64 KiB count.
    pub body: *const u8,
    /// Bytes of it.
    pub body_length: usize,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum UploadResult {
    /// Delivered.
    Accepted = 0,
    /// The receiver had it already.
    Duplicate = 1,
    /// Not delivered; it is sent again, not before `wait_ms`.
    Kept = 2,
    /// The receiver does not want us (401, 403); nothing is sent before `wait_ms` or dunlin_runtime_resume_uploads.
    Paused = 3,
    /// Too large; it is sent again without its histograms.
    Shed = 4,
    /// Refused for good, counted as lost.
    Dropped = 5,
    /// No such upload waits: it was reported before.
    Unknown = 6,
    /// Something that this version of the interface has no word for.
    Other = 7,
}

/// What became of an upload, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Reported {
    /// What became of it.
    pub result: UploadResult,
    /// How long to wait, where that is said.
    pub wait_ms: u64,
}

/// What is to be sent now over `link` (DUNLIN_LINK_...). Each call that gives an upload counts as an attempt; it is on the
/// disk before the call returns. Call dunlin_runtime_tick before, so that windows whose time has come are among it.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_runtime_next_upload(
    runtime: RuntimeHandle,
    link: u32,
    upload: Option<&mut MaybeUninit<Upload>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let upload = place(upload, "upload")?;
        let next = RUNTIMES.get(runtime.handle)?.next_upload(link_of(link)?)?;
        upload.write(Upload::of(&next));
        Ok(())
    })
}

/// Copies as much of the body of the upload that was given last as the buffer takes, from `offset`, and tells how many
/// bytes that were; 0 at its end. So a small buffer is enough to send a large body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_upload_body(
    runtime: RuntimeHandle,
    upload_id: *const c_char,
    offset: usize,
    buffer: *mut u8,
    capacity: usize,
    copied: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        if buffer.is_null() {
            return Err(Failure::null("buffer"));
        }
        let copied = place(copied, "copied")?;
        // SAFETY: the caller promises a text that ends in NUL.
        let id = unsafe { text(upload_id, "upload_id") }?;
        RUNTIMES.get(runtime.handle)?.upload_body(id, offset, |body| {
            let part = &body[..body.len().min(capacity)];
            copied.write(part.len());
            // SAFETY: the caller promises `capacity` bytes.
            unsafe { copy_out(part, buffer, capacity) }
        })?
    })
}

/// Says what came of an upload; `reported` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_report_upload(
    runtime: RuntimeHandle,
    upload_id: *const c_char,
    response: *const Response,
    reported: Option<&mut MaybeUninit<Reported>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        // SAFETY: the caller promises a text that ends in NUL, and a response as the header wants it.
        let (id, came) = unsafe { (text(upload_id, "upload_id")?, self::response(response)?) };
        let result = RUNTIMES.get(runtime.handle)?.report_upload(id, came)?;
        if let Some(reported) = reported {
            reported.write(Reported::of(&result));
        }
        Ok(())
    })
}

/// Forgets every wait and pause of uploads: something has changed, a token or the network.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_runtime_resume_uploads(
    runtime: RuntimeHandle,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || Ok(RUNTIMES.get(runtime.handle)?.runtime.resume_uploads()?))
}

/// Reads a response of C; of status 0, there was none.
///
/// # Safety
/// `response` is NULL or leads to a response whose pointers are as the header wants them.
pub(super) unsafe fn response(response: *const Response) -> Result<Result<outbox::Response, TransportError>, Failure> {
    // SAFETY: NULL, or a response of the caller; every pattern of bits is one.
    let Response { status, retry_after, body, body_length } =
        *unsafe { response.as_ref() }.ok_or_else(|| Failure::null("response"))?;
    if status == 0 {
        return Ok(Err(TransportError::new("the firmware got no whole answer")));
    }
    let status = u16::try_from(status)
        .map_err(|_| Failure::argument("unknown_value", "response.status", format!("{status} is no status of HTTP")))?;
    // SAFETY: passed on to the caller.
    let (retry_after, body) =
        unsafe { (optional_text(retry_after, "response.retry_after")?, items(body, body_length, "response.body")?) };
    Ok(Ok(outbox::Response { status, retry_after: retry_after.map(str::to_owned), body: body.to_vec() }))
}

pub(super) fn link_of(link: u32) -> Result<outbox::Link, Failure> {
    match link {
        DUNLIN_LINK_UNMETERED => Ok(outbox::Link::Unmetered),
        DUNLIN_LINK_METERED => Ok(outbox::Link::Metered),
        other => Err(Failure::argument("unknown_value", "link", format!("{other} is no link; give DUNLIN_LINK_..."))),
    }
}

impl Upload {
    fn of(next: &outbox::Next) -> Self {
        let none = Self {
            next: Next::Done,
            wait_ms: 0,
            id: fixed(""),
            path: fixed(""),
            content_type: fixed(""),
            content_encoding: fixed(""),
            body_length: 0,
        };
        match next {
            outbox::Next::Done => none,
            outbox::Next::Wait(wait) => Self { next: Next::Wait, wait_ms: millis(*wait), ..none },
            outbox::Next::Upload(upload) => Self {
                next: Next::Upload,
                wait_ms: 0,
                id: fixed(&upload.id),
                path: fixed(upload.path),
                content_type: fixed(upload.content_type),
                content_encoding: fixed(upload.content_encoding),
                body_length: upload.body.len(),
            },
        }
    }
}

impl Reported {
    fn of(reported: &outbox::Reported) -> Self {
        let (result, wait) = match reported {
            outbox::Reported::Accepted => (UploadResult::Accepted, Duration::ZERO),
            outbox::Reported::Duplicate => (UploadResult::Duplicate, Duration::ZERO),
            outbox::Reported::Kept(wait) => (UploadResult::Kept, *wait),
            outbox::Reported::Paused(wait) => (UploadResult::Paused, *wait),
            outbox::Reported::Shed => (UploadResult::Shed, Duration::ZERO),
            outbox::Reported::Dropped => (UploadResult::Dropped, Duration::ZERO),
            outbox::Reported::Unknown => (UploadResult::Unknown, Duration::ZERO),
            _ => (UploadResult::Other, Duration::ZERO),
        };
        Self { result, wait_ms: millis(wait) }
    }
}

/// Whole milliseconds, up: who waits so long has waited long enough.
pub(super) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}
