//! The edges of what can be imported: no elements, no input, outputs without a batch, scales for blocks, places in a pool.

use std::collections::BTreeMap;

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, PlanEngine, RawOutput};
use dunlin_import::{Batch, ImportError, Imported, import, import_with_sizes};

use crate::proto::{FLOAT, Onnx, int, ints, tensor};

const UINT8: u64 = 2;

fn run(imported: &Imported, inputs: &[Tensor]) -> Tensor {
    let model = PlanEngine::default().compile(&imported.graph, &imported.weights).unwrap();
    let mut output = RawOutput::default();
    model.new_run().run(inputs, &mut output).unwrap();
    output.tensors.remove(0)
}

/// Rising numbers.
fn counted(shape: &[usize]) -> Tensor {
    Tensor { shape: shape.to_vec(), data: (0..shape.iter().product()).map(|i: usize| i as f32).collect() }
}

fn sizes(name: &str, size: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(name.to_owned(), size)])
}

#[test]
fn a_dimension_is_zero_only_where_the_caller_says_so() {
    let onnx = Onnx::new(18).input("x", &[1, 2, 0]).ints("a", &[1], &[2]);
    let onnx = onnx.node("ReduceMax", &["x", "a"], &["y"], &[int("keepdims", 0)]).output("y").bytes();
    let refused = import(&onnx).unwrap_err().to_string();
    assert!(refused.contains("'x.2' is open"), "{refused}");
    let imported = import_with_sizes(&onnx, &sizes("x.2", 0)).unwrap();
    assert_eq!(imported.batch, Batch::Any);
    let made = run(&imported, &[Tensor { shape: vec![3, 2, 0], data: Vec::new() }]);
    assert_eq!(made, Tensor { shape: vec![3, 2], data: vec![f32::NEG_INFINITY; 6] });
}

#[test]
fn a_batch_of_zero_cannot_be_asked_for() {
    let onnx = Onnx::new(18).input("x", &[0, 2]).node("Relu", &["x"], &["y"], &[]).output("y").bytes();
    let refused = import_with_sizes(&onnx, &sizes("x.0", 0)).unwrap_err();
    assert!(matches!(&refused, ImportError::BadInput { input, .. } if input == "x"), "{refused}");
    assert!(import(&onnx).is_ok(), "without a size it is open");
}

#[test]
fn a_zero_in_a_target_is_a_size_where_the_node_says_so() {
    let onnx = Onnx::new(18).input("x", &[1, 4, 3]).ints("none", &[1], &[0]).ints("one", &[1], &[1]).ints(
        "t",
        &[3],
        &[1, 3, 0],
    );
    let onnx = onnx.node("Slice", &["x", "none", "none", "one"], &["s"], &[]);
    let onnx = onnx.node("Reshape", &["s", "t"], &["y"], &[int("allowzero", 1)]).output("y");
    let made = run(&import(&onnx.bytes()).unwrap(), &[counted(&[1, 4, 3])]);
    assert_eq!(made, Tensor { shape: vec![1, 3, 0], data: Vec::new() });
}

#[test]
fn parts_of_a_split_may_be_without_elements() {
    let onnx = Onnx::new(18).input("x", &[1, 2]).ints("parts", &[3], &[2, 0, 0]);
    let onnx = onnx.node("Split", &["x", "parts"], &["a", "b", "c"], &[int("axis", 1)]);
    let onnx = onnx.node("Concat", &["c", "a", "b"], &["y"], &[int("axis", 1)]).output("y");
    assert_eq!(run(&import(&onnx.bytes()).unwrap(), &[counted(&[4, 2])]), counted(&[4, 2]));
}

#[test]
fn a_graph_without_inputs_is_imported_and_answers() {
    let onnx = Onnx::new(18).some_floats("c", &[1, 3]).node("Abs", &["c"], &["y"], &[]).output("y");
    let made = run(&import(&onnx.bytes()).unwrap(), &[]);
    assert!(made.shape == [1, 3] && made.data.iter().all(|v| *v > 0.0), "{made:?}");
}

#[test]
fn an_output_without_a_batch_is_given_out_as_a_batch_of_one_and_that_is_told() {
    let onnx = Onnx::new(13).input("x", &[1, 2, 3]).ints("a", &[1], &[0]).node("Squeeze", &["x", "a"], &["y"], &[]);
    let imported = import(&onnx.output("y").bytes()).unwrap();
    assert_eq!(run(&imported, &[counted(&[1, 2, 3])]), counted(&[1, 2, 3]));
    assert!(imported.notes.iter().any(|note| note.contains("'y' has no batch")), "{:?}", imported.notes);
}

/// Two blocks of two along the second of three dimensions.
fn in_blocks(op: &str, zero: &[u8]) -> Onnx {
    let scales: Vec<f32> = (0..12).map(|i| 0.25 * (i % 4 + 1) as f32).collect();
    let zeros = tensor("z", UINT8, &[2, 2, 3], zero);
    let onnx = Onnx::new(21).input("x", &[2, 4, 3]).floats("s", &[2, 2, 3], &scales).tensor(&zeros);
    onnx.node(op, &["x", "s", "z"], &["q"], &[int("axis", 1), int("block_size", 2)])
}

#[test]
fn each_block_is_quantised_by_its_own_scale_and_zero_point() {
    let zero: Vec<u8> = (0..12).collect();
    let onnx = in_blocks("QuantizeLinear", &zero).node("Cast", &["q"], &["y"], &[int("to", 1)]).output("y");
    let x = counted(&[2, 4, 3]);
    let made = run(&import(&onnx.bytes()).unwrap(), std::slice::from_ref(&x));
    for (i, (x, found)) in x.data.iter().zip(&made.data).enumerate() {
        let block = i / 12 * 6 + i / 3 % 4 / 2 * 3 + i % 3;
        let scale = 0.25 * (block % 4 + 1) as f32;
        let expected = ((x / scale).round_ties_even() + f32::from(zero[block])).min(255.0);
        assert_eq!(*found, expected, "element {i}");
    }
}

#[test]
fn blocks_that_do_not_divide_their_axis_are_refused() {
    let onnx = Onnx::new(21).input("x", &[1, 5]).some_floats("s", &[1, 3]);
    let onnx = onnx.node("QuantizeLinear", &["x", "s"], &["q"], &[int("axis", 1), int("block_size", 2)]);
    let onnx = onnx.node("Cast", &["q"], &["y"], &[int("to", 1)]).output("y");
    let refused = import(&onnx.bytes()).unwrap_err().to_string();
    assert!(refused.contains("QuantizeLinear") && refused.contains("divide"), "{refused}");
}

#[test]
fn the_places_of_a_pool_fix_the_batch_since_they_count_through_it() {
    let pool = [ints("kernel_shape", &[2])];
    let onnx = Onnx::new(18).input("x", &[2, 1, 4]).node("MaxPool", &["x"], &["m", "p"], &pool);
    let onnx = onnx.node("Cast", &["p"], &["y"], &[int("to", FLOAT as i64)]).output("y");
    let imported = import(&onnx.bytes()).unwrap();
    assert!(
        matches!(&imported.batch, Batch::Fixed { size: 2, node, .. } if node == "MaxPool0"),
        "{:?}",
        imported.batch
    );
    assert_eq!(run(&imported, &[counted(&[2, 1, 4])]).data, [1.0, 2.0, 3.0, 5.0, 6.0, 7.0]);
}
