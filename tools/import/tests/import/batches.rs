//! The batch becomes a symbol only where each row's answer is what it would be alone.

use dunlin_bundle::graph::Dim;
use dunlin_bundle::tensor::{Tensor, element_count};
use dunlin_engine::{Engine, EngineError, PlanEngine, RawOutput};
use dunlin_import::{Batch, Imported, import};
use proptest::prelude::*;

use crate::proto::{Onnx, int, ints};

fn imported(onnx: &Onnx) -> Imported {
    import(&onnx.clone().output("y").bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Which node fixes the batch, and how.
fn fixed(onnx: &Onnx) -> (usize, String, String) {
    match imported(onnx).batch {
        Batch::Fixed { size, node, reason } => (size, node, reason),
        Batch::Any => panic!("any batch was proved"),
    }
}

/// Models over rows of `[3, 4]` that any batch goes through, each exported for a batch of so many.
fn provable(rows: i64) -> Vec<(&'static str, Onnx)> {
    let onnx = || Onnx::new(13).input("x", &[rows, 3, 4]);
    let heads = onnx()
        .some_floats("w", &[4, 4])
        .ints("split", &[4], &[rows, 3, 2, 2])
        .ints("join", &[3], &[rows, 3, 4])
        .node("MatMul", &["x", "w"], &["q"], &[])
        .node("Reshape", &["q", "split"], &["h"], &[])
        .node("Transpose", &["h"], &["a"], &[ints("perm", &[0, 2, 1, 3])])
        .node("Transpose", &["h"], &["b"], &[ints("perm", &[0, 2, 3, 1])])
        .node("MatMul", &["a", "b"], &["scores"], &[])
        .node("Softmax", &["scores"], &["weights"], &[int("axis", -1)])
        .node("MatMul", &["weights", "a"], &["c"], &[])
        .node("Transpose", &["c"], &["d"], &[ints("perm", &[0, 2, 1, 3])])
        .node("Reshape", &["d", "join"], &["y"], &[]);
    let time_first = onnx()
        .some_floats("w", &[4, 4])
        .ints("split", &[3], &[3, rows * 2, 2])
        .ints("join", &[3], &[3, rows, 4])
        .node("Transpose", &["x"], &["t"], &[ints("perm", &[1, 0, 2])])
        .node("MatMul", &["t", "w"], &["q"], &[])
        .node("Reshape", &["q", "split"], &["h"], &[])
        .node("Transpose", &["h"], &["a"], &[ints("perm", &[1, 0, 2])])
        .node("Transpose", &["a"], &["b"], &[ints("perm", &[0, 2, 1])])
        .node("MatMul", &["a", "b"], &["scores"], &[])
        .node("MatMul", &["scores", "a"], &["c"], &[])
        .node("Transpose", &["c"], &["d"], &[ints("perm", &[1, 0, 2])])
        .node("Reshape", &["d", "join"], &["e"], &[])
        .node("Transpose", &["e"], &["y"], &[ints("perm", &[1, 0, 2])]);
    let each_step = onnx()
        .some_floats("w", &[5, 4])
        .some_floats("bias", &[5])
        .ints("rows", &[2], &[-1, 4])
        .ints("back", &[3], &[rows, 3, 5])
        .node("Reshape", &["x", "rows"], &["r"], &[])
        .node("Gemm", &["r", "w", "bias"], &["g"], &[int("transB", 1)])
        .node("Reshape", &["g", "back"], &["y"], &[]);
    let flat = onnx()
        .ints("target", &[2], &[rows, 12])
        .some_floats("w", &[12, 5])
        .node("Reshape", &["x", "target"], &["r"], &[])
        .node("MatMul", &["r", "w"], &["y"], &[]);
    let convolution = onnx()
        .some_floats("w", &[6, 1, 3])
        .some_floats("bias", &[6])
        .node("Conv", &["x", "w", "bias"], &["c"], &[int("group", 3), ints("pads", &[2, 0])])
        .node("Relu", &["c"], &["r"], &[])
        .node("MaxPool", &["r"], &["y"], &[ints("kernel_shape", &[2])]);
    let parts = onnx()
        .ints("s", &[1], &[1])
        .ints("e", &[1], &[3])
        .ints("a", &[1], &[2])
        .ints("pads", &[6], &[0, 1, 0, 0, 0, 1])
        .node("Slice", &["x", "s", "e", "a"], &["p"], &[])
        .node("Concat", &["x", "p"], &["j"], &[int("axis", 2)])
        .node("Pad", &["j", "pads"], &["y"], &[]);
    let reduced = onnx()
        .ints("a", &[1], &[2])
        .node("ReduceSum", &["x", "a"], &["m"], &[int("keepdims", 1)])
        .node("Sub", &["x", "m"], &["s"], &[])
        .node("ReduceMax", &["s"], &["y"], &[ints("axes", &[1]), int("keepdims", 0)]);
    vec![
        ("heads", heads),
        ("time first", time_first),
        ("each step", each_step),
        ("flat", flat),
        ("convolution", convolution),
        ("parts", parts),
        ("reduced", reduced),
    ]
}

#[test]
fn what_no_row_shares_takes_any_batch_whatever_batch_it_was_exported_for() {
    for rows in [1, 8] {
        for (name, onnx) in provable(rows) {
            let imported = imported(&onnx);
            assert_eq!(imported.batch, Batch::Any, "{name} exported for {rows}");
            let dims = imported.graph.inputs.iter().chain(&imported.graph.outputs).map(|value| &value.shape[0]);
            assert!(dims.clone().all(|dim| *dim == Dim::Symbol("N".to_owned())), "{name}");
        }
    }
}

#[test]
fn a_mean_over_the_batch_fixes_it_and_is_named() {
    let onnx = Onnx::new(13).input("x", &[4, 3]).node("ReduceMean", &["x"], &["m"], &[ints("axes", &[0])]).node(
        "Sub",
        &["x", "m"],
        &["y"],
        &[],
    );
    assert_eq!(fixed(&onnx), (4, "ReduceMean0".to_owned(), "it reduces over the batch".to_owned()));
}

#[test]
fn rows_that_meet_fix_the_batch() {
    let one = |op: &str, inputs: &[&str], attributes: &[crate::proto::Attribute]| {
        let onnx = Onnx::new(13).input("x", &[1, 3]).some_floats("row", &[1, 3]).ints("first", &[1], &[0]);
        fixed(&onnx.node(op, inputs, &["y"], attributes)).1
    };
    assert_eq!(one("Concat", &["x", "row"], &[int("axis", 0)]), "Concat0");
    assert_eq!(one("Concat", &["x", "row"], &[int("axis", 1)]), "Concat0");
    assert_eq!(one("Gather", &["x", "first"], &[int("axis", 0)]), "Gather0");
    assert_eq!(one("Softmax", &["x"], &[int("axis", 0)]), "Softmax0");
    assert_eq!(one("Gemm", &["x", "x"], &[int("transB", 1)]), "Gemm0");
    assert_eq!(one("Gemm", &["x", "row"], &[int("transA", 1)]), "Gemm0");
    assert_eq!(one("Flatten", &["x"], &[int("axis", 0)]), "y");
    assert_eq!(one("Transpose", &["x"], &[]), "y");
    let four = || Onnx::new(13).input("x", &[4, 3]);
    let added = four().some_floats("rows", &[4, 3]).node("Add", &["x", "rows"], &["y"], &[]);
    assert_eq!(fixed(&added).1, "Add0");
    let torn = four().ints("torn", &[2], &[3, 4]).ints("back", &[2], &[4, 3]);
    let torn = torn.node("Reshape", &["x", "torn"], &["t"], &[]).node("Reshape", &["t", "back"], &["y"], &[]);
    assert_eq!(fixed(&torn).1, "Reshape0");
}

#[test]
fn a_batch_of_one_that_is_squeezed_away_is_not_taken_for_any() {
    // Kept, the axis after it would mean another dimension.
    let onnx = Onnx::new(13).input("x", &[1, 3, 4]).node("Squeeze", &["x"], &["s"], &[]).node(
        "ReduceMean",
        &["s"],
        &["y"],
        &[ints("axes", &[1])],
    );
    assert_eq!(fixed(&onnx).1, "Squeeze0");
}

#[test]
fn one_row_taken_of_an_open_batch_is_not_taken_for_all() {
    let slice = |rows| {
        let onnx =
            Onnx::new(13).input("x", &[rows, 3]).ints("s", &[1], &[0]).ints("e", &[1], &[1]).ints("a", &[1], &[0]);
        imported(&onnx.node("Slice", &["x", "s", "e", "a"], &["t"], &[]).node("Relu", &["t"], &["y"], &[])).batch
    };
    assert_eq!(slice(1), Batch::Any);
    assert!(matches!(slice(-1), Batch::Fixed { size: 1, .. }));
}

#[test]
fn a_graph_whose_batch_is_fixed_refuses_another_when_it_runs() {
    let onnx = Onnx::new(13).input("x", &[1, 3]).some_floats("k", &[1, 2]);
    let imported = imported(&onnx.node("Concat", &["x", "k"], &["y"], &[int("axis", 1)]));
    let mut run = PlanEngine::default().compile(&imported.graph, &imported.weights).unwrap().new_run();
    let rows = |n: usize| [Tensor { shape: vec![n, 3], data: vec![0.5; 3 * n] }];
    let mut output = RawOutput::default();
    run.run(&rows(1), &mut output).unwrap();
    let refused = run.run(&rows(2), &mut output);
    assert!(matches!(refused, Err(EngineError::FixedBatch { .. } | EngineError::WrongInput { .. })), "{refused:?}");
}

/// What a model answers to rows, all at once.
fn answers(imported: &Imported, rows: &[Vec<f32>]) -> Vec<f32> {
    let model = PlanEngine::default().compile(&imported.graph, &imported.weights).unwrap();
    let input = Tensor { shape: vec![rows.len(), 3, 4], data: rows.concat() };
    let mut output = RawOutput::default();
    model.new_run().run(&[input], &mut output).unwrap();
    let tensor = &output.tensors[0];
    assert_eq!(element_count(&tensor.shape), Some(tensor.data.len()));
    tensor.data.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_batch_of_n_answers_as_n_runs_of_one(
        rows in proptest::collection::vec(proptest::collection::vec(-2.0_f32..2.0, 12), 1..6),
    ) {
        for exported in [1, 8] {
            for (name, onnx) in provable(exported) {
                let imported = imported(&onnx);
                let one = |row| answers(&imported, std::slice::from_ref(row));
                let alone: Vec<f32> = rows.iter().flat_map(one).collect();
                let together = answers(&imported, &rows);
                prop_assert_eq!(alone.len(), together.len());
                for (alone, together) in alone.iter().zip(&together) {
                    let close = (alone - together).abs() <= 1e-5 + 1e-5 * alone.abs();
                    prop_assert!(close, "{}: {} alone, {} together", name, alone, together);
                }
            }
        }
    }
}
