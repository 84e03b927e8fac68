//! Runtimes: opened, asked how they are, closed.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::config::{self, Config};
use super::status::{ErrorText, Status, guard};
use crate::opened::{Opened, RUNTIMES};
use crate::pointers::{copy_text, place, text};

/// An open folder with its models and its journal.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct RuntimeHandle {
    /// Not to be looked at.
    pub handle: u64,
}

/// Opens a folder, making it where it is not there. A folder that cannot be read or written is no error: such a runtime
/// still answers, and dunlin_runtime_health says what is wrong. Close it with dunlin_runtime_close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_open(
    config: *const Config,
    runtime: Option<&mut MaybeUninit<RuntimeHandle>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let runtime = place(runtime, "runtime")?.write(RuntimeHandle { handle: 0 });
        // SAFETY: the caller promises a config as the header wants it.
        let config = unsafe { config::read(config) }?;
        runtime.handle = RUNTIMES.insert(Opened::new(config))?;
        Ok(())
    })
}

/// Deletes every prediction made for a person and tells how many there were; `forgotten` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_forget(
    runtime: RuntimeHandle,
    subject: *const c_char,
    forgotten: Option<&mut MaybeUninit<u64>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        // SAFETY: the caller promises a text that ends in NUL.
        let count = RUNTIMES.get(runtime.handle)?.runtime.forget(unsafe { text(subject, "subject") }?)?;
        if let Some(forgotten) = forgotten {
            forgotten.write(count);
        }
        Ok(())
    })
}

/// Writes, as JSON, what works, what does not, since when, what to do, all counters, and the models installed. It may
/// have grown between two calls: ask again where a buffer was too small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_health(
    runtime: RuntimeHandle,
    buffer: *mut c_char,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let health = RUNTIMES.get(runtime.handle)?.health();
        // SAFETY: the caller promises `capacity` bytes.
        unsafe { copy_text(&health, buffer, capacity, needed) }
    })
}

/// Writes the open alarms as a JSON array, oldest first: what is the matter, how sure that is and what to do in words, and
/// the figures. It may have grown between two calls, as health may.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_alarms(
    runtime: RuntimeHandle,
    buffer: *mut c_char,
    capacity: usize,
    needed: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let alarms = RUNTIMES.get(runtime.handle)?.alarms()?;
        // SAFETY: the caller promises `capacity` bytes.
        unsafe { copy_text(&alarms, buffer, capacity, needed) }
    })
}

/// Does what is due by the clock: closes windows whose time has come. To be called now and then, and before uploading.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_runtime_tick(runtime: RuntimeHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || Ok(RUNTIMES.get(runtime.handle)?.runtime.tick()?))
}

/// Writes everything so far and forces it to the disk.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_runtime_flush(runtime: RuntimeHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || Ok(RUNTIMES.get(runtime.handle)?.runtime.flush()?))
}

/// Writes everything and gives the folder's lock back, before the device sleeps. The next prediction takes it again.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_runtime_suspend(runtime: RuntimeHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || Ok(RUNTIMES.get(runtime.handle)?.runtime.suspend()?))
}

/// Closes the sessions of a runtime, writes everything and closes the folder. DUNLIN_STATUS_BUSY while another thread is
/// in a call with it or with one of its sessions: the runtime is open then, but idle sessions may be closed already.
/// DUNLIN_STATUS_STORAGE where it is closed, but not everything could be written. Records are freed on their own.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_runtime_close(runtime: RuntimeHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || Ok(RUNTIMES.take(runtime.handle, Opened::close_sessions)?.runtime.close()?))
}
