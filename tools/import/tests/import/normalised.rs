//! Whatever the opset and the exporter, one form comes out.

use std::collections::BTreeMap;

use dunlin_bundle::WeightType;
use dunlin_bundle::graph::{Attribute as GraphAttribute, Dim, Graph};
use dunlin_bundle::tensor::DType;
use dunlin_import::{Imported, import, import_with_sizes};

use crate::proto::{FLOAT, INT64, Onnx, float, int, ints, string, tensor};

fn imported(onnx: Onnx) -> Imported {
    import(&onnx.output("y").bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// The ops of the graph that comes out, in order.
fn ops(onnx: Onnx) -> Vec<String> {
    imported(onnx).graph.nodes.into_iter().map(|node| node.op_type).collect()
}

/// The whole numbers of an input of a node.
fn numbers(imported: &Imported, node: usize, input: usize) -> Vec<i64> {
    let weight = imported.weights.get(&imported.graph.nodes[node].inputs[input]).unwrap();
    assert_eq!(weight.dtype, WeightType::Dense(DType::I64));
    weight.bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect()
}

fn attribute<'a>(graph: &'a Graph, node: usize, name: &str) -> Option<&'a GraphAttribute> {
    graph.nodes[node].attributes.get(name)
}

#[test]
fn axes_that_were_attributes_become_inputs_counted_from_the_front() {
    let old = imported(Onnx::new(11).input("x", &[1, 3, 4]).node(
        "ReduceMean",
        &["x"],
        &["y"],
        &[ints("axes", &[-1, 1]), int("keepdims", 0)],
    ));
    assert_eq!(numbers(&old, 0, 1), [1, 2]);
    assert_eq!(attribute(&old.graph, 0, "axes"), None);
    let new = imported(Onnx::new(18).input("x", &[1, 3, 4]).ints("a", &[2], &[2, 1]).node(
        "ReduceMean",
        &["x", "a"],
        &["y"],
        &[],
    ));
    assert_eq!(numbers(&new, 0, 1), [1, 2]);
    for (opset, attributes, inputs) in [(11, vec![ints("axes", &[-1])], vec!["x"]), (13, vec![], vec!["x", "a"])] {
        let onnx = Onnx::new(opset).input("x", &[1, 3]).ints("a", &[1], &[-1]);
        let imported = imported(onnx.node("Unsqueeze", &inputs, &["y"], &attributes));
        assert_eq!(numbers(&imported, 0, 1), [2]);
    }
}

#[test]
fn slices_and_splits_are_written_out() {
    let attributes = [ints("starts", &[1, 0]), ints("ends", &[i64::MAX, 99]), ints("axes", &[-1, 1])];
    let slice = imported(Onnx::new(9).input("x", &[1, 3, 4]).node("Slice", &["x"], &["y"], &attributes));
    // The second axis is taken whole and not named.
    assert_eq!([1, 2, 3, 4].map(|i| numbers(&slice, 0, i)), [vec![1], vec![i64::MAX], vec![2], vec![1]]);
    let split = imported(
        Onnx::new(18)
            .input("x", &[1, 5])
            .node("Split", &["x"], &["a", "b"], &[int("axis", 1), int("num_outputs", 2)])
            .node("Relu", &["a"], &["y"], &[]),
    );
    assert_eq!(numbers(&split, 0, 1), [3, 2]);
}

#[test]
fn a_softmax_of_before_opset_13_normalises_over_all_from_its_axis_on() {
    let softmax = |opset, shape: &[i64], axis| {
        ops(Onnx::new(opset).input("x", shape).node("Softmax", &["x"], &["y"], &[int("axis", axis)]))
    };
    assert_eq!(softmax(9, &[1, 3, 4], 1), ["Flatten", "Softmax", "Reshape"]);
    assert_eq!(softmax(9, &[1, 3, 4], 2), ["Softmax"]);
    assert_eq!(softmax(9, &[1, 3, 1, 1], 1), ["Softmax"]);
    assert_eq!(softmax(13, &[1, 3, 4], 1), ["Softmax"]);
}

#[test]
fn what_does_nothing_is_gone() {
    let onnx = Onnx::new(11)
        .input("x", &[1, 3])
        .ints("s", &[2], &[1, 3])
        .some_floats("unused", &[9])
        .node("Dropout", &["x"], &["a"], &[float("ratio", 0.5)])
        .node("Identity", &["a"], &["b"], &[])
        .node("Reshape", &["b", "s"], &["c"], &[])
        .node("Cast", &["c"], &["d"], &[int("to", 11)])
        .node("Clip", &["d"], &["e"], &[])
        .node("Relu", &["e"], &["f"], &[])
        .node("Tanh", &["f"], &["nobody"], &[])
        .node("Identity", &["f"], &["y"], &[]);
    let imported = imported(onnx);
    assert_eq!(imported.graph.nodes.len(), 1);
    assert_eq!(imported.graph.nodes[0].outputs, ["y"]);
    assert_eq!(imported.weights.len(), 0);
}

#[test]
fn a_dropout_that_trains_is_refused() {
    let onnx = Onnx::new(13)
        .input("x", &[1, 3])
        .floats("r", &[], &[0.5])
        .tensor(&tensor("t", 9, &[], &[1]))
        .node("Dropout", &["x", "r", "t"], &["y"], &[])
        .output("y");
    assert!(import(&onnx.bytes()).unwrap_err().to_string().contains("evaluation mode"));
}

#[test]
fn automatic_padding_becomes_pads() {
    let pads = |auto: &str, op: &str| {
        let onnx = Onnx::new(11).input("x", &[1, 2, 7, 8]).some_floats("w", &[3, 2, 3, 4]);
        let mut attributes = vec![string("auto_pad", auto), ints("strides", &[2, 2])];
        if op == "MaxPool" {
            attributes.push(ints("kernel_shape", &[3, 4]));
        }
        let inputs: &[&str] = if op == "Conv" { &["x", "w"] } else { &["x"] };
        let imported = imported(onnx.node(op, inputs, &["y"], &attributes));
        assert_eq!(attribute(&imported.graph, 0, "auto_pad"), None);
        attribute(&imported.graph, 0, "pads").cloned()
    };
    for op in ["Conv", "MaxPool"] {
        assert_eq!(pads("SAME_UPPER", op), Some(GraphAttribute::Ints(vec![1, 1, 1, 1])));
        assert_eq!(pads("VALID", op), None);
    }
    // An odd pad: the larger half goes after, or before.
    let odd = |auto: &str| {
        let onnx = Onnx::new(11).input("x", &[1, 1, 5]).some_floats("w", &[1, 1, 2]);
        let imported = imported(onnx.node("Conv", &["x", "w"], &["y"], &[string("auto_pad", auto)]));
        attribute(&imported.graph, 0, "pads").cloned()
    };
    assert_eq!(odd("SAME_UPPER"), Some(GraphAttribute::Ints(vec![0, 1])));
    assert_eq!(odd("SAME_LOWER"), Some(GraphAttribute::Ints(vec![1, 0])));
}

#[test]
fn pads_name_every_dimension_and_those_below_zero_slice() {
    let onnx = Onnx::new(18).input("x", &[1, 2, 4]).ints("p", &[2], &[1, 2]).ints("a", &[1], &[-1]);
    let padded = imported(onnx.node("Pad", &["x", "p", "", "a"], &["y"], &[]));
    assert_eq!(numbers(&padded, 0, 1), [0, 0, 1, 0, 0, 2]);
    let onnx = Onnx::new(10).input("x", &[1, 2, 4]);
    let cut = onnx.node("Pad", &["x"], &["y"], &[ints("pads", &[0, 0, -1, 0, 0, 2]), float("value", 3.0)]);
    assert_eq!(ops(cut), ["Slice", "Pad"]);
    let mirrored = Onnx::new(13).input("x", &[1, 4, 4]).ints("p", &[6], &[0, 1, 1, 0, 1, 1]);
    let mirrored = mirrored.node("Pad", &["x", "p"], &["y"], &[string("mode", "reflect")]);
    assert_eq!(ops(mirrored), ["Pad", "Pad"]);
}

#[test]
fn inputs_of_whole_numbers_are_fed_as_floats_and_cast() {
    let onnx = Onnx::new(13).input_of("x", INT64, &[1, 6]).some_floats("t", &[9, 4]);
    let imported = imported(onnx.node("Gather", &["t", "x"], &["y"], &[]));
    assert_eq!(imported.graph.inputs[0].dtype, DType::F32);
    assert_eq!(imported.graph.nodes[0].op_type, "Cast");
    assert_eq!(attribute(&imported.graph, 0, "to"), Some(&GraphAttribute::Int(INT64 as i64)));
    assert!(imported.notes[0].contains("'x' is I64"), "{:?}", imported.notes);
}

#[test]
fn outputs_of_whole_numbers_are_cast_to_floats() {
    let argmax = Onnx::new(13).input("x", &[1, 6]).node("ArgMax", &["x"], &["y"], &[int("axis", 1)]);
    assert_eq!(ops(argmax), ["ArgMax", "Cast"]);
}

#[test]
fn floats_of_every_width_are_held_as_f32() {
    let half = tensor("h", 10, &[2], &[0x00, 0x3c, 0x00, 0xc0]);
    let brain = tensor("b", 16, &[2], &[0x80, 0x3f, 0x00, 0xc0]);
    let double = tensor("d", 11, &[2], &[1.0_f64.to_le_bytes(), (-2.0_f64).to_le_bytes()].concat());
    for constant in [half, brain, double] {
        let onnx = Onnx::new(13).input("x", &[1, 2]).tensor(&constant);
        let name = if constant.contains(&b'h') {
            "h"
        } else if constant.contains(&b'd') {
            "d"
        } else {
            "b"
        };
        let imported = imported(onnx.node("Add", &["x", name], &["y"], &[]));
        assert_eq!(imported.weights.iter().next().unwrap().1.to_f32().unwrap(), [1.0, -2.0]);
    }
}

#[test]
fn an_infinity_becomes_the_largest_number_and_is_told() {
    let raw: Vec<u8> = [f32::NEG_INFINITY, 1.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let onnx = Onnx::new(13).input("x", &[1, 2]).tensor(&tensor("k", FLOAT, &[2], &raw));
    let imported = imported(onnx.node("Add", &["x", "k"], &["y"], &[]));
    assert_eq!(imported.weights.get("k").unwrap().to_f32().unwrap(), [f32::MIN, 1.0]);
    assert!(imported.notes[0].contains("'k' holds infinities"), "{:?}", imported.notes);
}

#[test]
fn shapes_computed_in_the_graph_become_constants() {
    let onnx = Onnx::new(11)
        .input("x", &[-1, 2, 3])
        .ints("first", &[], &[0])
        .ints("rest", &[1], &[-1])
        .node("Shape", &["x"], &["s"], &[])
        .node("Gather", &["s", "first"], &["n"], &[])
        .node("Unsqueeze", &["n"], &["rows"], &[ints("axes", &[0])])
        .node("Concat", &["rows", "rest"], &["target"], &[int("axis", 0)])
        .node("Reshape", &["x", "target"], &["y"], &[]);
    let imported = imported(onnx);
    assert_eq!(imported.graph.nodes.len(), 1);
    assert_eq!(numbers(&imported, 0, 1), [0, 6]);
}

#[test]
fn more_than_two_operands_are_taken_two_at_a_time() {
    let three = |op: &str| {
        let onnx = Onnx::new(13).input("x", &[1, 2]).some_floats("a", &[2]).some_floats("bb", &[2]);
        ops(onnx.node(op, &["x", "a", "bb"], &["y"], &[]))
    };
    assert_eq!(three("Max"), ["Max", "Max"]);
    assert_eq!(three("Sum"), ["Add", "Add"]);
}

#[test]
fn initializers_that_old_files_list_as_inputs_are_none_and_equal_ones_are_one() {
    let onnx = Onnx::new(8)
        .input("x", &[1, 2])
        .input("k", &[2])
        .floats("k", &[2], &[1.0, 2.0])
        .floats("l", &[2], &[1.0, 2.0])
        .node("Add", &["x", "k"], &["a"], &[])
        .node("Mul", &["a", "l"], &["y"], &[]);
    let imported = imported(onnx);
    assert_eq!(imported.graph.inputs.len(), 1);
    assert_eq!(imported.weights.len(), 1);
}

#[test]
fn names_longer_than_a_bundle_has_become_short_and_stay_unique() {
    let long = "model/batch_normalization/FusedBatchNormV3;".repeat(9);
    let (a, b) = (format!("{long}a"), format!("{long}b"));
    let onnx = Onnx::new(13)
        .input("x", &[1, 2])
        .some_floats(&a, &[2])
        .some_floats(&b, &[2, 1])
        .node("Add", &["x", &a], &[&format!("{long}sum")], &[])
        .node("MatMul", &[&format!("{long}sum"), &b], &["y"], &[]);
    let imported = imported(onnx);
    assert_eq!(imported.graph.initializers, ["Add0.bias", "MatMul1.weight"]);
    assert_eq!(imported.graph.nodes[1].inputs[0], "Add0");
}

#[test]
fn batch_normalizations_are_folded_away() {
    let mut onnx = Onnx::new(13).input("x", &[1, 2, 4, 4]).some_floats("w", &[3, 2, 3, 3]);
    for name in ["scale", "bias", "mean"] {
        onnx = onnx.some_floats(name, &[3]);
    }
    let onnx = onnx.floats("variance", &[3], &[0.5, 1.0, 2.0]).node("Conv", &["x", "w"], &["c"], &[]).node(
        "BatchNormalization",
        &["c", "scale", "bias", "mean", "variance"],
        &["y"],
        &[],
    );
    let imported = imported(onnx);
    assert_eq!(imported.graph.nodes.len(), 1);
    assert_eq!(imported.weights.len(), 2);
}

#[test]
fn quantised_weights_keep_their_types_scales_and_zero_points() {
    let onnx = Onnx::new(13)
        .input("x", &[1, 2])
        .floats("s", &[], &[0.5])
        .tensor(&tensor("z", 2, &[], &[128]))
        .tensor(&tensor("w", 3, &[2, 3], &[1, 2, 3, 4, 5, 250]))
        .floats("ws", &[3], &[0.1, 0.2, 0.3])
        .tensor(&tensor("wz", 3, &[3], &[0, 0, 0]))
        .node("QuantizeLinear", &["x", "s", "z"], &["q"], &[])
        .node("DequantizeLinear", &["q", "s", "z"], &["d"], &[])
        .node("DequantizeLinear", &["w", "ws", "wz"], &["wd"], &[int("axis", 1)])
        .node("MatMul", &["d", "wd"], &["y"], &[]);
    let imported = imported(onnx);
    let dtype = |name: &str| imported.weights.get(name).unwrap().dtype;
    assert_eq!(["z", "w", "wz"].map(dtype), [DType::U8, DType::I8, DType::I8].map(WeightType::Dense));
    assert_eq!(imported.graph.nodes.len(), 4);
}

#[test]
fn an_open_dimension_beside_the_batch_takes_the_size_that_is_given_for_its_name() {
    // The second dimension has no name, so it goes by its input and place.
    let onnx = Onnx::new(13).input("x", &[1, 0, 4]).node("Relu", &["x"], &["y"], &[]).output("y");
    let sizes = |name: &str, size| BTreeMap::from([(name.to_owned(), size)]);
    let imported = import_with_sizes(&onnx.bytes(), &sizes("x.1", 3)).unwrap();
    let expected = [Dim::Symbol("N".to_owned()), Dim::Size(3), Dim::Size(4)];
    assert_eq!(imported.graph.outputs[0].shape, expected);
    for (name, size) in [("x.2", 3), ("sequence", 3)] {
        assert!(import_with_sizes(&onnx.bytes(), &sizes(name, size)).is_err(), "{name} of {size}");
    }
}
