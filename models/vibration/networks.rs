//! The two networks, each as a candle forward pass for training, and as the graph that the engine runs. A window is an
//! image one sample high.

use candle_core::{D, Result as CandleResult, Tensor};
use dunlin_bundle::graph::{Attribute, Graph, Node};

use super::machine::{Fault, WINDOW};
use crate::train::Network;
use crate::train::graph::{graph, ints, node};
use crate::train::layers::{convolution, linear};

const CLASSES: usize = Fault::ALL.len();
/// The graphs' input and its shape.
const INPUT: (&str, &[usize]) = ("acceleration", &[1, 1, WINDOW]);

/// Three convolutions with strides of 2, their means over time, and one layer. The first finds bands, its `Relu` rectifies
/// them, and the next ones see how they come and go: envelope analysis, learnt. 11,196 parameters, 296,320 multiplications.
pub(super) struct Convolutional;

impl Network for Convolutional {
    fn parameters() -> &'static [(&'static str, &'static [usize], usize)] {
        &[
            ("conv1.weight", &[8, 1, 1, 16], 16),
            ("conv1.bias", &[8], 0),
            ("conv2.weight", &[16, 8, 1, 17], 136),
            ("conv2.bias", &[16], 0),
            ("conv3.weight", &[32, 16, 1, 17], 272),
            ("conv3.bias", &[32], 0),
            ("output.weight", &[CLASSES, 32], 32),
            ("output.bias", &[CLASSES], 0),
        ]
    }

    fn forward(p: &[Tensor], batch: &Tensor) -> CandleResult<Tensor> {
        let x = convolution(batch, &p[0], &p[1], 0, 2)?.relu()?;
        let x = convolution(&x, &p[2], &p[3], 0, 2)?.relu()?;
        let x = convolution(&x, &p[4], &p[5], 0, 2)?.relu()?;
        linear(&mean_over_time(&x)?, &p[6], &p[7])
    }

    fn graph() -> Graph {
        let mut nodes = Vec::from(strided("conv1", "acceleration", 16));
        nodes.extend(strided("conv2", "conv1.relu", 17));
        nodes.extend(strided("conv3", "conv2.relu", 17));
        nodes.extend(classified("conv3.relu"));
        graph::<Self>(INPUT, CLASSES, nodes)
    }
}

/// How much there is in each of eight bands, and a softmax regression on that.
pub(super) struct FilterBank;

impl Network for FilterBank {
    fn parameters() -> &'static [(&'static str, &'static [usize], usize)] {
        &[
            ("bands.weight", &[8, 1, 1, 32], 32),
            ("bands.bias", &[8], 0),
            ("output.weight", &[CLASSES, 8], 8),
            ("output.bias", &[CLASSES], 0),
        ]
    }

    fn forward(p: &[Tensor], batch: &Tensor) -> CandleResult<Tensor> {
        let x = convolution(batch, &p[0], &p[1], 0, 2)?.relu()?;
        linear(&mean_over_time(&x)?, &p[2], &p[3])
    }

    fn graph() -> Graph {
        let nodes = strided("bands", "acceleration", 32).into_iter().chain(classified("bands.relu"));
        graph::<Self>(INPUT, CLASSES, nodes.collect())
    }
}

fn mean_over_time(x: &Tensor) -> CandleResult<Tensor> {
    x.mean(D::Minus1)?.flatten_from(1)
}

/// A convolution along time with a stride of 2, and its `Relu`.
fn strided(name: &str, input: &str, kernel: i64) -> [Node; 2] {
    let attributes = [("kernel_shape", ints(&[1, kernel])), ("strides", ints(&[2, 2]))];
    let inputs = [input, &format!("{name}.weight"), &format!("{name}.bias")];
    [node(name, "Conv", &inputs, &attributes), node(&format!("{name}.relu"), "Relu", &[name], &[])]
}

/// From channels to probabilities.
fn classified(channels: &str) -> [Node; 4] {
    let transposed = [("transB", Attribute::Int(1))];
    [
        node("mean", "GlobalAveragePool", &[channels], &[]),
        node("flatten", "Flatten", &["mean"], &[]),
        node("output", "Gemm", &["flatten", "output.weight", "output.bias"], &transposed),
        node("probabilities", "Softmax", &["output"], &[]),
    ]
}
