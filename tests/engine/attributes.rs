//! Attributes out of range, of another type, or unknown: refused, never taken for their defaults.

use dunlin_bundle::graph::Attribute;
use dunlin_engine::EngineError;

use crate::net::{Net, int, ints, tensor};

fn refused(net: Net) {
    let error = net.output("node", &[1]).refusal();
    assert!(matches!(&error, EngineError::BadNode { node, .. } if node == "node"), "{error}");
}

fn conv(attributes: &[(&str, Attribute)]) -> Net {
    Net::of("Conv", &[2, 6, 6], &["w"], attributes).dense("w", &[2, 2, 3, 3])
}

#[test]
fn an_attribute_that_the_op_does_not_read_is_refused() {
    refused(conv(&[("auto_pad", Attribute::String("SAME_UPPER".to_owned()))]));
    refused(conv(&[("stride", ints(&[2, 2]))]));
    refused(Net::of("MatMul", &[2], &["w"], &[("alpha", Attribute::Float(2.0))]).dense("w", &[2, 2]));
    refused(Net::of("Clip", &[2], &[], &[("max", Attribute::Float(2.0))]));
}

#[test]
fn an_attribute_of_another_type_is_refused() {
    refused(conv(&[("group", Attribute::Float(1.0))]));
    refused(conv(&[("strides", int(2))]));
    refused(conv(&[("pads", Attribute::Floats(vec![1.5; 4]))]));
    refused(Net::of("Softmax", &[2], &[], &[("axis", Attribute::String("-1".to_owned()))]));
    refused(Net::of("LeakyRelu", &[2], &[], &[("alpha", Attribute::Float(f64::NAN))]));
}

#[test]
fn windows_of_zero_negative_or_absurd_measures_are_refused() {
    for bad in [0, -1, i64::MIN] {
        refused(conv(&[("strides", ints(&[bad, bad]))]));
        refused(conv(&[("dilations", ints(&[bad, bad]))]));
        refused(conv(&[("group", int(bad))]));
        refused(Net::of("MaxPool", &[1, 4, 4], &[], &[("kernel_shape", ints(&[bad, 2]))]));
        let strides = [("kernel_shape", ints(&[2, 2])), ("strides", ints(&[1, bad]))];
        refused(Net::of("AveragePool", &[1, 4, 4], &[], &strides));
    }
    refused(conv(&[("pads", ints(&[-1, 0, 0, 0]))]));
    refused(conv(&[("dilations", ints(&[i64::MAX, i64::MAX]))]));
    refused(conv(&[("group", int(i64::MAX))]));
    refused(Net::of("MaxPool", &[1, 4, 4], &[], &[("kernel_shape", ints(&[i64::MAX, i64::MAX]))]));
}

#[test]
fn a_stride_beyond_the_input_leaves_one_position() {
    let net = conv(&[("strides", ints(&[i64::MAX, i64::MAX]))]).output("node", &[2, 1, 1]);
    assert_eq!(net.run(&[tensor(&[1, 2, 6, 6])]).unwrap()[0].data.len(), 2);
}

#[test]
fn lists_of_another_length_than_the_dimensions_are_refused() {
    refused(conv(&[("strides", ints(&[2]))]));
    refused(conv(&[("pads", ints(&[1, 1]))]));
    refused(conv(&[("pads", ints(&[1, 1, 1]))]));
    refused(conv(&[("dilations", ints(&[1, 1, 1]))]));
    let unequal = conv(&[("strides", ints(&[1, 2]))]).output("node", &[1]).reference_refusal();
    assert!(matches!(&unequal, EngineError::BadNode { node, .. } if node == "node"), "{unequal}");
    refused(conv(&[("kernel_shape", ints(&[3, 2]))]));
    refused(Net::of("MaxPool", &[1, 4, 4], &[], &[]));
    refused(Net::of("MaxPool", &[1, 4, 4], &[], &[("kernel_shape", ints(&[2]))]));
}

#[test]
fn what_the_reference_does_not_do_is_refused_and_not_ignored() {
    let refused = |net: Net| {
        let error = net.output("node", &[1]).reference_refusal();
        assert!(matches!(&error, EngineError::BadNode { node, .. } if node == "node"), "{error}");
    };
    let window = ("kernel_shape", ints(&[2, 2]));
    for other in [("ceil_mode", int(1)), ("pads", ints(&[1, 1, 1, 1])), ("dilations", ints(&[2, 2]))] {
        refused(Net::of("MaxPool", &[1, 4, 4], &[], &[window.clone(), other]));
    }
    refused(Net::of("Gemm", &[2], &["w"], &[("transA", int(1))]).dense("w", &[2, 2]));
    refused(Net::of("LayerNormalization", &[2, 2], &["s"], &[("axis", int(1))]).dense("s", &[2, 2]));
    refused(Net::of("Reshape", &[2], &["t"], &[("allowzero", int(1))]).whole("t", &[0.0, 2.0]));
    let four = ["s", "b", "m", "v"];
    let net = Net::of("BatchNormalization", &[2], &four, &[("training_mode", int(1))]);
    refused(four.iter().fold(net, |net, name| net.dense(name, &[2])));
    refused(Net::of("Concat", &[2], &["x"], &[]));
}

#[test]
fn axes_out_of_range_are_refused() {
    for axis in [3, -3, i64::MAX, i64::MIN] {
        refused(Net::of("Softmax", &[2], &[], &[("axis", int(axis))]));
        refused(Net::of("Concat", &[2], &["x"], &[("axis", int(axis))]));
        refused(Net::of("Flatten", &[2], &[], &[("axis", int(axis))]));
    }
    for permutation in [vec![0], vec![0, 0], vec![0, 2], vec![0, -3], vec![1, 0, 2], vec![i64::MIN, 0]] {
        refused(Net::of("Transpose", &[2], &[], &[("perm", ints(&permutation))]));
    }
}

#[test]
fn a_target_shape_that_does_not_hold_the_elements_is_refused() {
    let targets: [&[f32]; 7] =
        [&[1.0, 5.0], &[-1.0, 4.0], &[-1.0, -1.0], &[0.0, 0.0, 0.0], &[-2.0, 3.0], &[9e18, 9e18], &[1.0; 9]];
    for target in targets {
        refused(Net::of("Reshape", &[6], &["t"], &[]).whole("t", target));
    }
}
