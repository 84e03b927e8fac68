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

/// How the firmware sends requests.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Transport {
    /// Given to `send` as it is.
    pub context: *mut c_void,
    /// Sends one request, without a retry, and fills the response, which starts as zeros; what that points to must last
    /// until `send` is called again or dunlin_runtime_sync returns. Returns 0 where there was a whole answer. It may call
    /// this library, must not close the runtime (DUNLIN_STATUS_BUSY), and must return: no longjmp, no exception.
    pub send:
        Option<unsafe extern "C" fn(context: *mut c_void, request: *const Request, response: *mut Response) -> i32>,
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
        // SAFETY: NULL, or a transport of the caller.
        let transport = *unsafe { transport.as_ref() }.ok_or_else(|| Failure::null("transport"))?;
        let send = transport.send.ok_or_else(|| Failure::null("transport.send"))?;
        let context = transport.context;
        let call = |request: *const Request, response: *mut Response| {
            // SAFETY: the caller promises such a function; both pointers are good for the call.
            unsafe { send(context, request, response) }
        };
        let done = RUNTIMES.get(runtime.handle)?.runtime.sync(&mut Callback(call), link)?;
        if let Some(report) = report {
            report.write(SyncReport::of(&done));
        }
        Ok(())
    })
}

/// A `send` of C as the runtime's transport.
struct Callback<F>(F);

impl<F: FnMut(*const Request, *mut Response) -> i32> outbox::Transport for Callback<F> {
    fn send(&mut self, upload: &outbox::Upload) -> Result<outbox::Response, TransportError> {
        let text = |text: &str| CString::new(text).map_err(TransportError::new);
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
        let mut came = Response { status: 0, retry_after: ptr::null(), body: ptr::null(), body_length: 0 };
        match (self.0)(&raw const request, &raw mut came) {
            // SAFETY: the caller promises that what it has filled in lasts.
            0 => unsafe { response(&raw const came) }.map_err(|failure| TransportError::new(failure.message))?,
            code => Err(TransportError::new(format!("send returned {code}"))),
        }
    }
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
