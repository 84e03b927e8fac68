//! ONNX models in, graphs out: what is refused, what each rewriting keeps, which batches are proved.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod folding;
