//! Values without elements: they flow through as any other, and only what has a meaning is made of them.

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::EngineError;
use dunlin_tests::engines;

use crate::net::{Net, int, ints, on_plans, tensor};

/// A graph of one reduction of `[N, 2, 0, 3]` over the dimension of zero.
fn reduction(op: &str) -> Net {
    Net::of(op, &[2, 0, 3], &["axes"], &[("keepdims", int(0))]).whole("axes", &[2.0]).output("node", &[2, 3])
}

#[test]
fn what_has_no_elements_keeps_its_shape_through_any_op_in_every_engine() {
    let flat = || Net::of("Flatten", &[2, 0, 3], &[], &[]).output("node", &[0]);
    let turned = [("perm", ints(&[0, 3, 1, 2]))];
    let whole = |op| Net::of(op, &[2, 0, 3], &[], &[]).output("node", &[2, 0, 3]);
    let nets = [
        whole("Relu"),
        whole("Softmax"),
        flat(),
        Net::of("Transpose", &[2, 0, 3], &[], &turned).output("node", &[3, 2, 0]),
        Net::of("Add", &[2, 0, 3], &["b"], &[]).dense("b", &[3]).output("node", &[2, 0, 3]),
        Net::of("MatMul", &[2, 0, 3], &["w"], &[]).dense("w", &[3, 4]).output("node", &[2, 0, 4]),
        Net::of("Concat", &[2, 0, 3], &["x"], &[("axis", int(2))]).output("node", &[2, 0, 3]),
    ];
    for net in nets {
        for batch in [1, 3] {
            let input = Tensor { shape: vec![batch, 2, 0, 3], data: Vec::new() };
            let made = net.run(&[input]).unwrap().remove(0);
            assert!(made.data.is_empty() && made.shape[0] == batch, "{:?}", made.shape);
        }
    }
}

#[test]
fn a_reduction_of_no_elements_gives_what_changes_nothing() {
    let (none, all) = (f32::NEG_INFINITY, f32::INFINITY);
    let identities = [
        ("ReduceSum", 0.0),
        ("ReduceL1", 0.0),
        ("ReduceL2", 0.0),
        ("ReduceSumSquare", 0.0),
        ("ReduceProd", 1.0),
        ("ReduceMax", none),
        ("ReduceMin", all),
        ("ReduceLogSum", none),
        ("ReduceLogSumExp", none),
    ];
    for (op, identity) in identities {
        for batch in [1, 3] {
            let input = Tensor { shape: vec![batch, 2, 0, 3], data: Vec::new() };
            let made = on_plans(&reduction(op), &[input]).unwrap().remove(0);
            assert_eq!(made.shape, [batch, 2, 3]);
            assert!(made.data.iter().all(|value| *value == identity), "{op}: {:?}", made.data);
        }
    }
    let input = Tensor { shape: vec![1, 2, 0, 3], data: Vec::new() };
    let mean = on_plans(&reduction("ReduceMean"), &[input]).unwrap().remove(0);
    assert!(mean.data.iter().all(|value| value.is_nan()), "a mean of nothing is no number");
}

#[test]
fn a_part_without_elements_adds_nothing_to_what_it_is_joined_with() {
    let joined = Net::new(&[("x", &[0, 2]), ("b", &[3, 2])]);
    let joined = joined.node("node", "Concat", &["x", "b", "x"], &[("axis", int(1))]).output("node", &[3, 2]);
    for batch in [1, 2] {
        let inputs = [Tensor { shape: vec![batch, 0, 2], data: Vec::new() }, tensor(&[batch, 3, 2])];
        assert_eq!(joined.run(&inputs).unwrap()[0].data, inputs[1].data);
    }
}

#[test]
fn padding_around_no_elements_is_padding_alone() {
    let padded = Net::of("Pad", &[0, 2], &["pads"], &[]).whole("pads", &[0.0, 1.0, 0.0, 0.0, 2.0, 0.0]);
    let made = on_plans(&padded.output("node", &[3, 2]), &[Tensor { shape: vec![1, 0, 2], data: Vec::new() }]);
    assert_eq!(made.unwrap()[0], Tensor { shape: vec![1, 3, 2], data: vec![0.0; 6] });
}

#[test]
fn an_op_that_would_make_something_of_nothing_is_refused_by_every_engine() {
    let product = Net::new(&[("x", &[2, 0]), ("b", &[0, 3])]).node("node", "MatMul", &["x", "b"], &[]);
    let pool = Net::of("GlobalAveragePool", &[2, 0, 3], &[], &[]).output("node", &[2, 1, 1]);
    let pads = [("pads", ints(&[1, 1, 1, 1]))];
    let conv = Net::of("Conv", &[1, 0, 3], &["w"], &pads).dense("w", &[1, 1, 2, 2]).output("node", &[1, 1, 4]);
    for net in [product.output("node", &[2, 3]), pool, conv] {
        let refusal = net.refusal();
        assert!(matches!(&refusal, EngineError::BadNode { node, .. } if node == "node"), "{refusal}");
    }
}

#[test]
fn a_batch_of_zero_is_refused_even_where_every_other_dimension_is_zero_too() {
    let net = Net::of("Relu", &[0], &[], &[]).output("node", &[0]);
    for (name, engine) in engines::all() {
        let mut run = engine.compile(&net.graph, &net.weights).unwrap().new_run();
        let refused = run.run(&[Tensor { shape: vec![0, 0], data: Vec::new() }], &mut Default::default());
        assert!(matches!(refused, Err(EngineError::WrongInput { .. })), "{name}: {refused:?}");
    }
}
