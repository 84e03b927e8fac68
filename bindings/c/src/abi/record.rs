//! Records: filled feature by feature, or from JSON.

use std::borrow::Cow;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex};

use dunlin::schema::FeatureType;
use dunlin::{FeatureError, Value};

use super::session::SessionHandle;
use super::status::{ErrorText, Status, guard};
use crate::draft::{Draft, RECORDS, Trouble, tensor, tensor_feature};
use crate::failure::Failure;
use crate::pointers::{items, place, sized_text, text};
use crate::seat::SESSIONS;
use crate::slab::alone;

/// A record of one model version's schema. It may be used again and again, also by other sessions of that version.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct RecordHandle {
    /// Not to be looked at.
    pub handle: u64,
}

/// Makes an empty record for the model of a session; it outlives the session. Free it with dunlin_record_free.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_record_new(
    session: SessionHandle,
    record: Option<&mut MaybeUninit<RecordHandle>>,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let record = place(record, "record")?.write(RecordHandle { handle: 0 });
        let schema = alone("session", &*SESSIONS.get(session.handle)?, |seat| Ok(Arc::clone(&seat.schema)))?;
        record.handle = RECORDS.insert(Mutex::new(Draft::new(schema)))?;
        Ok(())
    })
}

/// Sets a feature of type NUMBER. As with every set: a feature that the schema does not have, or a value that it cannot
/// take, is refused at once, and the record is then refused by predict until it is cleared, so that no status that is
/// overlooked leads to an answer for something else. Domains are checked by predict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_number(
    record: RecordHandle,
    feature: *const c_char,
    value: f64,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { set(record, feature, Value::Number(value)) })
}

/// Sets a feature of type INTEGER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_integer(
    record: RecordHandle,
    feature: *const c_char,
    value: i64,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { set(record, feature, Value::Integer(value)) })
}

/// Sets a feature of type BOOLEAN: 0 is false, anything else true.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_boolean(
    record: RecordHandle,
    feature: *const c_char,
    value: i32,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: passed on to the caller.
    guard(error, || unsafe { set(record, feature, Value::Boolean(value != 0)) })
}

/// Sets a feature of type CATEGORY to one of its levels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_category(
    record: RecordHandle,
    feature: *const c_char,
    level: *const c_char,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        change(record, |draft| {
            // SAFETY: the caller promises texts that end in NUL.
            let (feature, level) = unsafe { (text(feature, "feature")?, text(level, "level")) };
            draft.set(feature, Value::Category(utf8(feature, FeatureType::Category, level)?))
        })
    })
}

/// Sets a feature of type TEXT to `length` bytes of UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_text(
    record: RecordHandle,
    feature: *const c_char,
    value: *const c_char,
    length: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        change(record, |draft| {
            // SAFETY: the caller promises a text that ends in NUL, and `length` bytes.
            let (feature, value) = unsafe { (text(feature, "feature")?, sized_text(value, length, "value")) };
            draft.set(feature, Value::Text(utf8(feature, FeatureType::Text, value)?))
        })
    })
}

/// Sets a feature of type TENSOR by copying its elements: little-endian, row-major, of the schema's dtype. `length` are
/// the bytes of all of them; a length that is not the schema's is refused before a byte is read.
/// dunlin_session_predict_with does without the copy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_tensor(
    record: RecordHandle,
    feature: *const c_char,
    bytes: *const u8,
    length: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        change(record, |draft| {
            // SAFETY: the caller promises a text that ends in NUL.
            let name = unsafe { text(feature, "feature") }?;
            let described = tensor_feature(&draft.schema, name, length)?;
            // SAFETY: the caller promises `length` bytes.
            let bytes = unsafe { items(bytes, length, "bytes") }?;
            let value = tensor(described, Cow::Owned(bytes.to_vec()));
            draft.set(name, value)
        })
    })
}

/// Replaces all values by those of one JSON object, `length` bytes of UTF-8; absent and null features become missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_record_set_json(
    record: RecordHandle,
    json: *const c_char,
    length: usize,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: the caller promises `length` bytes.
    guard(error, || change(record, |draft| draft.set_json(unsafe { sized_text(json, length, "json") }?)))
}

/// Takes all values out, and with them the memory of a set that failed.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_record_clear(record: RecordHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || {
        alone("record", &*RECORDS.get(record.handle)?, |draft| {
            draft.clear();
            Ok(())
        })
    })
}

/// Frees a record.
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_record_free(record: RecordHandle, error: Option<&mut MaybeUninit<ErrorText>>) -> Status {
    guard(error, || RECORDS.take(record.handle, |_| Ok(())).map(drop))
}

/// # Safety
/// `feature` is NULL or a text that ends in NUL.
unsafe fn set(record: RecordHandle, feature: *const c_char, value: Value<'static>) -> Result<(), Failure> {
    // SAFETY: passed on to the caller.
    change(record, |draft| draft.set(unsafe { text(feature, "feature") }?, value))
}

fn change(record: RecordHandle, change: impl FnOnce(&mut Draft) -> Result<(), Trouble>) -> Result<(), Failure> {
    alone("record", &*RECORDS.get(record.handle)?, |draft| draft.change(change))
}

/// Bytes that are no text are no value of the feature: refused by its name.
fn utf8(feature: &str, expected: FeatureType, value: Result<&str, Failure>) -> Result<Cow<'static, str>, Trouble> {
    match value {
        Ok(value) => Ok(Cow::Owned(value.to_owned())),
        Err(failure) if failure.code == "not_utf8" => {
            let feature = feature.to_owned();
            Err(FeatureError::WrongType { feature, expected, found: "text that is not UTF-8" }.into())
        }
        Err(failure) => Err(failure.into()),
    }
}
