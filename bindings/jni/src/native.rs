//! The native methods.

use dunlin_uniffi::packed;
use jni::objects::{JByteBuffer, JClass, JString};
use jni::sys::{jint, jlong};
use jni::{Env, NativeMethod, native_method};

use crate::buffers::{Region, with_both};
use crate::failure::{Failure, ThrowNativeFailure};

/// What `dev.dunlin.internal.Native` declares.
pub(crate) const METHODS: &[NativeMethod<'_>] = &[
    native_method! {
        static fn predict(session: jlong, record: JByteBuffer, offset: jint, length: jint,
            answer: JByteBuffer, answer_offset: jint, answer_length: jint) -> jint,
        error_policy = ThrowNativeFailure,
    },
    native_method! {
        static fn predict_for(session: jlong, subject: JString, record: JByteBuffer, offset: jint, length: jint,
            answer: JByteBuffer, answer_offset: jint, answer_length: jint) -> jint,
        error_policy = ThrowNativeFailure,
    },
];

#[expect(clippy::too_many_arguments, reason = "the JVM passes what Java declares")]
fn predict<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    session: jlong,
    record: JByteBuffer<'local>,
    offset: jint,
    length: jint,
    answer: JByteBuffer<'local>,
    answer_offset: jint,
    answer_length: jint,
) -> Result<jint, Failure> {
    let record = Region { name: "record", buffer: &record, offset, length };
    let answer = Region { name: "answer", buffer: &answer, offset: answer_offset, length: answer_length };
    with_both(env, &record, &answer, |record, answer| packed::predict(session as u64, None, record, answer))
}

#[expect(clippy::too_many_arguments, reason = "the JVM passes what Java declares")]
fn predict_for<'local>(
    env: &mut Env<'local>,
    _class: JClass<'local>,
    session: jlong,
    subject: JString<'local>,
    record: JByteBuffer<'local>,
    offset: jint,
    length: jint,
    answer: JByteBuffer<'local>,
    answer_offset: jint,
    answer_length: jint,
) -> Result<jint, Failure> {
    let subject = match subject.try_to_string(env) {
        Err(jni::errors::Error::NullPtr(_)) => {
            return Err(Failure::invalid("the subject is null; give a name, or call predict"));
        }
        subject => subject?,
    };
    let record = Region { name: "record", buffer: &record, offset, length };
    let answer = Region { name: "answer", buffer: &answer, offset: answer_offset, length: answer_length };
    with_both(env, &record, &answer, |record, answer| packed::predict(session as u64, Some(&subject), record, answer))
}
