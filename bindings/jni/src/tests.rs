//! The native methods in a real JVM inside of this process, so that its sessions can be made in Rust. Without a JDK they are
//! skipped, aloud.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use dunlin_uniffi::{Config, RecordBuilder, Runtime, Session, TrustedKey, packed};
use jni::objects::{JByteArray, JObject, JString, JValue};
use jni::vm::InitArgsBuilder;
use jni::{Env, JNIVersion, JavaVM, jni_sig, jni_str};

use crate::load::set_up;

const JAVA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/java/dev/dunlin/internal");
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");
const CALLS: &jni::strings::JNIStr = jni_str!("dev/dunlin/internal/Calls");

/// The process's one JVM with the native methods registered; `None` without a JDK.
static VM: LazyLock<Option<JavaVM>> = LazyLock::new(|| {
    let classes = tempfile::tempdir().unwrap();
    let sources = ["Native", "NativeFailure", "Calls"].map(|name| format!("{JAVA}/{name}.java"));
    let compiled = Command::new("javac").arg("-d").arg(classes.path()).args(sources).status().ok()?;
    assert!(compiled.success(), "the Java sources do not compile");
    let path = format!("-Djava.class.path={}", classes.path().display());
    let arguments =
        InitArgsBuilder::new().version(JNIVersion::V1_8).option("-Xcheck:jni").option(path).build().unwrap();
    let vm = JavaVM::new(arguments).unwrap();
    let load = |env: &mut Env<'_>| {
        set_up(env)?;
        // The folder of the classes goes with this function: all of them are loaded now.
        env.find_class(CALLS)?;
        env.find_class(jni_str!("dev/dunlin/internal/Calls$Call")).map(drop)
    };
    vm.attach_current_thread(load).unwrap();
    Some(vm)
});

/// Runs a test in the JVM.
fn in_jvm(test: impl FnOnce(&mut Env<'_>) -> jni::errors::Result<()>) {
    match &*VM {
        Some(vm) => vm.attach_current_thread(test).unwrap(),
        None => eprintln!("skipped: no JDK (install one, so that `javac` is found)"),
    }
}

/// A session of the digits, and one packed record.
struct Digits {
    _folder: tempfile::TempDir,
    session: Session,
    record: Vec<u8>,
    answer_bytes: usize,
}

impl Digits {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let public_key = std::fs::read_to_string(Path::new(GOLDEN).join("demo.pub")).unwrap();
        let runtime = Runtime::open(Config {
            folder: folder.path().to_str().unwrap().to_owned(),
            keys: vec![TrustedKey { name: "demo".to_owned(), public_key }],
            durability: None,
            retention: None,
            monitor: None,
            fallback: None,
        });
        let runtime = runtime.unwrap();
        runtime.install(format!("{GOLDEN}/digits-f32.dunlin")).unwrap();
        let session = runtime.session("digits".to_owned()).unwrap();
        let answer_bytes = session.max_answer_bytes().unwrap() as usize;
        Self { _folder: folder, session, record: image(|at| (at * 7 % 17) as f32), answer_bytes }
    }

    fn handle(&self) -> i64 {
        self.session.handle().unwrap() as i64
    }
}

/// A packed record of one image.
fn image(grey: impl Fn(usize) -> f32) -> Vec<u8> {
    std::iter::once(1).chain((0..64).flat_map(|at| grey(at).to_le_bytes())).collect()
}

fn java_predict(env: &mut Env<'_>, digits: &Digits, subject: Option<&str>) -> jni::errors::Result<Vec<u8>> {
    let subject = match subject {
        Some(subject) => JString::from_str(env, subject)?.into(),
        None => JObject::null(),
    };
    let record = env.byte_array_from_slice(&digits.record)?;
    let arguments = [
        JValue::Long(digits.handle()),
        JValue::Object(&subject),
        JValue::Object(&record),
        JValue::Int(digits.answer_bytes as i32),
    ];
    let signature = jni_sig!("(JLjava/lang/String;[BI)[B");
    let answer = env.call_static_method(CALLS, jni_str!("predict"), signature, &arguments)?.l()?;
    let answer = env.cast_local::<JByteArray<'_>>(answer)?;
    env.convert_byte_array(&answer)
}

/// An answer without its id and latency, which differ from call to call.
fn same(answer: &[u8]) -> (&[u8], &[u8]) {
    (&answer[8..12], &answer[16..])
}

#[test]
fn an_answer_through_direct_buffers_is_the_one_that_rust_gets() {
    in_jvm(|env| {
        let digits = Digits::new();
        let mut expected = vec![0; digits.answer_bytes];
        let written = packed::predict(digits.session.handle().unwrap(), None, &digits.record, &mut expected).unwrap();
        for subject in [None, Some("somebody \u{1f600}")] {
            let answer = java_predict(env, &digits, subject)?;
            assert_eq!(same(&answer), same(&expected[..written]), "{subject:?}");
        }
        Ok(())
    });
}

#[test]
fn a_wrong_call_is_thrown_as_what_is_wrong_with_it() {
    in_jvm(|env| {
        let (digits, closed) = (Digits::new(), Digits::new());
        let closed_handle = closed.handle();
        closed.session.close().unwrap();
        let record = env.byte_array_from_slice(&digits.record)?;
        let refused = env.byte_array_from_slice(&image(|_| 17.0))?;
        let arguments = [
            JValue::Long(digits.handle()),
            JValue::Long(closed_handle),
            JValue::Object(&record),
            JValue::Object(&refused),
            JValue::Int(digits.answer_bytes as i32),
        ];
        let signature = jni_sig!("(JJ[B[BI)Ljava/lang/String;");
        let thrown = env.call_static_method(CALLS, jni_str!("wrong"), signature, &arguments)?.l()?;
        let thrown = env.cast_local::<JString<'_>>(thrown)?.try_to_string(env)?;
        let expected = [
            "8 null null the record is not in a direct buffer",
            "8 null null the answer is not in a direct buffer",
            "8 null null the answer's buffer is read-only",
            "8 null null the record is not in a direct buffer",
            "8 null null the answer is not in a direct buffer",
            "8 null null 257 bytes at 1 for the record lie outside of its buffer of 257 bytes",
            "8 null null 257 bytes at -1 for the record lie outside",
            "8 null null 2147483647 bytes at 1 for the answer lie outside",
            "8 null null an answer takes up to",
            "8 null null record and answer overlap",
            "8 null null in the packed record feature 'image' is cut off",
            "8 null null the subject is null",
            "1 out_of_domain image feature 'image' lies outside of its domain",
            "7 null null the session is closed",
            "7 null null the session is closed",
        ];
        let lines: Vec<&str> = thrown.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{thrown}");
        for (line, start) in lines.iter().zip(expected) {
            assert!(line.starts_with(start), "{line:?} does not start with {start:?}");
        }
        Ok(())
    });
}

#[test]
fn two_threads_predict_in_one_session() {
    in_jvm(|_| {
        let digits = Digits::new();
        // Each call in a frame of its own, as a native method has one.
        let answer = || {
            let mut answer = Vec::new();
            in_jvm(|env| {
                answer = java_predict(env, &digits, None)?;
                Ok(())
            });
            answer
        };
        let ask = || {
            let first = answer();
            (0..100).for_each(|_| assert_eq!(same(&answer()), same(&first)));
        };
        std::thread::scope(|scope| [scope.spawn(ask), scope.spawn(ask)].map(|thread| thread.join().unwrap()));
        Ok(())
    });
}

#[test]
#[ignore = "slow: measures; run it alone"]
fn what_a_call_from_java_takes_over_one_from_rust() {
    const CALLS_A_ROUND: i32 = 5_000;
    in_jvm(|env| {
        let digits = Digits::new();
        let record = env.byte_array_from_slice(&digits.record)?;
        let (mut java, mut rust, mut builder) = (u128::MAX, u128::MAX, u128::MAX);
        for _ in 0..12 {
            let arguments = [
                JValue::Long(digits.handle()),
                JValue::Object(&record),
                JValue::Int(digits.answer_bytes as i32),
                JValue::Int(CALLS_A_ROUND),
            ];
            let took = env.call_static_method(CALLS, jni_str!("nanoseconds"), jni_sig!("(J[BII)J"), &arguments)?.j()?;
            java = java.min(took as u128);
            let (handle, mut answer) = (digits.session.handle().unwrap(), vec![0; digits.answer_bytes]);
            rust = rust.min(nanoseconds(CALLS_A_ROUND, || {
                packed::predict(handle, None, &digits.record, &mut answer).unwrap();
            }));
            builder = builder.min(nanoseconds(CALLS_A_ROUND, || {
                let record = RecordBuilder::new();
                record.tensor("image".to_owned(), digits.record[1..].to_vec());
                drop(digits.session.predict(&record).unwrap());
            }));
        }
        eprintln!(
            "nanoseconds a call: Java {java}, Rust {rust} (packed), Rust {builder} (builder); over: {}",
            java as i128 - rust as i128
        );
        Ok(())
    });
}

fn nanoseconds(calls: i32, mut call: impl FnMut()) -> u128 {
    let started = Instant::now();
    (0..calls).for_each(|_| call());
    started.elapsed().as_nanos() / calls as u128
}
