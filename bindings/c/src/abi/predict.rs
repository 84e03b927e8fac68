//! Predicting.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::answer::Answer;
use super::record::RecordHandle;
use super::session::{SessionHandle, with_seat};
use super::status::{ErrorText, Status, guard};
use crate::draft::RECORDS;
use crate::failure::Failure;
use crate::pointers::{Out, copy_out, items, optional_text, place, text};
use crate::seat::{Asking, Lent};
use crate::slab::alone;

/// Elements of a tensor feature that stay where they are: little-endian, row-major, of the schema's dtype.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Tensor {
    /// The feature.
    pub feature: *const c_char,
    /// Its elements.
    pub bytes: *const u8,
    /// Bytes of them.
    pub length: usize,
}

/// Answers a record. `values` receives the floats of all outputs, one after the other, or is NULL where only the class
/// counts. Where the buffer is too small the status is DUNLIN_STATUS_BUFFER_TOO_SMALL, but the prediction is made, the
/// answer is filled, and dunlin_session_values gives the values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_predict(
    session: SessionHandle,
    record: RecordHandle,
    answer: Option<&mut MaybeUninit<Answer>>,
    values: *mut f32,
    capacity: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { predict(session, record, Asking::Live(None), &[], answer, values, capacity) })
}

/// The same for a person, who may ask to be forgotten: the journal keeps a keyed hash of the name `subject`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_predict_for(
    session: SessionHandle,
    subject: *const c_char,
    record: RecordHandle,
    answer: Option<&mut MaybeUninit<Answer>>,
    values: *mut f32,
    capacity: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        // SAFETY: the caller promises a text that ends in NUL, and `capacity` floats.
        unsafe {
            let asking = Asking::Live(Some(text(subject, "subject")?));
            predict(session, record, asking, &[], answer, values, capacity)
        }
    })
}

/// The same with tensors that are lent for the call and not copied, in the place of those that the record may have.
/// `subject` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_predict_with(
    session: SessionHandle,
    subject: *const c_char,
    record: RecordHandle,
    tensors: *const Tensor,
    tensor_count: usize,
    answer: Option<&mut MaybeUninit<Answer>>,
    values: *mut f32,
    capacity: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        // SAFETY: the caller promises texts that end in NUL, tensors of the lengths they say, and `capacity` floats.
        unsafe {
            let subject = optional_text(subject, "subject")?;
            let tensors = items(tensors, tensor_count, "tensors")?;
            let lent = tensors.iter().map(|tensor| lent(tensor)).collect::<Result<Vec<_>, Failure>>()?;
            predict(session, record, Asking::Live(subject), &lent, answer, values, capacity)
        }
    })
}

/// Answers one record of many: where they come faster than the journal can write, dunlin_session_predict loses a row rather
/// than wait, and this waits. Everything else is as there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_session_predict_patiently(
    session: SessionHandle,
    record: RecordHandle,
    answer: Option<&mut MaybeUninit<Answer>>,
    values: *mut f32,
    capacity: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { predict(session, record, Asking::InBatch, &[], answer, values, capacity) })
}

/// # Safety
/// `values` is NULL or has room for `capacity` floats.
unsafe fn predict(
    session: SessionHandle,
    record: RecordHandle,
    asking: Asking<'_>,
    lent: &[Lent<'_>],
    answer: Out<'_, Answer>,
    values: *mut f32,
    capacity: usize,
) -> Result<(), Failure> {
    let answer = place(answer, "answer")?;
    let record = RECORDS.get(record.handle)?;
    with_seat(session, |seat| {
        answer.write(alone("record", &record, |draft| seat.predict(asking, draft, lent))?);
        // SAFETY: passed on to the caller.
        unsafe { copy_out(&seat.values(), values, capacity) }
    })
}

/// # Safety
/// The tensor's pointers are as the header wants them.
unsafe fn lent<'a>(tensor: &Tensor) -> Result<Lent<'a>, Failure> {
    // SAFETY: passed on to the caller.
    unsafe {
        let feature = text(tensor.feature, "tensors.feature")?;
        Ok(Lent { feature, bytes: items(tensor.bytes, tensor.length, "tensors.bytes")? })
    }
}
