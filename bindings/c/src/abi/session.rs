//! Sessions: opened, described, closed.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::runtime::RuntimeHandle;
use super::status::{DUNLIN_NAME_SIZE, ErrorText, Status, guard};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::opened::RUNTIMES;
use crate::pointers::{copy_text, place, text};
use crate::seat::{SESSIONS, Seat};
use crate::slab::alone;

/// One caller's way to answers from one version of a model.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SessionHandle {
    /// Not to be looked at.
    pub handle: u64,
}

/// What a session runs and takes, to budget for.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SessionInfo {
    /// Name of the model.
    pub model_id: [c_char; DUNLIN_NAME_SIZE],
    /// Version of the model that answers now.
    pub model_version: [c_char; DUNLIN_NAME_SIZE],
    /// The kernels that run, such as plan/aarch64+dotprod/int8.
    pub kernel_set: [c_char; DUNLIN_NAME_SIZE],
    /// Bytes of the arenas that this session alone owns, its baseline's included; 0 where the engine does not plan.
    pub arena_bytes: usize,
    /// Floats of a whole answer, all outputs together.
    pub values_count: usize,
    /// Features of a record.
    pub feature_count: usize,
    /// Outputs of an answer.
    pub output_count: usize,
}

/// Opens a session of a model's active version; it finishes on that version, unless that is thrown out, or the session renewed.
/// Close it with dunlin_session_close, or with its runtime.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_open(
    runtime: RuntimeHandle,
    model_id: *const c_char,
    session: Option<&mut MaybeUninit<SessionHandle>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let session = place(session, "session")?.write(SessionHandle { handle: 0 });
        // SAFETY: the caller promises a text that ends in NUL.
        let model_id = unsafe { text(model_id, "model_id") }?;
        session.handle = RUNTIMES.get(runtime.handle)?.open_session(model_id)?;
        Ok(())
    })
}

/// Takes the version that is active now, and the trial that is on now; records and outputs stay those that the session was opened
/// with. `renewed`, which may be NULL, is false where nothing has changed. DUNLIN_STATUS_MODEL (other_records) where the version
/// cannot take such records: open another session then; this one goes on with what it had. To be called between records where
/// a session lives for days.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_renew(
    session: SessionHandle,
    renewed: Option<&mut MaybeUninit<bool>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let has_changed = with_seat(session, |seat| Ok(seat.session.renew()?))?;
        if let Some(renewed) = renewed {
            renewed.write(has_changed);
        }
        Ok(())
    })
}

/// Closes a session; DUNLIN_STATUS_BUSY, and nothing closed, while another thread is in a call with it.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_close(session: SessionHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || SESSIONS.take(session.handle, |_| Ok(())).map(drop))
}

/// Tells what a session runs and takes.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_session_describe(
    session: SessionHandle,
    info: Option<&mut MaybeUninit<SessionInfo>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let info = place(info, "info")?;
        with_seat(session, |seat| {
            info.write(SessionInfo {
                model_id: fixed(&seat.model_id),
                model_version: fixed(seat.session.model_version()),
                kernel_set: fixed(seat.session.kernel_set()),
                arena_bytes: seat.session.arena_bytes().unwrap_or(0),
                values_count: seat.values_count(),
                feature_count: seat.schema.feature.len(),
                output_count: seat.schema.output.len(),
            });
            Ok(())
        })
    })
}

/// Writes the schema as JSON: features with their types, dtypes, shapes and domains, and outputs with their classes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_schema(
    session: SessionHandle,
    buffer: *mut c_char,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let schema = with_seat(session, |seat| Ok(serde_json::json!(*seat.schema).to_string()))?;
        // SAFETY: the caller promises `capacity` bytes.
        unsafe { copy_text(&schema, buffer, capacity, needed) }
    })
}

/// Writes the name of a class of an output, as an answer gives them; its position where the schema names none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_class_name(
    session: SessionHandle,
    output: i32,
    class_index: i32,
    buffer: *mut c_char,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let name = with_seat(session, |seat| seat.class_name(output, class_index))?;
        // SAFETY: the caller promises `capacity` bytes.
        unsafe { copy_text(&name, buffer, capacity, needed) }
    })
}

/// A call that has the session to itself.
pub(super) fn with_seat<R>(
    session: SessionHandle,
    call: impl FnOnce(&mut Seat) -> Result<R, Failure>,
) -> Result<R, Failure> {
    alone("session", &*SESSIONS.get(session.handle)?, call)
}
