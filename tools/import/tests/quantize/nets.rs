//! Small random networks, and rows for them.

use std::collections::BTreeMap;

use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weight, WeightType, Weights, safetensors_bytes};
use dunlin_import::quantize::Samples;
use dunlin_import::{Row, Source};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A graph that grows node by node.
pub(crate) struct Net {
    dice: ChaCha8Rng,
    nodes: Vec<Node>,
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>, DType)>,
    /// Name and shape of the last value, its batch left out.
    pub(crate) value: String,
    pub(crate) shape: Vec<usize>,
    input: Vec<usize>,
}

impl Net {
    pub(crate) fn new(seed: u64, input: &[usize]) -> Self {
        let dice = ChaCha8Rng::seed_from_u64(seed);
        let (nodes, tensors) = (Vec::new(), BTreeMap::new());
        Self { dice, nodes, tensors, value: "x".to_owned(), shape: input.to_vec(), input: input.to_vec() }
    }

    /// A number from 0 up to `below`.
    pub(crate) fn roll(&mut self, below: u32) -> usize {
        (self.dice.next_u32() % below) as usize
    }

    fn float(&mut self) -> f32 {
        (self.dice.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn node(&mut self, op: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let name = format!("{}{}", op.to_lowercase(), self.nodes.len());
        self.nodes.push(Node {
            name: name.clone(),
            op_type: op.to_owned(),
            inputs: inputs.iter().map(ToString::to_string).collect(),
            outputs: vec![name.clone()],
            attributes: attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        });
        self.value.clone_from(&name);
        name
    }

    /// Random floats of a size at which results keep theirs.
    pub(crate) fn weights(&mut self, shape: &[usize], inner: usize) -> String {
        let factor = (3.0 / inner as f32).sqrt();
        let bytes = (0..shape.iter().product()).flat_map(|_| (self.float() * factor).to_le_bytes()).collect();
        self.tensor(shape, bytes, DType::F32)
    }

    pub(crate) fn tensor(&mut self, shape: &[usize], bytes: Vec<u8>, dtype: DType) -> String {
        let name = format!("t{}", self.tensors.len());
        self.tensors.insert(name.clone(), (shape.to_vec(), bytes, dtype));
        name
    }

    pub(crate) fn conv(&mut self, channels: usize, kernel: usize, stride: usize, groups: usize) {
        let [c, h, w] = self.shape[..] else { panic!("no image") };
        let inner = c / groups * kernel * kernel;
        let weights = self.weights(&[channels, c / groups, kernel, kernel], inner);
        let bias = self.weights(&[channels], 3);
        let (k, s, p) = (kernel as i64, stride as i64, (kernel / 2) as i64);
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![k, k])),
            ("strides", Attribute::Ints(vec![s, s])),
            ("pads", Attribute::Ints(vec![p, p, p, p])),
            ("group", Attribute::Int(groups as i64)),
        ];
        let x = self.value.clone();
        self.node("Conv", &[&x, &weights, &bias], &attributes);
        let size = |n: usize| (n + 2 * (kernel / 2) - kernel) / stride + 1;
        self.shape = vec![channels, size(h), size(w)];
    }

    pub(crate) fn relu(&mut self) {
        let x = self.value.clone();
        self.node("Relu", &[&x], &[]);
    }

    /// `Relu`, `Clip` or nothing.
    pub(crate) fn some_activation(&mut self) {
        let x = self.value.clone();
        match self.roll(4) {
            0 => {}
            1 => {
                let min = self.tensor(&[], 0.0_f32.to_le_bytes().to_vec(), DType::F32);
                let max = self.tensor(&[], 0.75_f32.to_le_bytes().to_vec(), DType::F32);
                self.node("Clip", &[&x, &min, &max], &[]);
            }
            _ => self.relu(),
        }
    }

    /// Two convolutions whose result is added to what they read.
    pub(crate) fn residual(&mut self) {
        let (x, channels) = (self.value.clone(), self.shape[0]);
        self.conv(channels, 3, 1, 1);
        self.relu();
        self.conv(channels, 1, 1, 1);
        let y = self.value.clone();
        self.node("Add", &[&x, &y], &[]);
        self.some_activation();
    }

    /// Two convolutions of one value, put together.
    pub(crate) fn branches(&mut self) {
        let (x, shape) = (self.value.clone(), self.shape.clone());
        self.conv(4, 1, 1, 1);
        self.relu();
        let a = self.value.clone();
        (self.value, self.shape) = (x, shape);
        self.conv(6, 3, 1, 1);
        self.relu();
        let b = self.value.clone();
        self.node("Concat", &[&a, &b], &[("axis", Attribute::Int(1))]);
        self.shape[0] = 10;
    }

    pub(crate) fn max_pool(&mut self) {
        let x = self.value.clone();
        let two = Attribute::Ints(vec![2, 2]);
        self.node("MaxPool", &[&x], &[("kernel_shape", two.clone()), ("strides", two)]);
        self.shape = vec![self.shape[0], self.shape[1] / 2, self.shape[2] / 2];
    }

    /// A mean over each image, flat.
    pub(crate) fn pooled(&mut self) {
        let x = self.value.clone();
        self.node("GlobalAveragePool", &[&x], &[]);
        let x = self.value.clone();
        self.node("Flatten", &[&x], &[]);
        self.shape = vec![self.shape[0]];
    }

    pub(crate) fn gemm(&mut self, outputs: usize) {
        let inputs = self.shape[0];
        let (weights, bias) = (self.weights(&[outputs, inputs], inputs), self.weights(&[outputs], 3));
        let x = self.value.clone();
        self.node("Gemm", &[&x, &weights, &bias], &[("transB", Attribute::Int(1))]);
        self.shape = vec![outputs];
    }

    pub(crate) fn softmax(&mut self) {
        let x = self.value.clone();
        self.node("Softmax", &[&x], &[("axis", Attribute::Int(-1))]);
    }

    /// An image network of random blocks.
    pub(crate) fn random(seed: u64) -> Self {
        let mut net = Self::new(seed, &[3, 11, 9]);
        net.conv(8, 3, 1, 1);
        net.some_activation();
        for _ in 0..3 {
            match net.roll(5) {
                0 => net.residual(),
                1 => net.branches(),
                2 if net.shape[1] > 3 => net.max_pool(),
                3 => {
                    let channels = net.shape[0];
                    let stride = 1 + net.roll(2);
                    net.conv(channels, 3, stride, channels);
                    net.relu();
                    net.conv(12, 1, 1, 1);
                    net.relu();
                }
                _ => {
                    net.conv(9, 3, 1, 1);
                    net.some_activation();
                }
            }
        }
        net.pooled();
        net.gemm(5);
        if net.roll(2) == 0 {
            net.relu();
            net.gemm(3);
        }
        net.softmax();
        net
    }

    /// The graph, with the last value as its output.
    pub(crate) fn finish(self) -> (Graph, Weights) {
        let info = |name: &str, shape: &[usize]| ValueInfo {
            name: name.to_owned(),
            dtype: DType::F32,
            shape: [Dim::Symbol("N".to_owned())].into_iter().chain(shape.iter().map(|d| Dim::Size(*d))).collect(),
        };
        let views = self.tensors.iter().map(|(name, (shape, bytes, dtype))| {
            (name.as_str(), Weight { dtype: WeightType::Dense(*dtype), shape, bytes })
        });
        let weights = Weights::from_safetensors(safetensors_bytes(views).unwrap()).unwrap();
        let graph = Graph {
            opset: 21,
            inputs: vec![info("x", &self.input)],
            outputs: vec![info(&self.value, &self.shape)],
            initializers: self.tensors.into_keys().collect(),
            nodes: self.nodes,
        };
        (graph, weights)
    }
}

/// Random rows of these sizes, the same to calibrate and to compare on.
pub(crate) fn samples(seed: u64, sizes: &[usize], rows: usize) -> Samples {
    let mut dice = Net::new(seed, &[]);
    let mut row =
        || Row { inputs: sizes.iter().map(|size| (0..*size).map(|_| dice.float()).collect()).collect(), label: None };
    let rows: Vec<Row> = (0..rows).map(|_| row()).collect();
    Samples { calibration: rows.clone(), held_out: rows, source: Source::Given }
}
