//! Any bytes as an ONNX file: importing them never panics nor takes memory without bound, and what is imported can be
//! compiled or is refused.
#![no_main]

use dunlin_engine::{Engine, PlanEngine};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(imported) = dunlin_import::import(bytes) {
        let _ = PlanEngine::default().compile(&imported.graph, &imported.weights);
    }
});
