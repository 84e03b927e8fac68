//! Files that lie, break off or ask for too much are refused by name, and nothing panics.

use dunlin_import::{ImportError, import};
use proptest::prelude::*;

use crate::proto::{FLOAT, INT64, Onnx, field, int, ints, string, tensor, varint_field};

/// A convolution, its batch normalization, a reshape and a product: something of everything.
fn honest() -> Onnx {
    let mut onnx = Onnx::new(13).input("x", &[1, 2, 4, 4]).some_floats("w", &[3, 2, 3, 3]);
    for name in ["scale", "bias", "mean"] {
        onnx = onnx.some_floats(name, &[3]);
    }
    onnx.floats("variance", &[3], &[0.5, 1.0, 2.0])
        .ints("shape", &[2], &[1, 12])
        .some_floats("matrix", &[12, 5])
        .node("Conv", &["x", "w"], &["c"], &[])
        .node("BatchNormalization", &["c", "scale", "bias", "mean", "variance"], &["n"], &[])
        .node("Reshape", &["n", "shape"], &["r"], &[])
        .node("MatMul", &["r", "matrix"], &["m"], &[])
        .node("Softmax", &["m"], &["y"], &[int("axis", -1)])
        .output("y")
}

fn refusal(onnx: &Onnx) -> String {
    import(&onnx.bytes()).map(|imported| imported.graph).unwrap_err().to_string()
}

#[test]
fn an_honest_file_is_imported() {
    import(&honest().bytes()).unwrap();
}

#[test]
fn bytes_that_are_no_model_are_refused() {
    for bytes in [&b""[..], b"hello", &[0xff; 64], &field(7, b""), &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
        assert!(
            matches!(import(bytes), Err(ImportError::NotOnnx { .. })),
            "{bytes:?}: {:?}",
            import(bytes).map(|_| ())
        );
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let bytes = honest().bytes();
    // The last bytes name the second operator set, which this model does not need.
    for length in (0..bytes.len() - 20).step_by(7) {
        assert!(import(&bytes[..length]).is_err(), "{length} of {} bytes were taken", bytes.len());
    }
}

#[test]
fn shapes_that_overflow_or_do_not_fit_their_bytes_are_refused_by_name() {
    let wrong = [
        tensor("k", FLOAT, &[i64::MAX, i64::MAX], &[0; 4]),
        tensor("k", FLOAT, &[-1], &[0; 4]),
        tensor("k", FLOAT, &[3], &[0; 8]),
        tensor("k", FLOAT, &[1; 9], &[0; 4]),
        tensor("k", 99, &[1], &[0; 4]),
        tensor("k", FLOAT, &[1], &f32::NAN.to_le_bytes()),
    ];
    for tensor in wrong {
        let onnx = Onnx::new(13).input("x", &[1, 1]).tensor(&tensor).node("Add", &["x", "k"], &["y"], &[]).output("y");
        let error = import(&onnx.bytes()).map(|_| ()).unwrap_err();
        assert!(matches!(&error, ImportError::BadTensor { tensor, .. } if tensor == "k"), "{error}");
    }
}

#[test]
fn values_in_another_file_are_refused_with_what_to_do() {
    let location = [field(1, b"location"), field(2, b"../../etc/passwd")].concat();
    let external = [tensor("k", FLOAT, &[1], &[]), field(13, &location), varint_field(14, 1)].concat();
    let onnx = Onnx::new(13).input("x", &[1, 1]).tensor(&external).node("Add", &["x", "k"], &["y"], &[]).output("y");
    let error = refusal(&onnx);
    assert!(error.contains("'k'") && error.contains("../../etc/passwd") && error.contains("save the model"), "{error}");
}

#[test]
fn a_circle_and_a_value_that_nothing_makes_are_refused_with_the_nodes_name() {
    let onnx = Onnx::new(13)
        .input("x", &[1, 2])
        .node("Add", &["x", "b"], &["a"], &[])
        .node("Relu", &["a"], &["b"], &[])
        .output("b");
    assert!(refusal(&onnx).starts_with("node 'Add0' (Add): it uses 'b'"), "{}", refusal(&onnx));
    let onnx = Onnx::new(13).input("x", &[1, 2]).node("Relu", &["x"], &["y"], &[]).output("z");
    assert!(refusal(&onnx).starts_with("output 'z'"), "{}", refusal(&onnx));
}

#[test]
fn what_is_made_twice_is_refused() {
    let onnx = Onnx::new(13).input("x", &[1, 2]).node("Relu", &["x"], &["x"], &[]).output("x");
    assert!(refusal(&onnx).contains("'x', which is there already"), "{}", refusal(&onnx));
    let onnx = Onnx::new(13).input("x", &[1, 2]).some_floats("k", &[2]).some_floats("k", &[2]).output("x");
    assert!(refusal(&onnx).starts_with("tensor 'k'"), "{}", refusal(&onnx));
}

#[test]
fn outputs_that_no_node_makes_or_that_come_twice_are_refused() {
    let onnx =
        || Onnx::new(13).input_of("x", INT64, &[1, 2]).some_floats("k", &[1, 2]).node("Neg", &["x"], &["y"], &[]);
    for twice in [onnx().output("y").output("y"), onnx().output("x"), onnx().output("k")] {
        assert!(matches!(import(&twice.bytes()), Err(ImportError::BadOutput { .. })));
    }
}

#[test]
fn an_attribute_of_another_type_is_not_taken_for_its_default() {
    let wrong = [("Softmax", string("axis", "1")), ("Flatten", ints("axis", &[1])), ("LeakyRelu", int("alpha", 1))];
    for (op, attribute) in wrong {
        let name = attribute.0;
        let onnx = Onnx::new(13).input("x", &[1, 2]).node(op, &["x"], &["y"], &[attribute]).output("y");
        assert!(refusal(&onnx).contains(&format!("attribute '{name}' must be of type")), "{}", refusal(&onnx));
    }
}

#[test]
fn an_op_without_a_way_in_is_refused_by_op_and_node_with_what_to_do() {
    let with = |domain, op| {
        let onnx = Onnx::new(13).input("x", &[1, 2]).node_of(domain, op, &["x"], &["y"], &[]).output("y");
        let error = import(&onnx.bytes()).map(|_| ()).unwrap_err();
        assert!(matches!(error, ImportError::UnsupportedOp { .. }), "{error}");
        error.to_string()
    };
    assert!(
        with("", "LSTM").starts_with("node 'LSTM0': op LSTM cannot be imported; recurrent"),
        "{}",
        with("", "LSTM")
    );
    assert!(with("", "Loop").contains("fixed shapes"));
    assert!(with("com.example", "Magic").contains("op com.example.Magic"));
    assert!(with("ai.onnx.ml", "SVMClassifier").contains("linear model"));
    // Only the importer makes it of scikit-learn's ops; a file cannot.
    with("", "TreeEnsemble");
}

#[test]
fn opsets_that_nobody_has_read_are_refused() {
    for opset in [1, 6, 99, -3, i64::MAX] {
        let onnx = Onnx::new(opset).input("x", &[1, 2]).node("Relu", &["x"], &["y"], &[]).output("y");
        assert!(matches!(import(&onnx.bytes()), Err(ImportError::Opset { .. })), "opset {opset}");
    }
}

#[test]
fn more_nodes_tensors_or_inputs_than_a_bundle_has_are_refused_before_they_are_read() {
    for (number, limit) in [(1, "MAX_NODES"), (5, "MAX_TENSORS"), (11, "MAX_VALUES")] {
        let many = field(number, b"").repeat(80_000);
        let bytes = [varint_field(1, 8), field(7, &many), field(8, &varint_field(2, 13))].concat();
        match import(&bytes).map(|_| ()) {
            Err(ImportError::Limit { limit: found, .. }) => assert_eq!(found, limit),
            other => panic!("{other:?}"),
        }
    }
    let wide = field(5, b"").repeat(5_000);
    assert!(refusal(&Onnx::new(13).raw(1, &wide)).contains("MAX_NODE_FIELDS"));
}

#[test]
fn inputs_that_cannot_be_fed_are_refused_by_name() {
    let open = Onnx::new(13).input("x", &[-1, -1, 3]).node("Relu", &["x"], &["y"], &[]).output("y");
    assert!(refusal(&open).starts_with("input 'x': its dimension 'N' is open"), "{}", refusal(&open));
    let strings = Onnx::new(13).input_of("x", 8, &[1, 3]).node("Relu", &["x"], &["y"], &[]).output("y");
    assert!(refusal(&strings).starts_with("input 'x': string cannot be fed"), "{}", refusal(&strings));
    let huge = Onnx::new(13).input("x", &[1, i64::MAX, 4]).node("Relu", &["x"], &["y"], &[]).output("y");
    assert!(refusal(&huge).starts_with("input 'x'"), "{}", refusal(&huge));
    let scalar = Onnx::new(13).input("x", &[]).node("Relu", &["x"], &["y"], &[]).output("y");
    assert!(refusal(&scalar).starts_with("input 'x'"), "{}", refusal(&scalar));
    let two = Onnx::new(13).input("x", &[1, 3]).input("z", &[2, 3]).node("Add", &["x", "z"], &["y"], &[]).output("y");
    assert!(refusal(&two).starts_with("input 'z'"), "{}", refusal(&two));
}

#[test]
fn shapes_that_do_not_fit_are_refused_with_the_nodes_name() {
    let matmul = Onnx::new(13).input("x", &[1, 3]).some_floats("w", &[4, 2]).node("MatMul", &["x", "w"], &["y"], &[]);
    assert!(refusal(&matmul.output("y")).starts_with("node 'MatMul0' (MatMul): the inner sizes"));
    let grown = Onnx::new(13)
        .input("x", &[1, 1 << 16])
        .ints("s", &[4], &[1, 1 << 20, 1 << 20, 1])
        .node("Expand", &["x", "s"], &["y"], &[])
        .output("y");
    assert!(refusal(&grown).starts_with("node 'Expand0' (Expand)"), "{}", refusal(&grown));
    let gathered = Onnx::new(13)
        .input("x", &[1, 3])
        .ints("i", &[1], &[3])
        .node("Gather", &["x", "i"], &["y"], &[int("axis", 1)])
        .output("y");
    assert!(refusal(&gathered).contains("takes entry 3 of 3"), "{}", refusal(&gathered));
}

#[test]
fn a_target_shape_that_the_data_decide_is_refused() {
    let onnx = Onnx::new(13)
        .input_of("x", INT64, &[1, 2])
        .input("z", &[1, 4])
        .node("Reshape", &["z", "x"], &["y"], &[])
        .output("y");
    assert!(refusal(&onnx).contains("must be known before the model runs"), "{}", refusal(&onnx));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_imported_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = import(&bytes);
    }

    #[test]
    fn a_file_with_some_bytes_changed_is_imported_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = honest().bytes();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = import(&bytes);
    }
}
