//! The SDKs' surface: the cases that every SDK must pass, and what no order of calls may break.
//!
//! Kotlin, Swift and C run `cases.json` too; the folder that they need is made by the program `sdk_fixture`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batch;
mod cases;
mod closing;
mod errors;
mod fallback;
mod fixture;
mod hostile;
mod lifecycle;
mod logging;
mod packed;
mod runtime;
mod sdk;
mod sending;
mod surface;
mod threads;

/// Every case of `cases.json` by one way to the runtime: all failures are told, by the cases' names.
fn all_pass(failures: impl Iterator<Item = Option<String>>, at_least: usize) {
    let outcomes: Vec<Option<String>> = failures.collect();
    assert!(outcomes.len() >= at_least, "only {} cases were run", outcomes.len());
    let failures: Vec<String> = outcomes.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}
