//! The process's one JVM, and calls of the Java class `Calls` in it.

use std::process::Command;
use std::sync::OnceLock;

use jni::objects::{JByteArray, JObject, JObjectArray, JString, JValue};
use jni::vm::InitArgsBuilder;
use jni::{Env, JNIVersion, JavaVM, jni_sig, jni_str};

use super::model::Served;
use crate::load::set_up;

const JAVA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/java/dev/dunlin/internal");
const CALLS: &jni::strings::JNIStr = jni_str!("dev/dunlin/internal/Calls");

/// Whether the JVM looks at each call of JNI that native code makes: what a test wants, and several times as slow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Checks {
    On,
    Off,
}

/// The JVM with the native methods registered, started by the first test; `None` without a JDK.
static VM: OnceLock<Option<(JavaVM, Checks)>> = OnceLock::new();

/// Runs a test in the JVM.
pub(super) fn in_jvm(test: impl FnOnce(&mut Env<'_>) -> jni::errors::Result<()>) {
    in_jvm_with(Checks::On, |env, _| test(env));
}

/// The same in a JVM with these checks, where no other test has started it; the test is told which there are.
pub(super) fn in_jvm_with(wanted: Checks, test: impl FnOnce(&mut Env<'_>, Checks) -> jni::errors::Result<()>) {
    match VM.get_or_init(|| start(wanted)) {
        Some((vm, checks)) => vm.attach_current_thread(|env| test(env, *checks)).unwrap(),
        None => eprintln!("skipped: no JDK (install one, so that `javac` is found)"),
    }
}

fn start(checks: Checks) -> Option<(JavaVM, Checks)> {
    let classes = tempfile::tempdir().unwrap();
    let sources = ["Native", "NativeFailure", "Calls"].map(|name| format!("{JAVA}/{name}.java"));
    let compiled = Command::new("javac").arg("-d").arg(classes.path()).args(sources).status().ok()?;
    assert!(compiled.success(), "the Java sources do not compile");
    let path = format!("-Djava.class.path={}", classes.path().display());
    let arguments = InitArgsBuilder::new().version(JNIVersion::V1_8).option(path);
    let arguments = if checks == Checks::On { arguments.option("-Xcheck:jni") } else { arguments };
    let vm = JavaVM::new(arguments.build().unwrap()).unwrap();
    let load = |env: &mut Env<'_>| {
        set_up(env)?;
        // The folder of the classes goes with this function: all of them are loaded now.
        env.find_class(CALLS)?;
        env.find_class(jni_str!("dev/dunlin/internal/Calls$Call")).map(drop)
    };
    vm.attach_current_thread(load).unwrap();
    Some((vm, checks))
}

/// The packed answer through buffers that are lent for this one call.
pub(super) fn predict(env: &mut Env<'_>, served: &Served, subject: Option<&str>) -> jni::errors::Result<Vec<u8>> {
    let (subject, record) = (text(env, subject)?, env.byte_array_from_slice(&served.record)?);
    let arguments = [
        JValue::Long(served.handle()),
        JValue::Object(&subject),
        JValue::Object(&record),
        JValue::Int(served.answer_bytes as i32),
    ];
    let signature = jni_sig!("(JLjava/lang/String;[BI)[B");
    let answer = env.call_static_method(CALLS, jni_str!("predict"), signature, &arguments)?.l()?;
    let answer = env.cast_local::<JByteArray<'_>>(answer)?;
    env.convert_byte_array(&answer)
}

/// Lends buffers that nobody else holds on to; weak references to them.
pub(super) fn lend_and_forget<'local>(
    env: &mut Env<'local>,
    served: &Served,
) -> jni::errors::Result<JObjectArray<'local>> {
    let record = env.byte_array_from_slice(&served.record)?;
    let arguments = [JValue::Long(served.handle()), JValue::Object(&record), JValue::Int(served.answer_bytes as i32)];
    let signature = jni_sig!("(J[BI)[Ljava/lang/Object;");
    let references = env.call_static_method(CALLS, jni_str!("lendAndForget"), signature, &arguments)?.l()?;
    env.cast_local::<JObjectArray<'_>>(references)
}

/// How many of weakly referenced buffers are held on to, when the JVM has had its time to let them go.
pub(super) fn held(env: &mut Env<'_>, references: &JObjectArray<'_>, must: i32) -> jni::errors::Result<i32> {
    let arguments = [JValue::Object(references), JValue::Int(must)];
    env.call_static_method(CALLS, jni_str!("held"), jni_sig!("([Ljava/lang/Object;I)I"), &arguments)?.i()
}

/// Predicts so many times through what is lent.
pub(super) fn predict_times(env: &mut Env<'_>, handle: i64, length: usize, times: i32) -> jni::errors::Result<()> {
    let arguments = [JValue::Long(handle), JValue::Int(length as i32), JValue::Int(times)];
    env.call_static_method(CALLS, jni_str!("predictTimes"), jni_sig!("(JII)V"), &arguments)?.v()
}

/// Predicts through what is lent until that throws, and tells what.
pub(super) fn predict_until_thrown(env: &mut Env<'_>, handle: i64, length: usize) -> jni::errors::Result<String> {
    let arguments = [JValue::Long(handle), JValue::Int(length as i32)];
    let signature = jni_sig!("(JI)Ljava/lang/String;");
    let thrown = env.call_static_method(CALLS, jni_str!("predictUntilThrown"), signature, &arguments)?.l()?;
    env.cast_local::<JString<'_>>(thrown)?.try_to_string(env)
}

/// What each of many wrong calls throws.
pub(super) fn wrong(env: &mut Env<'_>, served: &Served, closed: i64, refused: &[u8]) -> jni::errors::Result<String> {
    let (record, refused) = (env.byte_array_from_slice(&served.record)?, env.byte_array_from_slice(refused)?);
    let arguments = [
        JValue::Long(served.handle()),
        JValue::Long(closed),
        JValue::Object(&record),
        JValue::Object(&refused),
        JValue::Int(served.answer_bytes as i32),
    ];
    let signature = jni_sig!("(JJ[B[BI)Ljava/lang/String;");
    let thrown = env.call_static_method(CALLS, jni_str!("wrong"), signature, &arguments)?.l()?;
    env.cast_local::<JString<'_>>(thrown)?.try_to_string(env)
}

/// Nanoseconds that a call from Java takes, on average of so many.
pub(super) fn nanoseconds(
    env: &mut Env<'_>,
    served: &Served,
    subject: Option<&str>,
    calls: i32,
) -> jni::errors::Result<i64> {
    let (subject, record) = (text(env, subject)?, env.byte_array_from_slice(&served.record)?);
    let arguments = [
        JValue::Long(served.handle()),
        JValue::Object(&subject),
        JValue::Object(&record),
        JValue::Int(served.answer_bytes as i32),
        JValue::Int(calls),
    ];
    let signature = jni_sig!("(JLjava/lang/String;[BII)J");
    env.call_static_method(CALLS, jni_str!("nanoseconds"), signature, &arguments)?.j()
}

fn text<'local>(env: &mut Env<'local>, text: Option<&str>) -> jni::errors::Result<JObject<'local>> {
    Ok(match text {
        Some(text) => JString::from_str(env, text)?.into(),
        None => JObject::null(),
    })
}
