//! ONNX models in, graphs out: what is refused, what each rewriting keeps, which batches are proved.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batches;
mod edges;
mod folding;
mod hostile;
mod normalised;
mod onnx_runtime;
mod packaged;
mod proto;
mod public_models;

/// Says past the test runner's capture that something did not happen.
fn skipped(what: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes()).unwrap();
}
