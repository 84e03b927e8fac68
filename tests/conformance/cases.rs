//! Cases that are sound but odd: random sizes and attributes of each op, and the digits networks.

use std::collections::BTreeMap;

use dunlin_bundle::graph::{Attribute, Graph};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Contents, Weights};
use dunlin_tests::op_case::{OpCase, Values};

use crate::dice::Dice;

/// A graph with everything that it takes to run it.
pub(crate) struct Case {
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
    pub(crate) inputs: Vec<Tensor>,
}

impl Case {
    /// Op, shapes and attributes: what a failure is reproduced from.
    pub(crate) fn name(&self) -> String {
        let shapes: Vec<&[usize]> = self.inputs.iter().map(|x| x.shape.as_slice()).collect();
        let constants: Vec<&[usize]> = self.weights.iter().map(|(_, w)| w.shape).collect();
        let nodes: Vec<&str> = self.graph.nodes.iter().map(|node| node.op_type.as_str()).collect();
        let attributes = &self.graph.nodes[0].attributes;
        format!("{nodes:?} opset {} of {shapes:?} and {constants:?}, {attributes:?}", self.graph.opset)
    }
}

/// The digits network and its baseline, three random images each.
pub(crate) fn networks() -> Vec<Case> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/digits-f32.dunlin");
    let contents = Contents::read_unsigned(std::fs::read(file).unwrap()).unwrap();
    let baseline = contents.baseline().unwrap();
    let graphs = [(contents.graph(), contents.weights()), (&baseline.graph, &baseline.weights)];
    let mut dice = Dice::new(0);
    let mut cases = Vec::new();
    for (graph, weights) in graphs {
        for batch in 1..=3 {
            let inputs = vec![values(&mut dice, &[batch, 1, 8, 8]).tensor()];
            cases.push(Case { graph: graph.clone(), weights: weights.clone(), inputs });
        }
    }
    cases
}

/// One case of an op.
pub(crate) fn random(op: &str, seed: u64) -> Case {
    // Neighbouring seeds of one op, and equal seeds of different ops, start far apart.
    let start = op.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut dice = Dice::new(start);
    let mut parts = Parts::default();
    parts.fill(op, &mut dice);
    let opsets: &[u32] = if op == "LayerNormalization" { &[17, 21, 24] } else { &[13, 15, 17, 21, 24] };
    let opset = opsets[dice.size(0, opsets.len() - 1)];
    let case = OpCase {
        name: op.to_owned(),
        op_type: op.to_owned(),
        attributes: parts.attributes,
        inputs: parts.inputs,
        constants: parts.constants,
    };
    let graph = Graph { opset, ..case.graph(&[1]) };
    Case { graph, weights: case.weights(), inputs: case.tensors() }
}

fn values(dice: &mut Dice, shape: &[usize]) -> Values {
    let data = (0..shape.iter().product()).map(|_| dice.real()).collect();
    Values { dtype: DType::F32, shape: shape.to_vec(), data }
}

/// Operands and attributes of a node.
#[derive(Default)]
struct Parts {
    inputs: Vec<Values>,
    constants: Vec<Option<Values>>,
    attributes: BTreeMap<String, Attribute>,
}

impl Parts {
    fn fill(&mut self, op: &str, dice: &mut Dice) {
        match op {
            "Conv" => self.conv(dice),
            "MaxPool" | "AveragePool" => self.pool(dice),
            "Gemm" => self.gemm(dice),
            "MatMul" => self.matmul(dice),
            "Add" | "Sub" | "Mul" | "Div" => self.binary(op, dice),
            "Clip" => self.clip(dice),
            "BatchNormalization" => self.batch_normalization(dice),
            "LayerNormalization" => self.layer_normalization(dice),
            "Reshape" => self.reshape(dice),
            "Concat" => self.concat(dice),
            _ => self.one_operand(op, dice),
        }
    }

    fn input(&mut self, dice: &mut Dice, shape: &[usize]) {
        self.inputs.push(values(dice, shape));
    }

    fn constant(&mut self, dice: &mut Dice, shape: &[usize]) {
        self.constants.push(Some(values(dice, shape)));
    }

    fn int(&mut self, name: &str, value: i64) {
        self.attributes.insert(name.to_owned(), Attribute::Int(value));
    }

    fn ints(&mut self, name: &str, values: &[usize]) {
        self.attributes.insert(name.to_owned(), Attribute::Ints(values.iter().map(|v| *v as i64).collect()));
    }

    fn float(&mut self, name: &str, value: f32) {
        self.attributes.insert(name.to_owned(), Attribute::Float(f64::from(value)));
    }

    /// An axis of a tensor of this rank, counted from either end.
    fn axis(&mut self, dice: &mut Dice, rank: usize) -> usize {
        let at = dice.size(0, rank - 1);
        self.int("axis", if dice.coin() { at as i64 } else { at as i64 - rank as i64 });
        at
    }

    fn conv(&mut self, dice: &mut Dice) {
        let spatial = dice.size(1, 2);
        let (group, stride, dilation) = (dice.size(1, 3), dice.size(1, 3), dice.size(1, 2));
        let (per_group, filters) = (dice.size(1, 3), group * dice.size(1, 3));
        let kernel = dice.sizes(spatial, 1, 4);
        let pads = dice.sizes(2 * spatial, 0, 3);
        let mut x = vec![dice.size(1, 3), group * per_group];
        x.extend(kernel.iter().map(|k| (k - 1) * dilation + 1 + dice.size(0, 6)));
        self.input(dice, &x);
        self.constant(dice, &[&[filters, per_group], kernel.as_slice()].concat());
        if dice.coin() {
            self.constant(dice, &[filters]);
        }
        self.int("group", group as i64);
        self.ints("strides", &vec![stride; spatial]);
        self.ints("dilations", &vec![dilation; spatial]);
        if dice.coin() {
            self.ints("pads", &pads);
        }
        if dice.coin() {
            self.ints("kernel_shape", &kernel);
        }
    }

    fn pool(&mut self, dice: &mut Dice) {
        let kernel = dice.sizes(2, 1, 4);
        let x = [dice.size(1, 2), dice.size(1, 3), kernel[0] + dice.size(0, 6), kernel[1] + dice.size(0, 6)];
        self.input(dice, &x);
        self.ints("kernel_shape", &kernel);
        if dice.coin() {
            let strides = dice.sizes(2, 1, 3);
            self.ints("strides", &strides);
        }
    }

    fn gemm(&mut self, dice: &mut Dice) {
        let (m, k, n) = (dice.size(1, 4), dice.size(1, 33), dice.size(1, 17));
        let transposed = dice.coin();
        self.input(dice, &[m, k]);
        self.constant(dice, &if transposed { [n, k] } else { [k, n] });
        let shapes = [vec![n], vec![1, n], vec![m, 1], vec![m, n], vec![1], vec![1, 1], vec![]];
        if let Some(c) = shapes.get(dice.size(0, shapes.len())) {
            self.constant(dice, c);
        }
        if transposed || dice.coin() {
            self.int("transB", i64::from(transposed));
        }
        for name in ["alpha", "beta"] {
            if dice.coin() {
                let value = dice.real();
                self.float(name, value);
            }
        }
    }

    fn matmul(&mut self, dice: &mut Dice) {
        let (m, k, n) = (dice.size(1, 5), dice.size(1, 9), dice.size(1, 5));
        let stack = dice.size(0, 2);
        let (a, b) = broadcastable(dice, stack);
        self.input(dice, &[a.as_slice(), &[m, k]].concat());
        let b = [b.as_slice(), &[k, n]].concat();
        if dice.coin() { self.constant(dice, &b) } else { self.input(dice, &b) }
    }

    fn binary(&mut self, op: &str, dice: &mut Dice) {
        let rank = dice.size(1, 4);
        let (a, b) = broadcastable(dice, rank);
        self.input(dice, &a);
        let mut b = values(dice, &b);
        if op == "Div" {
            b.data.iter_mut().for_each(|v| *v = v.abs() + 0.25);
        }
        // Only an initializer may be without dimensions: what comes at run time has a batch.
        if b.shape.is_empty() || dice.coin() { self.constants.push(Some(b)) } else { self.inputs.push(b) }
    }

    fn clip(&mut self, dice: &mut Dice) {
        let shape = shape(dice, 1);
        self.input(dice, &shape);
        match dice.size(0, 3) {
            0 => {}
            1 => self.constant(dice, &[]),
            2 => {
                self.constants.push(None);
                self.constant(dice, &[]);
            }
            _ => {
                self.constant(dice, &[]);
                self.constant(dice, &[]);
            }
        }
    }

    fn batch_normalization(&mut self, dice: &mut Dice) {
        let shape = shape(dice, 2);
        self.input(dice, &shape);
        for _ in 0..4 {
            self.constant(dice, &shape[1..2]);
        }
        let variance = self.constants.iter_mut().flatten().next_back();
        variance.unwrap().data.iter_mut().for_each(|v| *v = v.abs() + 0.1);
        if dice.coin() {
            self.float("epsilon", 0.01);
        }
    }

    fn layer_normalization(&mut self, dice: &mut Dice) {
        let shape = shape(dice, 2);
        let width = [shape[shape.len() - 1]];
        self.input(dice, &shape);
        self.constant(dice, &width);
        if dice.coin() {
            self.constant(dice, &width);
        }
        if dice.coin() {
            self.int("axis", shape.len() as i64 - 1);
        }
        // With a width of 1 or 2 all is rounding unless something is added to the variance.
        self.float("epsilon", if dice.coin() { 0.01 } else { 0.1 });
    }

    /// Keeps some leading dimensions, infers one, and splits off a factor.
    fn reshape(&mut self, dice: &mut Dice) {
        let shape = shape(dice, 1);
        self.input(dice, &shape);
        let kept = dice.size(0, shape.len() - 1);
        let mut target: Vec<f32> = shape[..kept].iter().map(|d| if dice.coin() { 0.0 } else { *d as f32 }).collect();
        let rest: usize = shape[kept..].iter().product();
        let factors: Vec<usize> = (1..=rest).filter(|f| rest.is_multiple_of(*f)).collect();
        target.push(factors[dice.size(0, factors.len() - 1)] as f32);
        target.push(-1.0);
        self.constants.push(Some(Values { dtype: DType::I64, shape: vec![target.len()], data: target }));
    }

    fn concat(&mut self, dice: &mut Dice) {
        let mut shape = shape(dice, 1);
        let at = self.axis(dice, shape.len());
        for i in 0..dice.size(1, 4) {
            shape[at] = dice.size(1, 4);
            if i > 0 && dice.coin() { self.constant(dice, &shape) } else { self.input(dice, &shape) }
        }
    }

    fn one_operand(&mut self, op: &str, dice: &mut Dice) {
        let shape = shape(dice, if op == "GlobalAveragePool" { 4 } else { 1 });
        self.input(dice, &shape);
        match op {
            "LeakyRelu" if dice.coin() => {
                let alpha = dice.real();
                self.float("alpha", alpha);
            }
            "Softmax" if dice.coin() => drop(self.axis(dice, shape.len())),
            "Flatten" if dice.coin() => {
                let rank = shape.len() as i64;
                let axis = dice.whole(-rank, rank);
                self.int("axis", axis);
            }
            "Transpose" if dice.coin() => {
                let permutation = dice.permutation(shape.len());
                self.attributes.insert("perm".to_owned(), Attribute::Ints(permutation));
            }
            _ => {}
        }
    }
}

/// Odd sizes of at least this many dimensions, four at the most.
fn shape(dice: &mut Dice, least: usize) -> Vec<usize> {
    let rank = dice.size(least, 4);
    dice.sizes(rank, 1, 7)
}

/// Two shapes that numpy would broadcast: some dimensions 1, the second perhaps of lower rank.
fn broadcastable(dice: &mut Dice, rank: usize) -> (Vec<usize>, Vec<usize>) {
    let whole = dice.sizes(rank, 1, 5);
    let thin = |dice: &mut Dice| whole.iter().map(|d| if dice.size(0, 2) == 0 { 1 } else { *d }).collect::<Vec<_>>();
    let (a, b) = (thin(dice), thin(dice));
    let dropped = if dice.coin() { dice.size(0, rank) } else { 0 };
    (a, b[dropped..].to_vec())
}
