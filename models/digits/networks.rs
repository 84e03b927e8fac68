//! The two networks: each as a candle forward pass for training, and as the graph that the engine runs.

use candle_core::{Result as CandleResult, Tensor};
use dunlin_bundle::graph::{Attribute, Graph};

use super::SIDE;
use crate::train::Network;
use crate::train::graph::{graph, ints, node};
use crate::train::layers::{convolution, linear};

const CLASSES: usize = 10;
/// The graphs' input and its shape.
const IMAGE: (&str, &[usize]) = ("image", &[1, SIDE, SIDE]);

/// Two 3x3 convolutions (16 and 32 channels), a 2x2 max pool, and 512 -> 128 -> 10. The hidden layer holds nine tenths of
/// the weights, and its inner size is a multiple of 32, so that ggml blocks fit.
pub(super) struct Convolutional;

impl Network for Convolutional {
    fn parameters() -> &'static [(&'static str, &'static [usize], usize)] {
        &[
            ("conv1.weight", &[16, 1, 3, 3], 9),
            ("conv1.bias", &[16], 0),
            ("conv2.weight", &[32, 16, 3, 3], 144),
            ("conv2.bias", &[32], 0),
            ("hidden.weight", &[128, 512], 512),
            ("hidden.bias", &[128], 0),
            ("output.weight", &[CLASSES, 128], 128),
            ("output.bias", &[CLASSES], 0),
        ]
    }

    fn forward(p: &[Tensor], batch: &Tensor) -> CandleResult<Tensor> {
        let x = convolution(batch, &p[0], &p[1], 1, 1)?.relu()?;
        let x = convolution(&x, &p[2], &p[3], 1, 1)?.relu()?;
        let x = x.max_pool2d(2)?.flatten_from(1)?;
        let x = linear(&x, &p[4], &p[5])?.relu()?;
        linear(&x, &p[6], &p[7])
    }

    fn graph() -> Graph {
        let same = [("kernel_shape", ints(&[3, 3])), ("pads", ints(&[1, 1, 1, 1]))];
        let halve = [("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))];
        let transposed = [("transB", Attribute::Int(1))];
        graph::<Self>(
            IMAGE,
            CLASSES,
            vec![
                node("conv1", "Conv", &["image", "conv1.weight", "conv1.bias"], &same),
                node("relu1", "Relu", &["conv1"], &[]),
                node("conv2", "Conv", &["relu1", "conv2.weight", "conv2.bias"], &same),
                node("relu2", "Relu", &["conv2"], &[]),
                node("pool", "MaxPool", &["relu2"], &halve),
                node("flatten", "Flatten", &["pool"], &[]),
                node("hidden", "Gemm", &["flatten", "hidden.weight", "hidden.bias"], &transposed),
                node("relu3", "Relu", &["hidden"], &[]),
                node("output", "Gemm", &["relu3", "output.weight", "output.bias"], &transposed),
                node("probabilities", "Softmax", &["output"], &[]),
            ],
        )
    }
}

/// Softmax regression on the pixels.
pub(super) struct Linear;

impl Network for Linear {
    fn parameters() -> &'static [(&'static str, &'static [usize], usize)] {
        &[("output.weight", &[CLASSES, SIDE * SIDE], SIDE * SIDE), ("output.bias", &[CLASSES], 0)]
    }

    fn forward(p: &[Tensor], batch: &Tensor) -> CandleResult<Tensor> {
        linear(&batch.flatten_from(1)?, &p[0], &p[1])
    }

    fn graph() -> Graph {
        graph::<Self>(
            IMAGE,
            CLASSES,
            vec![
                node("flatten", "Flatten", &["image"], &[]),
                node("output", "Gemm", &["flatten", "output.weight", "output.bias"], &[("transB", Attribute::Int(1))]),
                node("probabilities", "Softmax", &["output"], &[]),
            ],
        )
    }
}
