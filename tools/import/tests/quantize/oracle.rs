//! ONNX Runtime in one Python process, through a folder with a subfolder for each case.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use dunlin_bundle::graph::{Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Weight, WeightType, Weights, safetensors_bytes};
use dunlin_engine::{Engine, PlanEngine, RawOutput};

/// Says what was not tested, past the test runner's capture.
pub(crate) fn skipped(what: &str) {
    std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes()).unwrap();
}

/// A Python that has onnx, onnxruntime and numpy.
pub(crate) fn python() -> Option<OsString> {
    std::env::var_os("DUNLIN_PYTHON").filter(|python| !python.is_empty())
}

/// A graph of a fixed batch and its inputs. Every dequantised activation is an output, with the scale of its bytes.
pub(crate) struct Case {
    pub(crate) name: String,
    graph: Graph,
    weights: Weights,
    inputs: Vec<Tensor>,
    /// One quantum of each output that has one.
    quanta: Vec<Option<f32>>,
    /// How many outputs are the model's own.
    own: usize,
    /// Whether each layer has inputs of its own.
    is_cut: bool,
}

/// How far from ONNX Runtime's answers.
pub(crate) struct Difference {
    /// Share of bytes that differ at all.
    pub(crate) share: f64,
    /// The most that one differs by.
    pub(crate) quanta: f32,
}

impl Case {
    pub(crate) fn new(name: String, graph: &Graph, weights: &Weights, inputs: Vec<Tensor>) -> Self {
        let batch = inputs[0].shape[0];
        let shapes = PlanEngine::default().shapes(graph, weights, batch).unwrap();
        let info = |name: &String| fixed(name, &shapes[name]);
        let scale = |name: &String| match weights.get(name)?.to_f32()?.as_slice() {
            [scale] => Some(*scale),
            _ => None,
        };
        let dequantized: Vec<(String, f32)> = activations(graph, weights)
            .map(|node| (node.outputs[0].clone(), scale(&node.inputs[1]).unwrap()))
            .collect();
        let own: Vec<String> = graph.outputs.iter().map(|output| output.name.clone()).collect();
        let quantum = |name: &String| dequantized.iter().find(|(value, _)| value == name).map(|(_, scale)| *scale);
        let inner = dequantized.iter().map(|(value, _)| value).filter(|value| !own.contains(value));
        let names: Vec<String> = own.iter().chain(inner).cloned().collect();
        let mut graph = graph.clone();
        graph.inputs = graph.inputs.iter().map(|input| info(&input.name)).collect();
        graph.outputs = names.iter().map(info).collect();
        let quanta = names.iter().map(quantum).collect();
        Self { name, graph, weights: weights.clone(), inputs, quanta, own: own.len(), is_cut: false }
    }

    /// The same with each layer by itself: it reads what the layers before it make here, whatever they make there.
    pub(crate) fn cut(&self) -> Self {
        let made = self.run();
        let mut cut = Self { is_cut: true, name: format!("{}, layer by layer", self.name), ..self.copy() };
        cut.graph.nodes.clear();
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        for node in &self.graph.nodes {
            let mut new = node.clone();
            new.inputs = node.inputs.iter().map(|input| renamed.get(input).unwrap_or(input).clone()).collect();
            cut.graph.nodes.push(new);
            let is_activation = activations(&self.graph, &self.weights).any(|other| other.name == node.name);
            let at = self.graph.outputs.iter().position(|output| output.name == node.outputs[0]);
            let (true, Some(at)) = (is_activation, at) else { continue };
            let value = &node.outputs[0];
            let [input, bytes, real] = ["in", "bytes", "real"].map(|what| format!("{value}.{what}"));
            let with = |first: &String| [first].into_iter().chain(&node.inputs[1..]).cloned().collect();
            let add = |op: &str, first: &String, output: &String| Node {
                name: output.clone(),
                op_type: op.to_owned(),
                inputs: with(first),
                outputs: vec![output.clone()],
                attributes: BTreeMap::new(),
            };
            cut.graph.nodes.push(add("QuantizeLinear", &input, &bytes));
            cut.graph.nodes.push(add("DequantizeLinear", &bytes, &real));
            cut.graph.inputs.push(fixed(&input, &made[at].shape));
            cut.inputs.push(made[at].clone());
            renamed.insert(value.clone(), real);
        }
        cut
    }

    fn copy(&self) -> Self {
        let (name, graph, weights) = (self.name.clone(), self.graph.clone(), self.weights.clone());
        let (inputs, quanta, own, is_cut) = (self.inputs.clone(), self.quanta.clone(), self.own, self.is_cut);
        Self { name, graph, weights, inputs, quanta, own, is_cut }
    }

    fn run(&self) -> Vec<Tensor> {
        let model = PlanEngine::default().compile(&self.graph, &self.weights).unwrap();
        let mut output = RawOutput::default();
        model.new_run().run(&self.inputs, &mut output).unwrap();
        output.tensors
    }

    /// Compares with ONNX Runtime's values: a layer by itself, and a model's own outputs, are within one quantum.
    /// Inside a model a byte that is one off can be more further on; what stays in floats follows from such bytes.
    pub(crate) fn compare(&self, expected: &[Tensor]) -> Difference {
        let (mut differing, mut all, mut most) = (0, 0, 0.0_f32);
        let found = self.run();
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let (info, quantum) = (&self.graph.outputs[at], self.quanta[at]);
            assert_eq!(found.shape, expected.shape, "{}: {}", self.name, info.name);
            let range = expected.data.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
            let unit = quantum.unwrap_or(if self.is_cut { 1e-3 } else { 0.02 } * range.max(1e-6));
            for (f, e) in found.data.iter().zip(&expected.data) {
                let off = (f - e).abs() / unit;
                let is_bound = self.is_cut || at < self.own;
                assert!(off <= 1.001 || !is_bound, "{}: {}: {f}, ONNX Runtime says {e}", self.name, info.name);
                if quantum.is_some() {
                    all += 1;
                    differing += u32::from(off > 0.5);
                    most = most.max(off);
                }
            }
        }
        Difference { share: f64::from(differing) / f64::from(all.max(1)), quanta: most }
    }

    fn write(&self, folder: &Path) {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("graph.json"), serde_json::to_vec(&self.graph).unwrap()).unwrap();
        std::fs::write(folder.join("weights.safetensors"), safetensors_bytes(self.weights.iter()).unwrap()).unwrap();
        let bytes: Vec<Vec<u8>> =
            self.inputs.iter().map(|x| x.data.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
        let named = self.graph.inputs.iter().zip(&self.inputs).zip(&bytes).map(|((info, x), bytes)| {
            (info.name.as_str(), Weight { dtype: WeightType::Dense(DType::F32), shape: &x.shape, bytes })
        });
        std::fs::write(folder.join("inputs.safetensors"), safetensors_bytes(named).unwrap()).unwrap();
    }

    fn read(&self, folder: &Path) -> Vec<Tensor> {
        if let Ok(why) = std::fs::read_to_string(folder.join("refused.txt")) {
            panic!("{}: ONNX Runtime refuses it: {why}", self.name);
        }
        let outputs = Weights::from_safetensors(std::fs::read(folder.join("outputs.safetensors")).unwrap()).unwrap();
        let one = |name: &str| {
            let weight = outputs.get(name).unwrap();
            Tensor { shape: weight.shape.to_vec(), data: weight.to_f32().unwrap() }
        };
        self.graph.outputs.iter().map(|info| one(&info.name)).collect()
    }
}

/// The nodes that dequantise what a run makes.
fn activations<'a>(graph: &'a Graph, weights: &'a Weights) -> impl Iterator<Item = &'a Node> {
    let nodes = graph.nodes.iter();
    nodes.filter(|node| node.op_type == "DequantizeLinear" && weights.get(&node.inputs[0]).is_none())
}

fn fixed(name: &str, shape: &[usize]) -> ValueInfo {
    let shape = shape.iter().map(|size| Dim::Size(*size)).collect();
    ValueInfo { name: name.to_owned(), dtype: DType::F32, shape }
}

/// What ONNX Runtime answers to each case.
pub(crate) fn answers(python: &OsString, cases: &[Case]) -> Vec<Vec<Tensor>> {
    let folder = tempfile::tempdir().unwrap();
    let at = |number: usize| folder.path().join(format!("{number:05}"));
    cases.iter().enumerate().for_each(|(number, case)| case.write(&at(number)));
    run(python, &script("tests/conformance/onnx_runtime.py"), &[folder.path().into()]);
    cases.iter().enumerate().map(|(number, case)| case.read(&at(number))).collect()
}

/// ONNX Runtime's own quantisation of a model.
pub(crate) fn quantized_by_onnx_runtime(python: &OsString, onnx: &Path, types: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("quantized.onnx");
    run(python, &script("tools/xtask/python/quantize.py"), &[onnx.into(), out.clone().into(), types.into()]);
    std::fs::read(out).unwrap()
}

fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn run(python: &OsString, script: &Path, arguments: &[OsString]) {
    let ended = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(ended.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&ended.stderr));
}
