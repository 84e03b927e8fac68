//! Operands that an op cannot take: their number, their shapes, how an initializer is held.

use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights, safetensors_bytes};
use dunlin_engine::{EngineError, ReferenceEngine};

use crate::net::{Net, int, ints, tensor};

fn is_bad_node(error: &EngineError) -> bool {
    matches!(error, EngineError::BadNode { node, .. } if node == "node")
}

#[test]
fn every_op_refuses_a_wrong_number_of_inputs() {
    for op in ReferenceEngine::ops() {
        let counts: &[usize] = if op == "Concat" { &[0, 1025] } else { &[0, 6] };
        for count in counts {
            let attributes = match op {
                "Concat" => vec![("axis", int(1))],
                "MaxPool" | "AveragePool" => vec![("kernel_shape", ints(&[1, 1]))],
                _ => vec![],
            };
            let net = Net::new(&[("x", &[1, 1, 1])]).node("node", op, &vec!["x"; *count], &attributes);
            let error = net.output("node", &[1]).refusal();
            assert!(is_bad_node(&error), "{op} of {count}: {error}");
            assert!(error.to_string().contains("input"), "{op} of {count}: {error}");
        }
    }
}

#[test]
fn a_node_makes_one_value() {
    for outputs in [vec![], vec!["y", "z"]] {
        let mut net = Net::of("Relu", &[2], &[], &[]).output("x", &[2]);
        net.graph.nodes[0].outputs = outputs.into_iter().map(str::to_owned).collect();
        assert!(is_bad_node(&net.refusal()));
    }
}

#[test]
fn a_needed_input_that_is_left_out_is_refused() {
    let net = Net::of("Conv", &[1, 4, 4], &["", "b"], &[]).dense("b", &[1]).output("node", &[1, 4, 4]);
    assert!(is_bad_node(&net.refusal()), "{}", net.refusal());
}

#[test]
fn an_optional_input_at_the_end_may_be_left_out_by_an_empty_name() {
    let gemm = Net::of("Gemm", &[2], &["w", ""], &[]).dense("w", &[2, 3]).output("node", &[3]);
    assert_eq!(gemm.run(&[tensor(&[1, 2])]).unwrap()[0].shape, [1, 3]);
    let conv = Net::of("Conv", &[1, 4], &["w", ""], &[]).dense("w", &[2, 1, 3]).output("node", &[2, 2]);
    assert_eq!(conv.run(&[tensor(&[1, 1, 4])]).unwrap()[0].shape, [1, 2, 2]);
}

#[test]
fn a_constant_is_added_to_what_a_stack_of_weights_makes() {
    let product = Net::of("MatMul", &[1, 2, 2], &["w"], &[]).dense("w", &[3, 2, 2]).dense("b", &[2]);
    let sum = product.node("y", "Add", &["node", "b"], &[]).output("y", &[3, 2, 2]);
    let made = sum.run(&[Tensor { shape: vec![1, 1, 2, 2], data: vec![0.0; 4] }]).unwrap().remove(0);
    assert_eq!(made.data, [-0.5, -0.375].repeat(6), "nothing but what is added");
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let one = |op: &str, row: &[usize], constants: &[&[usize]]| {
        let names: Vec<String> = (0..constants.len()).map(|i| format!("c{i}")).collect();
        let net = Net::of(op, row, &names.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        let net = names.iter().zip(constants).fold(net, |net, (name, shape)| net.dense(name, shape));
        net.output("node", &[1]).refusal()
    };
    let refusals = [
        one("Conv", &[3, 4, 4], &[&[2, 2, 3, 3]]),
        one("Conv", &[1, 4, 4], &[&[2, 1, 5, 3]]),
        one("Conv", &[1, 4, 4], &[&[2, 1, 3]]),
        one("Conv", &[1, 4, 4], &[&[2, 1, 3, 3], &[3]]),
        one("Conv", &[1, 4, 4, 4], &[&[2, 1, 3, 3, 3]]),
        one("Conv", &[4], &[&[2, 4]]),
        one("Gemm", &[3], &[&[4, 2]]),
        one("Gemm", &[3], &[&[3]]),
        one("Gemm", &[2, 3], &[&[3, 2]]),
        one("Gemm", &[3], &[&[3, 4], &[3]]),
        one("Gemm", &[3], &[&[3, 4], &[2, 4]]),
        one("Gemm", &[3], &[&[3, 4], &[1, 1, 4]]),
        one("MatMul", &[3], &[&[4, 2]]),
        one("MatMul", &[2, 3, 3], &[&[3, 3, 3]]),
        one("Add", &[3], &[&[4]]),
        one("BatchNormalization", &[3], &[&[3], &[3], &[3], &[4]]),
        one("LayerNormalization", &[3], &[&[4]]),
        one("GlobalAveragePool", &[3], &[]),
        one("Concat", &[3], &[&[3]]),
    ];
    for (i, error) in refusals.iter().enumerate() {
        assert!(is_bad_node(error), "case {i}: {error}");
    }
}

#[test]
fn an_initializer_that_no_weights_entry_has_is_refused() {
    let mut net = Net::of("Add", &[2], &["absent"], &[]).output("node", &[2]);
    net.graph.initializers.push("absent".to_owned());
    assert!(matches!(net.refusal(), EngineError::BadTensor { tensor, .. } if tensor == "absent"));
}

#[test]
fn an_initializer_of_a_type_that_the_op_has_no_use_for_is_refused() {
    let mut net = Net::of("Add", &[2], &["c"], &[]).output("node", &[2]);
    net.graph.initializers.push("c".to_owned());
    for dtype in [DType::I8, DType::U8, DType::Bool, DType::I32] {
        let bytes = vec![0; 2 * dtype.size_bytes()];
        let weight = Weight { dtype: WeightType::Dense(dtype), shape: &[2], bytes: &bytes };
        net.weights = Weights::from_safetensors(safetensors_bytes([("c", weight)]).unwrap()).unwrap();
        assert!(matches!(net.reference_refusal(), EngineError::BadTensor { tensor, .. } if tensor == "c"));
        assert!(is_bad_node(&net.refusal()), "{}", net.refusal());
    }
}

#[test]
fn half_precision_initializers_count_as_f32() {
    let mut net = Net::of("Add", &[2], &["c"], &[]).output("node", &[2]);
    net.graph.initializers.push("c".to_owned());
    let bytes = [0x00, 0x3c, 0x00, 0xc0]; // 1 and -2
    let weight = Weight { dtype: WeightType::Dense(DType::F16), shape: &[2], bytes: &bytes };
    net.weights = Weights::from_safetensors(safetensors_bytes([("c", weight)]).unwrap()).unwrap();
    let mut x = tensor(&[1, 2]);
    x.data = vec![0.5, 0.5];
    assert_eq!(net.run(&[x]).unwrap()[0].data, [1.5, -1.5]);
}

#[test]
fn whole_numbers_are_shapes_and_no_operands() {
    let net = Net::of("Add", &[2], &["c"], &[]).whole("c", &[1.0, 2.0]).output("node", &[2]);
    assert!(is_bad_node(&net.refusal()) && net.refusal().to_string().contains("'c'"), "{}", net.refusal());
    let net = Net::of("Reshape", &[2], &["c"], &[]).dense("c", &[2]).output("node", &[2]);
    assert!(is_bad_node(&net.refusal()) && net.refusal().to_string().contains("'c'"), "{}", net.refusal());
}

#[test]
fn blocks_are_refused_wherever_no_block_kernel_is_on_every_cpu_alike() {
    let bytes = [0; 34 * 32];
    let blocks = Weight { dtype: WeightType::Ggml(GgmlType::Q8_0), shape: &[32, 32], bytes: &bytes };
    let uses = [
        ("MatMul", vec![]),
        ("Add", vec![]),
        ("Gemm", vec![]),
        ("Gemm", vec![("transB", int(0))]),
        ("Concat", vec![("axis", int(1))]),
    ];
    for (op, attributes) in uses {
        let error = Net::of(op, &[32], &["c"], &attributes).blocks("c", blocks).output("node", &[32]).refusal();
        assert!(is_bad_node(&error), "{op}: {error}");
        assert!(error.to_string().contains("ggml blocks"), "{op}: {error}");
    }
    let good = Net::of("Gemm", &[32], &["c"], &[("transB", int(1))]).blocks("c", blocks).output("node", &[32]);
    assert_eq!(good.run(&[tensor(&[1, 32])]).unwrap()[0].data, [0.0; 32]);
}
