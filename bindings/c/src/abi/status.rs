//! How a call went, and the boundary where a panic ends.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::Failure;
use crate::fixed::fixed;
use crate::pointers::Out;

/// Bytes of a code, with its NUL.
pub const DUNLIN_CODE_SIZE: usize = 48;
/// Bytes of a name, with its NUL; no name in a bundle is longer.
pub const DUNLIN_NAME_SIZE: usize = 256;
/// Bytes of a message, with its NUL.
pub const DUNLIN_MESSAGE_SIZE: usize = 512;

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Status {
    /// As asked.
    Ok = 0,
    /// The record is refused; `culprit` names the feature. What predict refuses is in the journal.
    Record = 1,
    /// The bundle, or the change of who answers, is refused; what was active before stays active.
    Refused = 2,
    /// No model of this name is installed.
    NotInstalled = 3,
    /// The model cannot be loaded, or its engine failed.
    Model = 4,
    /// The folder or a database in it cannot be used.
    Storage = 5,
    /// A request of the cloud fallback has no answer that may be used; the answer of predict stands.
    Fallback = 6,
    /// The handle is closed, or was never given out.
    Closed = 7,
    /// An argument cannot be used; `culprit` names it.
    InvalidArgument = 8,
    /// Another call is using the session, the record or the runtime.
    Busy = 9,
    /// An error inside of the library, stopped at its boundary.
    Internal = 10,
    /// The buffer is too small; the number needed was told.
    BufferTooSmall = 11,
    /// The update channel could not be followed to its end; the present models answer on.
    Update = 12,
}

/// What is wrong and what to do. Texts that are too long are cut between characters.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ErrorText {
    /// The status that the call returned.
    pub status: Status,
    /// A short name for machines, such as out_of_domain; empty when all is well.
    pub code: [c_char; DUNLIN_CODE_SIZE],
    /// The feature, output, model, file or argument at fault; empty where it is none.
    pub culprit: [c_char; DUNLIN_NAME_SIZE],
    /// For people. It never repeats a value of a record.
    pub message: [c_char; DUNLIN_MESSAGE_SIZE],
}

impl ErrorText {
    fn of(outcome: &Result<(), Failure>) -> Self {
        match outcome {
            Ok(()) => Self {
                status: Status::Ok,
                code: [0; DUNLIN_CODE_SIZE],
                culprit: [0; DUNLIN_NAME_SIZE],
                message: [0; DUNLIN_MESSAGE_SIZE],
            },
            Err(failure) => Self {
                status: failure.status,
                code: fixed(&failure.code),
                culprit: fixed(&failure.culprit),
                message: fixed(&failure.message),
            },
        }
    }
}

/// Runs a call: a panic becomes a failure, and a failure a status and an error.
pub(super) fn guard(error: Out<'_, ErrorText>, call: impl FnOnce() -> Result<(), Failure>) -> Status {
    let outcome = catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(Failure::panicked(&*panic)));
    if let Some(error) = error {
        error.write(ErrorText::of(&outcome));
    }
    outcome.err().map_or(Status::Ok, |failure| failure.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::MaybeUninit;

    #[test]
    fn a_panic_ends_at_the_boundary_as_a_status_with_its_message() {
        let mut error = MaybeUninit::uninit();
        assert_eq!(guard(Some(&mut error), || panic!("shelf {} fell", 3)), Status::Internal);
        // SAFETY: every call writes it.
        let error = unsafe { error.assume_init() };
        let message: String = error.message.iter().map(|byte| char::from(*byte as u8)).collect();
        assert!(error.status == Status::Internal && message.contains("shelf 3 fell"), "{message}");
    }

    #[test]
    fn an_error_may_be_null_and_is_emptied_by_a_call_that_goes_well() {
        assert_eq!(guard(None, || Err(Failure::busy("session"))), Status::Busy);
        let mut error = MaybeUninit::new(ErrorText::of(&Err(Failure::busy("session"))));
        assert_eq!(guard(Some(&mut error), || Ok(())), Status::Ok);
        // SAFETY: every call writes it.
        let error = unsafe { error.assume_init() };
        assert_eq!((error.status, error.code[0], error.message[0]), (Status::Ok, 0, 0));
    }
}
