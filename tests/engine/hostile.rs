//! Graphs that ask for the absurd: sizes, memory, names. Each is refused when it is compiled, and the culprit is named.

use dunlin_bundle::graph::{Dim, ValueInfo};
use dunlin_bundle::tensor::DType;
use dunlin_engine::EngineError;

use crate::net::{Net, ints};

#[test]
fn an_unknown_op_is_named() {
    let error = Net::of("Einsum", &[4], &[], &[]).output("node", &[4]).refusal();
    assert_eq!(error, EngineError::UnsupportedOp { node: "node".to_owned(), op: "Einsum".to_owned() });
}

#[test]
fn an_operator_set_with_other_meanings_is_refused() {
    for opset in [0, 12, 25, u32::MAX] {
        let mut net = Net::of("Softmax", &[4], &[], &[]).output("node", &[4]);
        net.graph.opset = opset;
        assert!(matches!(net.refusal(), EngineError::UnsupportedOpset { opset: found, .. } if found == opset));
    }
}

#[test]
fn an_absurd_dimension_of_an_input_is_refused_by_name_beside_a_zero_too() {
    let huge = usize::MAX;
    for row in
        [vec![huge], vec![huge, huge], vec![1 << 29], vec![1; 8], vec![0, huge], vec![huge, 0], vec![0, huge, huge]]
    {
        let error = Net::of("Relu", &row, &[], &[]).output("node", &row).refusal();
        let named = match &error {
            EngineError::BadTensor { tensor, .. } => tensor == "x",
            EngineError::TooMuchMemory { node, .. } => node == "x",
            _ => false,
        };
        assert!(named, "{row:?}: {error}");
    }
}

#[test]
fn a_declared_batch_of_zero_is_refused_by_name() {
    let mut net = Net::of("Relu", &[2], &[], &[]).output("node", &[2]);
    net.graph.inputs[0].shape[0] = Dim::Size(0);
    assert!(matches!(net.refusal(), EngineError::BadTensor { tensor, .. } if tensor == "x"));
}

#[test]
fn an_input_without_batch_with_a_symbol_elsewhere_or_of_another_type_is_refused_by_name() {
    let symbol = || Dim::Symbol("T".to_owned());
    let shapes =
        [(vec![], DType::F32), (vec![symbol(), symbol()], DType::F32), (vec![symbol(), Dim::Size(2)], DType::U8)];
    for (shape, dtype) in shapes {
        let mut net = Net::of("Relu", &[2], &[], &[]).output("node", &[2]);
        net.graph.inputs[0] = ValueInfo { name: "x".to_owned(), dtype, shape };
        assert!(matches!(net.refusal(), EngineError::BadTensor { tensor, .. } if tensor == "x"));
    }
}

#[test]
fn doubling_until_memory_is_over_the_limit_is_refused_at_the_node_that_passes_it() {
    let mut net = Net::new(&[("v0", &[1024])]);
    for i in 0..60 {
        let (from, to) = (format!("v{i}"), format!("v{}", i + 1));
        net = net.node(&to, "Concat", &[&from, &from], &[("axis", crate::net::int(1))]);
    }
    let net = net.output("v60", &[1024]);
    let EngineError::BadNode { node, .. } = net.refusal() else { panic!("{}", net.refusal()) };
    assert_eq!(node, "v21", "2^10 elements, doubled, are over 2^30 at the 21st node");
    let EngineError::TooLarge { node, elements, limit } = net.reference_refusal() else { panic!("another reason") };
    assert_eq!(node, "v18", "2^10 elements, doubled and summed, pass 2^28 at the 18th node");
    assert!(elements > limit);
}

#[test]
fn broadcasting_that_blows_up_is_refused() {
    let net = Net::new(&[("a", &[1 << 16, 1]), ("b", &[1, 1 << 16])]).node("sum", "Add", &["a", "b"], &[]);
    let net = net.output("sum", &[1 << 16, 1 << 16]);
    let (plan, reference) = (net.refusal(), net.reference_refusal());
    assert!(matches!(&plan, EngineError::BadNode { node, .. } if node == "sum"), "{plan}");
    assert!(matches!(&reference, EngineError::TooLarge { node, .. } if node == "sum"), "{reference}");
}

#[test]
fn stacks_of_matrices_that_blow_up_are_refused() {
    let net = Net::new(&[("a", &[1 << 14, 1, 1, 8]), ("b", &[1, 1 << 14, 8, 1])]);
    let net = net.node("product", "MatMul", &["a", "b"], &[]).output("product", &[1 << 14, 1 << 14, 1, 1]);
    let (plan, reference) = (net.refusal(), net.reference_refusal());
    // The product takes all that the plan may have, so that something beside it does not fit.
    assert!(matches!(&plan, EngineError::TooMuchMemory { .. }), "{plan}");
    assert!(matches!(&reference, EngineError::TooLarge { node, .. } if node == "product"), "{reference}");
}

#[test]
fn memory_that_an_op_takes_on_the_way_counts() {
    // The windows of this convolution are 2^34 elements, though input and output are small.
    let net = Net::of("Conv", &[1, 1 << 24], &["w"], &[]).dense("w", &[1, 1, 1024]);
    let error = net.output("node", &[1, (1 << 24) - 1023]).reference_refusal();
    assert!(matches!(&error, EngineError::TooLarge { node, .. } if node == "node"), "{error}");
}

#[test]
fn padding_that_blows_up_is_refused() {
    for pad in [1 << 14, 1 << 40, i64::MAX] {
        let pads = ("pads", ints(&[pad, pad, pad, pad]));
        let error =
            Net::of("Conv", &[1, 4, 4], &["w"], &[pads]).dense("w", &[1, 1, 3, 3]).output("node", &[1]).refusal();
        assert!(matches!(error.code(), "too_much_memory" | "bad_node"), "{error}");
        assert!(error.to_string().contains("'node'"), "{error}");
    }
}

#[test]
fn a_name_that_is_made_twice_is_refused() {
    let duplicate =
        |maker: &str, value: &str| EngineError::DuplicateValue { maker: maker.to_owned(), value: value.to_owned() };
    let twice = Net::new(&[("x", &[2])]).node("y", "Relu", &["x"], &[]).node("y", "Tanh", &["x"], &[]);
    assert_eq!(twice.output("y", &[2]).refusal(), duplicate("y", "y"));
    let over_input = Net::new(&[("x", &[2])]).node("x", "Relu", &["x"], &[]);
    assert_eq!(over_input.output("x", &[2]).refusal(), duplicate("x", "x"));
    assert_eq!(Net::new(&[("x", &[2]), ("x", &[2])]).output("x", &[2]).refusal(), duplicate("graph input", "x"));
    assert_eq!(Net::new(&[("x", &[2])]).dense("x", &[2]).output("x", &[2]).refusal(), duplicate("initializer", "x"));
    let mut listed_twice = Net::new(&[("x", &[2])]).dense("c", &[2]).output("x", &[2]);
    listed_twice.graph.initializers.push("c".to_owned());
    assert_eq!(listed_twice.refusal(), duplicate("initializer", "c"));
}

#[test]
fn a_value_that_nothing_made_before_is_refused_so_that_there_are_no_cycles() {
    let unknown =
        |user: &str, value: &str| EngineError::UnknownValue { user: user.to_owned(), value: value.to_owned() };
    let later = Net::new(&[("x", &[2])]).node("a", "Add", &["x", "b"], &[]).node("b", "Relu", &["a"], &[]);
    assert_eq!(later.output("b", &[2]).refusal(), unknown("a", "b"));
    let own = Net::new(&[("x", &[2])]).node("a", "Add", &["x", "a"], &[]);
    assert_eq!(own.output("a", &[2]).refusal(), unknown("a", "a"));
    assert_eq!(Net::new(&[("x", &[2])]).output("y", &[2]).refusal(), unknown("graph output", "y"));
}

#[test]
fn an_output_of_another_shape_than_declared_is_refused() {
    for row in [vec![], vec![3], vec![2, 1]] {
        let error = Net::of("Relu", &[2], &[], &[]).output("node", &row).refusal();
        assert!(
            matches!(&error, EngineError::WrongOutput { output, found, .. } if output == "node" && *found == [1, 2])
        );
    }
    // The batch of the output is the batch of the input.
    let joined = Net::of("Concat", &[2], &["x"], &[("axis", crate::net::int(0))]).output("node", &[2]);
    assert!(matches!(joined.refusal(), EngineError::WrongOutput { .. }));
}
