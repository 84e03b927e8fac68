//! The native methods.

use dunlin_uniffi::{Asking, packed};
use jni::objects::{JByteBuffer, JClass, JString};
use jni::sys::{jint, jlong};
use jni::{Env, NativeMethod, native_method};

use crate::buffers::Pair;
use crate::failure::{Failure, ThrowNativeFailure};

/// What `dev.dunlin.internal.Native` declares.
pub(crate) const METHODS: &[NativeMethod<'_>] = &[
    native_method! {
        static fn lend(session: jlong, record: JByteBuffer, answer: JByteBuffer),
        error_policy = ThrowNativeFailure,
    },
    native_method! {
        static fn predict(session: jlong, length: jint) -> jint,
        error_policy = ThrowNativeFailure,
    },
    native_method! {
        static fn predict_patiently(session: jlong, length: jint) -> jint,
        error_policy = ThrowNativeFailure,
    },
    native_method! {
        static fn predict_for(session: jlong, subject: JString, length: jint) -> jint,
        error_policy = ThrowNativeFailure,
    },
];

fn lend<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    session: jlong,
    record: JByteBuffer<'local>,
    answer: JByteBuffer<'local>,
) -> Result<(), Failure> {
    let pair = Pair::of(env, &record, &answer)?;
    Ok(packed::lend(session as u64, Box::new(pair))?)
}

fn predict<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    session: jlong,
    length: jint,
) -> Result<jint, Failure> {
    answer(session, Asking::Live, length)
}

fn predict_patiently<'local>(
    _env: &mut Env<'local>,
    _class: JClass<'local>,
    session: jlong,
    length: jint,
) -> Result<jint, Failure> {
    answer(session, Asking::InBatch, length)
}

fn predict_for<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    session: jlong,
    subject: JString<'local>,
    length: jint,
) -> Result<jint, Failure> {
    let subject = match subject.try_to_string(env) {
        Err(jni::errors::Error::NullPtr(_)) => {
            return Err(Failure::invalid("the subject is null; give a name, or call predict"));
        }
        subject => subject?,
    };
    answer(session, Asking::For(&subject), length)
}

fn answer(session: jlong, asking: Asking<'_>, length: jint) -> Result<jint, Failure> {
    let length = usize::try_from(length)
        .map_err(|_| Failure::invalid(format!("a record cannot take {length} bytes; give how many it takes")))?;
    let written = packed::predict_lent(session as u64, asking, length)?;
    // No more than the capacity of the answer's buffer, which was a jint.
    Ok(jint::try_from(written).unwrap_or(jint::MAX))
}
