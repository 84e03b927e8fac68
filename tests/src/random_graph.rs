//! Any bytes as a graph with weights and inputs: mostly almost right, which is where mistakes hide.
//!
//! The property tests and the fuzzer share it. Sizes are either small or absurd, so that a graph that compiles also runs
//! quickly.

use std::collections::BTreeMap;

use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights, gguf_bytes};
use dunlin_engine::{Engine, EngineError, PlanEngine, RawOutput, ReferenceEngine};

use crate::op_case::{self, OPSET, Values};

/// A graph, what it refers to, and inputs for a batch.
pub struct RandomGraph {
    /// May be wrong in any way.
    pub graph: Graph,
    /// Well formed, as every reader of bundles guarantees.
    pub weights: Weights,
}

impl RandomGraph {
    /// Inputs of the declared shapes for a batch, counted up from a half so that none is special.
    #[must_use]
    pub fn inputs(&self, batch: usize) -> Vec<Tensor> {
        let sizes = |info: &ValueInfo| {
            info.shape.iter().map(|dim| if let Dim::Size(size) = dim { *size } else { batch }).collect::<Vec<_>>()
        };
        let filled = |shape: Vec<usize>| {
            let mut tensor = Tensor::zeros(&shape).unwrap_or_default();
            tensor.data.iter_mut().enumerate().for_each(|(i, v)| *v = (i % 13) as f32 - 6.5);
            tensor
        };
        self.graph.inputs.iter().map(|info| filled(sizes(info))).collect()
    }
}

/// Reads a graph from bytes; when they end, the rest is zeros.
#[must_use]
pub fn random_graph(bytes: &[u8]) -> RandomGraph {
    let mut source = Source(bytes);
    let mut known: Vec<String> = Vec::new();
    let inputs: Vec<ValueInfo> = (0..=source.below(2)).map(|i| input(&mut source, i)).collect();
    known.extend(inputs.iter().map(|info| info.name.clone()));
    let (weights, initializers) = constants(&mut source);
    known.extend(initializers.iter().cloned());
    let mut nodes = Vec::new();
    for i in 0..source.pick(&[1, 1, 2, 2, 3, 6]) {
        let node = node(&mut source, i, &known);
        known.extend(node.outputs.iter().cloned());
        nodes.push(node);
    }
    let last = source.rarely().then(|| "nowhere".to_owned()).or(known.pop()).unwrap_or_default();
    let output = ValueInfo { name: last, dtype: DType::F32, shape: shape(&mut source) };
    let opset = if source.rarely() { u32::from(source.byte()) } else { OPSET };
    RandomGraph { graph: Graph { opset, inputs, outputs: vec![output], initializers, nodes }, weights }
}

/// Compiles a graph and runs it for batches of 1, 3 and 0, by the reference and by the plan, which must agree where both
/// answer. Tells whether the reference ran it for one row.
///
/// A wrongly declared output is declared as the graph makes it, and the graph compiled again.
///
/// # Panics
/// When something compiles that then makes other outputs than it declares, or the two engines differ.
pub fn exercise(random: &mut RandomGraph) -> bool {
    let reference = answers(&ReferenceEngine, random);
    let plan = answers(&PlanEngine::default(), random);
    for (reference, plan) in reference.iter().zip(&plan) {
        if let (Some(reference), Some(plan)) = (reference, plan) {
            agree(random, reference, plan);
        }
    }
    reference[0].is_some()
}

/// What an engine makes of batches of 1, 3 and 0.
fn answers(engine: &dyn Engine, random: &mut RandomGraph) -> [Option<Vec<Tensor>>; 3] {
    let model = engine.compile(&random.graph, &random.weights).or_else(|error| {
        let EngineError::WrongOutput { output, found, .. } = error else { return Err(error) };
        for info in random.graph.outputs.iter_mut().filter(|info| info.name == output) {
            info.shape = found.iter().map(|size| Dim::Size(*size)).collect();
        }
        engine.compile(&random.graph, &random.weights)
    });
    let Ok(model) = model else { return [const { None }; 3] };
    let mut run = model.new_run();
    [1, 3, 0].map(|batch| {
        let mut output = RawOutput::default();
        let inputs = random.inputs(batch);
        run.run(&inputs, &mut output).ok()?;
        // A graph whose inputs all have fixed shapes has no batch: the reference takes a symbol in its outputs for 1, the
        // plan for the rows of the first input.
        let first = |info: &ValueInfo| info.shape.first().cloned();
        let fixed = random.graph.inputs.iter().all(|info| !matches!(first(info), Some(Dim::Symbol(_))));
        let rows = match random.graph.inputs.first().and_then(first) {
            Some(Dim::Size(rows)) if fixed => rows,
            _ => batch,
        };
        let checked = output.check(&random.graph.outputs, if fixed { 1 } else { batch });
        checked.or_else(|_| output.check(&random.graph.outputs, rows)).expect("a run makes what the graph declares");
        Some(output.tensors)
    })
}

/// Random graphs divide by zero and worse, so what is not finite needs only be so in both; a product of blocks rounds its
/// operands to 8 bits, by other rules in each engine, and may be anything after that.
fn agree(random: &RandomGraph, reference: &[Tensor], plan: &[Tensor]) {
    let graph = &random.graph;
    let rounds = random.weights.iter().any(|(_, weight)| matches!(weight.dtype, WeightType::Ggml(_)));
    for (reference, plan) in reference.iter().zip(plan) {
        assert_eq!(reference.shape, plan.shape, "{graph:?}");
        let largest = reference.data.iter().filter(|v| v.is_finite()).fold(1.0_f32, |m, v| m.max(v.abs()));
        for (a, b) in reference.data.iter().zip(&plan.data) {
            let close = (a - b).abs() <= 1e-3 * largest || a == b || !a.is_finite() || !b.is_finite();
            assert!(close || rounds, "reference {a}, plan {b} in {graph:?}");
        }
    }
}

struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn rarely(&mut self) -> bool {
        self.byte() >= 250
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn input(source: &mut Source<'_>, number: usize) -> ValueInfo {
    let name = if source.rarely() { "x0".to_owned() } else { format!("x{number}") };
    let dtype = if source.rarely() { DType::I64 } else { DType::F32 };
    ValueInfo { name, dtype, shape: shape(source) }
}

fn shape(source: &mut Source<'_>) -> Vec<Dim> {
    let rank = source.pick(&[4, 2, 4, 3, 1, 2, 0]);
    let mut shape: Vec<Dim> = (0..rank).map(|_| Dim::Size(size(source))).collect();
    if let Some(first) = shape.first_mut()
        && source.byte() < 128
    {
        *first = Dim::Symbol("N".to_owned());
    }
    shape
}

fn size(source: &mut Source<'_>) -> usize {
    match source.byte() {
        250.. => source.pick(&[0, 1 << 29, usize::MAX / 2, usize::MAX]),
        240.. => 0,
        _ => small(source),
    }
}

/// Mostly 2, so that shapes often agree.
fn small(source: &mut Source<'_>) -> usize {
    source.pick(&[2, 2, 2, 2, 1, 3, 5])
}

/// Up to five initializers: dense, whole numbers, blocks; one more name may have no tensor.
fn constants(source: &mut Source<'_>) -> (Weights, Vec<String>) {
    let mut dense: Vec<(String, Values)> = Vec::new();
    let mut blocks: Vec<(String, [usize; 2])> = Vec::new();
    for i in 0..source.below(6) {
        let name = format!("c{i}");
        match source.below(8) {
            0 => blocks.push((name, [1 + source.below(4), 32])),
            1 => {
                let data: Vec<f32> = (0..=source.below(9)).map(|_| f32::from(source.byte() % 8) - 1.0).collect();
                dense.push((format!("t{i}"), Values { dtype: DType::I64, shape: vec![data.len()], data }));
            }
            _ => {
                let rank = source.pick(&[1, 2, 1, 0, 4, 1, 3]);
                let shape: Vec<usize> = (0..rank).map(|_| small(source)).collect();
                let data = (0..shape.iter().product()).map(|i: usize| (i % 7) as f32 / 4.0 - 0.75).collect();
                dense.push((name, Values { dtype: DType::F32, shape, data }));
            }
        }
    }
    let mut names: Vec<String> =
        dense.iter().map(|(name, _)| name).chain(blocks.iter().map(|(name, _)| name)).cloned().collect();
    if source.rarely() {
        names.push(source.pick(&["c0", "x0", "absent"]).to_owned());
    }
    let dense = op_case::weights(dense.iter().map(|(name, values)| (name.as_str(), values)));
    (dense.merge(&in_blocks(&blocks)).unwrap_or_default(), names)
}

/// Q8_0 blocks with a scale of 1/1024.
fn in_blocks(tensors: &[(String, [usize; 2])]) -> Weights {
    let block: Vec<u8> = [0x00, 0x14].into_iter().chain(0..32).collect();
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, [n, k])| block.repeat(n * k / 32)).collect();
    let dtype = WeightType::Ggml(GgmlType::Q8_0);
    let weights =
        tensors.iter().zip(&bytes).map(|((name, shape), bytes)| (name.as_str(), Weight { dtype, shape, bytes }));
    gguf_bytes(weights).ok().and_then(|file| Weights::from_gguf(file).ok()).unwrap_or_default()
}

/// Ops, each with how many inputs it likes.
const OPS: &[(&str, usize)] = &[
    ("Conv", 3),
    ("Gemm", 3),
    ("MatMul", 2),
    ("Add", 2),
    ("Sub", 2),
    ("Mul", 2),
    ("Div", 2),
    ("Relu", 1),
    ("Sigmoid", 1),
    ("Tanh", 1),
    ("Identity", 1),
    ("LeakyRelu", 1),
    ("Clip", 3),
    ("BatchNormalization", 5),
    ("LayerNormalization", 3),
    ("MaxPool", 1),
    ("AveragePool", 1),
    ("GlobalAveragePool", 1),
    ("Flatten", 1),
    ("Reshape", 2),
    ("Transpose", 1),
    ("Concat", 3),
    ("Softmax", 1),
    ("Einsum", 2),
];

fn node(source: &mut Source<'_>, number: usize, known: &[String]) -> Node {
    let (op, likes) = source.pick(OPS);
    let count = if source.rarely() { source.below(7) } else { likes - usize::from(source.byte() < 64 && likes > 2) };
    let inputs = (0..count).map(|_| match source.byte() {
        255 => "nowhere".to_owned(),
        254 => String::new(),
        choice => known[usize::from(choice) % known.len()].clone(),
    });
    let mut inputs: Vec<String> = inputs.collect();
    match (op, inputs.as_mut_slice()) {
        // Chance alone would hardly find four equal operands, or a target shape.
        ("BatchNormalization", [_, scale, rest @ ..]) => rest.fill(scale.clone()),
        ("Reshape", [_, target]) => {
            if let Some(whole) = known.iter().find(|name| name.starts_with('t')) {
                target.clone_from(whole);
            }
        }
        _ => {}
    }
    let output = if source.rarely() { source.pick(&["x0", "y0", "c0", ""]).to_owned() } else { format!("y{number}") };
    let mut outputs = vec![output];
    if source.rarely() {
        outputs.push("second".to_owned());
    }
    let attributes = attributes(source, op);
    Node { name: format!("node{number}"), op_type: op.to_owned(), inputs, outputs, attributes }
}

fn attributes(source: &mut Source<'_>, op: &str) -> BTreeMap<String, Attribute> {
    let likes: &[&str] = match op {
        "Conv" => &["group", "strides", "dilations", "pads", "kernel_shape"],
        "MaxPool" | "AveragePool" => &["kernel_shape", "strides", "pads", "dilations", "ceil_mode"],
        "Gemm" => &["transB", "alpha", "beta", "transA"],
        "LeakyRelu" => &["alpha"],
        "BatchNormalization" => &["epsilon", "training_mode"],
        "LayerNormalization" => &["epsilon", "axis"],
        "Flatten" | "Softmax" | "Concat" => &["axis"],
        "Transpose" => &["perm"],
        "Reshape" => &["allowzero"],
        _ => &["axis", "auto_pad"],
    };
    let always = matches!(op, "MaxPool" | "AveragePool" | "Concat");
    let mut attributes = BTreeMap::new();
    for (i, name) in likes.iter().enumerate() {
        if source.byte() < 64 || (always && i == 0) {
            attributes.insert((*name).to_owned(), attribute(source, name));
        }
    }
    attributes
}

fn attribute(source: &mut Source<'_>, name: &str) -> Attribute {
    let plural = matches!(name, "strides" | "dilations" | "pads" | "kernel_shape" | "perm") != source.rarely();
    match (plural, name) {
        (true, _) => {
            let count = if name == "pads" { 4 } else { 2 };
            let count = if source.byte() < 200 { count } else { source.below(6) };
            Attribute::Ints((0..count).map(|_| whole(source)).collect())
        }
        (false, "alpha" | "beta" | "epsilon") => {
            Attribute::Float(source.pick(&[0.5, 0.0, -1.0, 1e-5, 1e300, f64::NAN]))
        }
        (false, _) => Attribute::Int(whole(source)),
    }
}

fn whole(source: &mut Source<'_>) -> i64 {
    if source.rarely() {
        return source.pick(&[i64::MAX, i64::MIN, -1, -2, 1 << 31, 1 << 40]);
    }
    source.pick(&[1, 2, 0, 3, 1, 2, -1, 4])
}
