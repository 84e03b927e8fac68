//! Quantised models: what runs in int8, what is refused, how large they are, and whether ONNX Runtime agrees.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fused;
mod known_models;
mod nets;
mod onnx_runtime;
mod oracle;
mod recipes;
mod refused;
