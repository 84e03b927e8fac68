//! What people do with a model's versions by hand, and how a trial stands.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use dunlin::SwitchError;

use super::runtime::RuntimeHandle;
use super::status::{DUNLIN_NAME_SIZE, ErrorText, Status, guard};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::opened::RUNTIMES;
use crate::pointers::{Out, copy_text, text};

/// Who answers after a change by hand.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Switch {
    /// Its version for machines.
    pub sequence: u64,
    /// Name of the model.
    pub model_id: [c_char; DUNLIN_NAME_SIZE],
    /// Version of the bundle that answers in sessions opened from now on.
    pub version: [c_char; DUNLIN_NAME_SIZE],
}

/// Makes a model's candidate the active one by hand; its trial goes on with the roles exchanged. DUNLIN_STATUS_REFUSED
/// (no_candidate) where there is none. `switched` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_activate(
    runtime: RuntimeHandle,
    model_id: *const c_char,
    switched: Option<&mut MaybeUninit<Switch>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { switch(runtime, model_id, switched, dunlin::Runtime::activate) })
}

/// Throws a model's active version out by hand: the previous one answers from now on, also in sessions that are open, and
/// neither that sequence nor a lower one is taken again here. DUNLIN_STATUS_REFUSED (no_previous) where there is none.
/// `switched` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_rollback(
    runtime: RuntimeHandle,
    model_id: *const c_char,
    switched: Option<&mut MaybeUninit<Switch>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { switch(runtime, model_id, switched, dunlin::Runtime::rollback) })
}

/// Throws a model's candidate out by hand. DUNLIN_STATUS_REFUSED (no_candidate) where there is none. `switched`, which may be
/// NULL, tells who answers as before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_reject(
    runtime: RuntimeHandle,
    model_id: *const c_char,
    switched: Option<&mut MaybeUninit<Switch>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { switch(runtime, model_id, switched, dunlin::Runtime::reject) })
}

/// Writes how the trials stand that are on, as a JSON array: model, both versions, stage, since when, what is to become of it
/// and why, and the figures. It may have grown between two calls, as health may.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_trials(
    runtime: RuntimeHandle,
    buffer: *mut c_char,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let trials = RUNTIMES.get(runtime.handle)?.trials()?;
        // SAFETY: the caller promises `capacity` bytes.
        unsafe { copy_text(&trials, buffer, capacity, needed) }
    })
}

/// # Safety
/// `model_id` is NULL or a text that ends in NUL.
unsafe fn switch(
    runtime: RuntimeHandle,
    model_id: *const c_char,
    switched: Out<'_, Switch>,
    act: impl FnOnce(&dunlin::Runtime, &str) -> Result<dunlin::Switch, SwitchError>,
) -> Result<(), Failure> {
    // SAFETY: passed on to the caller.
    let model_id = unsafe { text(model_id, "model_id") }?;
    let done = act(&RUNTIMES.get(runtime.handle)?.runtime, model_id)?;
    if let Some(switched) = switched {
        let (model_id, version) = (fixed(&done.model_id), fixed(&done.version));
        switched.write(Switch { sequence: done.sequence, model_id, version });
    }
    Ok(())
}
