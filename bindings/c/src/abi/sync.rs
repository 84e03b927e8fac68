//! Uploads sent by a callback of the firmware.

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use dunlin::outbox::{self, TransportError};

use super::runtime::RuntimeHandle;
use super::status::{DUNLIN_MESSAGE_SIZE, ErrorText, Status, guard};
use super::upload::{Response, link_of, millis, response};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::opened::RUNTIMES;

/// One request, lent to a transport's `send` for the call.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Request {
    /// Names the upload.
    pub id: *const c_char,
    /// Path below the receiver's address.
    pub path: *const c_char,
    /// Value of Content-Type.
    pub content_type: *const c_char,
    /// Value of Content-Encoding.
    pub content_encoding: *const c_char,
    /// The body.
    pub body: *const u8,
    /// Bytes of it.
    pub body_length: usize,
}

/// One request, lent to a transport's `fetch` for the call: GET the server's address and this path.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Fetch {
    /// Path below the server's address.
    pub path: *const c_char,
    /// Value of the header Range, or NULL.
    pub range: *const c_char,
    /// Longest answer that is wanted, in bytes: a longer one is no answer.
    pub max_bytes: u64,
}

/// How the firmware sends requests. Begin with {0}, so that what is not set is NULL.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Transport {
    /// Given to `send` and `fetch` as it is.
    pub context: *mut c_void,
    /// Sends one request, without a retry, and fills the response, which starts as zeros; what that points to must last
    /// until `send` is called again or dunlin_runtime_sync returns. Returns 0 where there was a whole answer. It may call
    /// this library, must not close the runtime (DUNLIN_STATUS_BUSY), and must return: no longjmp, no exception.
    pub send:
        Option<unsafe extern "C" fn(context: *mut c_void, request: *const Request, response: *mut Response) -> i32>,
    /// Fetches one file of the update channel, or a part of one; otherwise as `send`. NULL: dunlin_runtime_update is refused.
    pub fetch: Option<unsafe extern "C" fn(context: *mut c_void, fetch: *const Fetch, response: *mut Response) -> i32>,
}

/// What a sync did.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SyncReport {
    /// Requests sent.
    pub attempts: u64,
    /// Uploads delivered.
    pub accepted: u64,
    /// Something still waits, not to be sent before `wait_ms`.
    pub waiting: bool,
    /// How long to wait.
    pub wait_ms: u64,
    /// Why the last attempt that was not delivered was not; empty where all were.
    pub trouble: [c_char; DUNLIN_MESSAGE_SIZE],
}

/// Closes the windows that are due and sends what waits through `transport`, until nothing may be sent for now. `report`
/// may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_sync(
    runtime: RuntimeHandle,
    transport: *const Transport,
    link: u32,
    report: Option<&mut MaybeUninit<SyncReport>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let link = link_of(link)?;
        // SAFETY: passed on to the caller.
        let mut firmware = Firmware(unsafe { read(transport) }?);
        firmware.0.send.ok_or_else(|| Failure::null("transport.send"))?;
        let done = RUNTIMES.get(runtime.handle)?.runtime.sync(&mut firmware, link)?;
        if let Some(report) = report {
            report.write(SyncReport::of(&done));
        }
        Ok(())
    })
}

/// # Safety
/// `transport` is NULL, or leads to one whose functions are as the header wants them for as long as it is used.
pub(super) unsafe fn read(transport: *const Transport) -> Result<Transport, Failure> {
    // SAFETY: NULL, or a transport of the caller.
    unsafe { transport.as_ref() }.copied().ok_or_else(|| Failure::null("transport"))
}

/// The functions of C as the runtime's transport; it is made of what [`read`] gave.
pub(super) struct Firmware(pub(super) Transport);

const NOTHING: Response = Response { status: 0, retry_after: ptr::null(), body: ptr::null(), body_length: 0 };

impl outbox::Transport for Firmware {
    fn send(&mut self, upload: &outbox::Upload) -> Result<outbox::Response, TransportError> {
        let send = self.0.send.ok_or_else(|| TransportError::new("the firmware does not send"))?;
        let (id, path) = (text(&upload.id)?, text(upload.path)?);
        let (content_type, content_encoding) = (text(upload.content_type)?, text(upload.content_encoding)?);
        let request = Request {
            id: id.as_ptr(),
            path: path.as_ptr(),
            content_type: content_type.as_ptr(),
            content_encoding: content_encoding.as_ptr(),
            body: upload.body.as_ptr(),
            body_length: upload.body.len(),
        };
        let mut came = NOTHING;
        // SAFETY: the caller promises such a function; both pointers are good for the call.
        let code = unsafe { send(self.0.context, &raw const request, &raw mut came) };
        // SAFETY: the caller promises that what it has filled in lasts.
        unsafe { answer("send", code, &came) }
    }

    fn fetch(&mut self, fetch: &outbox::Fetch) -> Result<outbox::Response, TransportError> {
        let call = self.0.fetch.ok_or_else(|| TransportError::new("the firmware does not fetch"))?;
        let (path, range) = (text(&fetch.path)?, fetch.range.as_deref().map(text).transpose()?);
        let range = range.as_ref().map_or(ptr::null(), |range| range.as_ptr());
        let wanted = Fetch { path: path.as_ptr(), range, max_bytes: fetch.max_bytes };
        let mut came = NOTHING;
        // SAFETY: the caller promises such a function; both pointers are good for the call.
        let code = unsafe { call(self.0.context, &raw const wanted, &raw mut came) };
        // SAFETY: the caller promises that what it has filled in lasts.
        unsafe { answer("fetch", code, &came) }
    }
}

fn text(text: &str) -> Result<CString, TransportError> {
    CString::new(text).map_err(TransportError::new)
}

/// # Safety
/// The response's pointers are as the header wants them.
unsafe fn answer(function: &str, code: i32, came: &Response) -> Result<outbox::Response, TransportError> {
    if code != 0 {
        return Err(TransportError::new(format!("{function} returned {code}")));
    }
    // SAFETY: passed on to the caller.
    unsafe { response(came) }.map_err(|failure| TransportError::new(failure.message))?
}

impl SyncReport {
    fn of(report: &outbox::SyncReport) -> Self {
        Self {
            attempts: report.attempts,
            accepted: report.accepted,
            waiting: report.wait.is_some(),
            wait_ms: report.wait.map_or(0, millis),
            trouble: fixed(report.trouble.as_deref().unwrap_or_default()),
        }
    }
}
