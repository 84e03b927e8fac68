//! Asking a larger model elsewhere: the request's fields and body for the firmware's own network, and its answer back.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use dunlin::ids::PredictionId;

use super::answer::Answer;
use super::session::{SessionHandle, with_seat};
use super::status::{DUNLIN_CODE_SIZE, DUNLIN_NAME_SIZE, ErrorText, Status, guard};
use super::upload::{self, Response};
use crate::fixed::fixed;
use crate::pointers::{copy_out, place};

/// A request to a larger model: POST the body to the service's address and this path.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Fallback {
    /// The prediction that it is for.
    pub id: i64,
    /// Name of the model asked.
    pub model_id: [c_char; DUNLIN_NAME_SIZE],
    /// Path below the service's address.
    pub path: [c_char; DUNLIN_NAME_SIZE],
    /// Value of Content-Type.
    pub content_type: [c_char; DUNLIN_CODE_SIZE],
    /// How long an answer is taken, from the moment that predict returned.
    pub deadline_ms: u64,
    /// Bytes of the body.
    pub body_length: usize,
}

/// Gives the request that a prediction of this session made, and its body; it holds only features that may leave. The
/// last 16 requests are kept. A buffer that is too small still leaves `fallback` filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_fallback(
    session: SessionHandle,
    prediction_id: i64,
    fallback: Option<&mut MaybeUninit<Fallback>>,
    body: *mut u8,
    capacity: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let fallback = place(fallback, "fallback")?;
        let id = PredictionId::from_i64(prediction_id)?;
        with_seat(session, |seat| {
            let request = seat.request(id)?;
            let bytes = request.body();
            fallback.write(Fallback {
                id: prediction_id,
                model_id: fixed(&request.model_id),
                path: fixed(&request.path),
                content_type: fixed(request.content_type),
                deadline_ms: u64::try_from(request.deadline.as_millis()).unwrap_or(u64::MAX),
                body_length: bytes.len(),
            });
            // SAFETY: the caller promises `capacity` bytes.
            unsafe { copy_out(&bytes, body, capacity) }
        })
    })
}

/// Takes in what came for a request: the answer is judged like the model's own, and then is the session's last answer.
/// DUNLIN_STATUS_FALLBACK where it cannot be used; the answer of predict stands then. Each request is resolved once;
/// for one that got no answer give a response of status 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_resolve(
    session: SessionHandle,
    prediction_id: i64,
    response: *const Response,
    answer: Option<&mut MaybeUninit<Answer>>,
    values: *mut f32,
    capacity: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let answer = place(answer, "answer")?;
        let id = PredictionId::from_i64(prediction_id)?;
        // SAFETY: the caller promises a response whose pointers are as the header wants them.
        let came = unsafe { upload::response(response) }?;
        with_seat(session, |seat| {
            answer.write(seat.resolve(id, came)?);
            // SAFETY: the caller promises `capacity` floats.
            unsafe { copy_out(&seat.values(), values, capacity) }
        })
    })
}
