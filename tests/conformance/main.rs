//! The reference engine against ONNX Runtime, which shares no code with it: random cases of every op, and whole networks.
//!
//! `DUNLIN_PYTHON` names a Python that has onnx, onnxruntime and numpy; without it the comparison is skipped, aloud.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod dice;
mod oracle;

use std::collections::BTreeSet;
use std::io::Write;

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, EngineError, RawOutput, ReferenceEngine};

use cases::Case;

const CASES_OF_EACH_OP: u64 = 40;

#[test]
fn every_op_and_whole_networks_answer_as_onnx_runtime_does() {
    let Some(python) = std::env::var_os("DUNLIN_PYTHON").filter(|python| !python.is_empty()) else {
        // Past the test runner's capture: a comparison that did not happen must be seen.
        let told =
            b"SKIPPED: no comparison with ONNX Runtime; set DUNLIN_PYTHON to a Python with onnx and onnxruntime\n";
        std::io::stderr().write_all(told).unwrap();
        return;
    };
    let mut all = cases::networks();
    for op in ReferenceEngine::ops() {
        all.extend((0..CASES_OF_EACH_OP).map(|seed| cases::random(op, seed)));
    }
    for case in &mut all {
        case.declare_output();
    }
    let expected = oracle::run(&python, &all);
    let mut worst = (0.0, String::new());
    for (case, expected) in all.iter().zip(&expected) {
        for (found, expected) in case.run().iter().zip(expected) {
            let difference = compare(case, found, expected);
            if difference > worst.0 {
                worst = (difference, case.name());
            }
        }
    }
    eprintln!("{} cases; the worst takes {:.4} of its tolerance: {}", all.len(), worst.0, worst.1);
}

#[test]
fn the_random_cases_are_of_every_op_and_differ() {
    for op in ReferenceEngine::ops() {
        let cases: BTreeSet<String> = (0..CASES_OF_EACH_OP).map(|seed| cases::random(op, seed).name()).collect();
        assert!(cases.len() as u64 > CASES_OF_EACH_OP / 4, "{op} has only {} different cases", cases.len());
    }
}

/// The largest difference as a share of its tolerance.
fn compare(case: &Case, found: &Tensor, expected: &Tensor) -> f64 {
    let name = case.name();
    assert_eq!(found.shape, expected.shape, "{name}: shapes differ");
    let mut worst = 0.0_f64;
    for (element, (found, expected)) in found.data.iter().zip(&expected.data).enumerate() {
        let (found, expected) = (f64::from(*found), f64::from(*expected));
        let share = (found - expected).abs() / (1e-5 + 1e-4 * expected.abs());
        assert!(share <= 1.0, "{name}, element {element}: {found}, ONNX Runtime says {expected}");
        worst = worst.max(share);
    }
    worst
}

impl Case {
    /// Declares the output with the shape that this engine infers; whether it is right, ONNX Runtime tells.
    fn declare_output(&mut self) {
        if let Err(EngineError::WrongOutput { found, .. }) =
            ReferenceEngine.compile(&self.graph, &self.weights).map(drop)
        {
            self.graph.outputs[0].shape = found.into_iter().map(dunlin_bundle::graph::Dim::Size).collect();
        }
    }

    fn run(&self) -> Vec<Tensor> {
        let model = ReferenceEngine.compile(&self.graph, &self.weights);
        let model = model.unwrap_or_else(|error| panic!("{}: {error}", self.name()));
        let mut output = RawOutput::default();
        model.new_run().run(&self.inputs, &mut output).unwrap_or_else(|error| panic!("{}: {error}", self.name()));
        output.tensors
    }
}
