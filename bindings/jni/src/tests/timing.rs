//! What a call from Java costs; figures for people, and no test of them: machines differ.

use std::time::Instant;

use dunlin_uniffi::{Asking, packed};
use jni::Env;

use super::jvm::{Checks, in_jvm_with, nanoseconds};
use super::model::Served;

const ROUNDS: usize = 10;

#[test]
#[ignore = "slow: measures; run it alone"]
fn what_a_call_from_java_takes_over_one_from_rust() {
    in_jvm_with(Checks::Off, |env, checks| {
        if checks == Checks::On {
            eprintln!(
                "another test has started the JVM with its checks of JNI, which take most of the time: run this one alone"
            );
        }
        measure(env, "tiny", Served::tiny, 20_000)?;
        measure(env, "digits", Served::digits, 4_000)?;
        measure(env, "digits, unsure", Served::no_digit, 4_000)
    });
}

/// Tells the least of several rounds, in which Java and Rust take turns; each has a runtime, and with it a journal, of its own.
fn measure(env: &mut Env<'_>, model: &str, serve: fn() -> Served, calls: i32) -> jni::errors::Result<()> {
    let (of_java, of_packed, folder) = (serve(), serve(), tempfile::tempdir().unwrap());
    let mut session = of_packed.in_rust(folder.path());
    let record = packed::read_record(session.schema(), &of_packed.record).unwrap();
    let (handle, mut answer) = (of_packed.handle() as u64, vec![0; of_packed.answer_bytes]);
    for subject in [None, Some("somebody")] {
        let mut least = [i64::MAX; 3];
        for _ in 0..ROUNDS {
            let java = nanoseconds(env, &of_java, subject, calls)?;
            let packed = each(calls, || {
                let asking = subject.map_or(Asking::Live, Asking::For);
                packed::predict(handle, asking, &of_packed.record, &mut answer).unwrap();
            });
            let rust = each(calls, || {
                drop(match subject {
                    Some(subject) => session.predict_for(subject, &record).unwrap(),
                    None => session.predict(&record).unwrap(),
                });
            });
            for (least, took) in least.iter_mut().zip([java, packed, rust]) {
                *least = (*least).min(took);
            }
        }
        let [java, packed, rust] = least;
        let whom = if subject.is_some() { ", for a person" } else { "" };
        eprintln!(
            "{model}{whom}: {java} ns a call from Java, {packed} the packed call from Rust, {rust} Rust's Session; Java over them: {}, {}",
            java - packed,
            java - rust
        );
    }
    Ok(())
}

/// Nanoseconds that a call takes.
fn each(calls: i32, mut call: impl FnMut()) -> i64 {
    let started = Instant::now();
    (0..calls).for_each(|_| call());
    started.elapsed().as_nanos() as i64 / i64::from(calls)
}
