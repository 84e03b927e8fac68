//! Every op of the reference executor against vectors that loops in double precision made.

use std::collections::BTreeSet;

use dunlin_engine::{Engine, RawOutput, ReferenceEngine};
use dunlin_tests::op_case::{OpCase, Values};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    #[serde(flatten)]
    case: OpCase,
    expected: Values,
}

/// Single precision over at most a few dozen additions.
fn close(found: f32, expected: f32) -> bool {
    (found - expected).abs() <= 1e-5 + 1e-5 * expected.abs()
}

#[test]
fn every_op_answers_as_its_formula_says() {
    let vectors: Vec<Vector> = crate::vectors("ops.json");
    for Vector { case, expected } in &vectors {
        let model = ReferenceEngine.compile(&case.graph(&expected.shape), &case.weights());
        let model = model.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut output = RawOutput::default();
        model.new_run().run(&case.tensors(), &mut output).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let found = &output.tensors[0];
        assert_eq!(found.shape, expected.shape, "{}", case.name);
        for (element, (found, expected)) in found.data.iter().zip(&expected.data).enumerate() {
            assert!(close(*found, *expected), "{}, element {element}: {found} for {expected}", case.name);
        }
    }
}

#[test]
fn no_op_of_the_engine_is_without_a_vector() {
    let vectors: Vec<Vector> = crate::vectors("ops.json");
    let covered: BTreeSet<&str> = vectors.iter().map(|v| v.case.op_type.as_str()).collect();
    let all: BTreeSet<&str> = ReferenceEngine::ops().collect();
    assert_eq!(covered, all);
}
