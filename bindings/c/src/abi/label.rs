//! What was right, and what came of a prediction.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::runtime::RuntimeHandle;
use super::status::{ErrorText, Status, guard};
use crate::failure::Failure;
use crate::opened::RUNTIMES;
use crate::pointers::text;

/// The value is `text`.
pub const DUNLIN_SCALAR_TEXT: u32 = 1;
/// The value is `integer`.
pub const DUNLIN_SCALAR_INTEGER: u32 = 2;
/// The value is `number`.
pub const DUNLIN_SCALAR_NUMBER: u32 = 3;
/// The value is `integer`: 0 is false, anything else true.
pub const DUNLIN_SCALAR_BOOLEAN: u32 = 4;

/// The value of a label or an outcome, such as {.kind = DUNLIN_SCALAR_TEXT, .text = "seven"}.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Scalar {
    /// DUNLIN_SCALAR_..., which says what field counts.
    pub kind: u32,
    /// A whole number, or a boolean.
    pub integer: i64,
    /// A finite number.
    pub number: f64,
    /// A text, a class name for example.
    pub text: *const c_char,
}

/// Says what was right. The last label of a prediction stands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_label(
    runtime: RuntimeHandle,
    prediction_id: i64,
    value: *const Scalar,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    // SAFETY: the caller promises a scalar as the header wants it.
    guard(error, || RUNTIMES.get(runtime.handle)?.label(prediction_id, unsafe { scalar(value) }?))
}

/// Says what came of a prediction, under a name of the firmware's choosing. The last value of a name stands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_runtime_outcome(
    runtime: RuntimeHandle,
    prediction_id: i64,
    name: *const c_char,
    value: *const Scalar,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        // SAFETY: the caller promises a text that ends in NUL, and a scalar as the header wants it.
        let (name, value) = unsafe { (text(name, "name")?, scalar(value)?) };
        RUNTIMES.get(runtime.handle)?.outcome(prediction_id, name, value)
    })
}

/// # Safety
/// `value` is NULL or leads to a scalar whose text, where it counts, ends in NUL.
unsafe fn scalar(value: *const Scalar) -> Result<dunlin::journal::Scalar, Failure> {
    use dunlin::journal::Scalar as Value;
    // SAFETY: NULL, or a scalar of the caller; every pattern of bits is one.
    let value = unsafe { value.as_ref() }.ok_or_else(|| Failure::null("value"))?;
    Ok(match value.kind {
        // SAFETY: the caller promises a NUL at the text's end.
        DUNLIN_SCALAR_TEXT => Value::Text(unsafe { text(value.text, "value.text") }?.to_owned()),
        DUNLIN_SCALAR_INTEGER => Value::Integer(value.integer),
        DUNLIN_SCALAR_NUMBER => Value::Number(value.number),
        DUNLIN_SCALAR_BOOLEAN => Value::Boolean(value.integer != 0),
        other => {
            let message = format!("{other} is no kind of value; give DUNLIN_SCALAR_...");
            return Err(Failure::argument("unknown_value", "value.kind", message));
        }
    })
}
