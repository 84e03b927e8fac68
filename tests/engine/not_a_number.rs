//! NaN inside a network must reach its output, where the guard sees it: an op that makes a number of it hides a fault.

use dunlin_bundle::graph::Attribute;
use dunlin_bundle::{GgmlType, Weight, WeightType};

use crate::net::{Net, int, ints, tensor};

/// Whether NaN or infinity at some position of the input reaches the output.
fn reaches(net: &Net, shape: &[usize], position: usize, value: f32) -> bool {
    let mut input = tensor(shape);
    input.data[position] = value;
    net.run(&[input]).unwrap()[0].data.iter().any(|v| !v.is_finite())
}

#[test]
fn nan_passes_through_every_activation() {
    for op in ["Relu", "LeakyRelu", "Sigmoid", "Tanh", "Identity", "Clip", "Softmax"] {
        let net = Net::of(op, &[5], &[], &[]).output("node", &[5]);
        for position in 0..5 {
            assert!(reaches(&net, &[1, 5], position, f32::NAN), "{op} hides NaN at {position}");
        }
    }
    let six = Net::of("Clip", &[5], &["low", "high"], &[]).dense("low", &[]).dense("high", &[1]).output("node", &[5]);
    assert!(reaches(&six, &[1, 5], 3, f32::NAN));
}

#[test]
fn nan_passes_through_pools_wherever_it_stands_in_the_window() {
    for op in ["MaxPool", "AveragePool"] {
        let net = Net::of(op, &[1, 4, 4], &[], &[("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))]);
        let net = net.output("node", &[1, 2, 2]);
        for position in 0..16 {
            assert!(reaches(&net, &[1, 1, 4, 4], position, f32::NAN), "{op} hides NaN at {position}");
        }
    }
}

#[test]
fn a_maximum_beside_nan_in_another_window_is_untouched() {
    let net = Net::of("MaxPool", &[1, 2, 4], &[], &[("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))]);
    let mut input = tensor(&[1, 1, 2, 4]);
    input.data = vec![1.0, f32::NAN, 2.0, 3.0, 4.0, 5.0, f32::NEG_INFINITY, 0.0];
    let found = net.output("node", &[1, 1, 2]).run(&[input]).unwrap().remove(0).data;
    assert!(found[0].is_nan() && found[1] == 3.0, "{found:?}");
}

#[test]
fn nothing_that_is_not_finite_is_lost_in_a_product_by_blocks() {
    for ggml in GgmlType::ALL {
        let (k, n) = (256, 3);
        let bytes = vec![1; n * k / ggml.block_elements() * ggml.block_bytes()];
        let blocks = Weight { dtype: WeightType::Ggml(ggml), shape: &[n, k], bytes: &bytes };
        let net = Net::of("Gemm", &[k], &["w"], &[("transB", int(1))]).blocks("w", blocks).output("node", &[n]);
        assert!(!reaches(&net, &[1, k], 0, 1.0), "{ggml:?} of finite numbers");
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for position in [0, 31, 100, k - 1] {
                assert!(reaches(&net, &[1, k], position, value), "{ggml:?} hides {value} at {position}");
            }
        }
    }
}

#[test]
fn division_by_zero_is_a_value_and_no_panic() {
    let zero = [("alpha", Attribute::Float(0.0)), ("transB", int(1))];
    let net = Net::of("Gemm", &[2], &["w"], &zero).dense("w", &[2, 2]).node("y", "Div", &["x", "node"], &[]);
    assert!(net.output("y", &[2]).run(&[tensor(&[1, 2])]).unwrap()[0].data.iter().all(|v| v.is_infinite()));
}
