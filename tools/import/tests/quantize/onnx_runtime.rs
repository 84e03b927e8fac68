//! The plan's int8 against ONNX Runtime's, value by value: within one quantum.

use dunlin_bundle::tensor::Tensor;
use dunlin_import::{Data, import};

use crate::fused;
use crate::known_models::{self, MODELS};
use crate::nets::{Net, samples};
use crate::oracle::{Case, Difference, answers, python, quantized_by_onnx_runtime, skipped};

const NO_PYTHON: &str = "no comparison with ONNX Runtime; set DUNLIN_PYTHON to a Python with onnx and onnxruntime";
/// Sums in floats and in whole numbers round differently near the middle between two bytes, and nowhere else.
const MOST_DIFFERING: f64 = 0.002;
/// The same after many layers.
const MOST_DIFFERING_AT_LAST: f64 = 0.05;

/// Compares models as they are, and layer by layer.
fn compare(whole: Vec<Case>) {
    let Some(python) = python() else { return };
    let cut: Vec<Case> = whole.iter().map(Case::cut).collect();
    for (cases, most) in [(whole, MOST_DIFFERING_AT_LAST), (cut, MOST_DIFFERING)] {
        for (case, expected) in cases.iter().zip(answers(&python, &cases)) {
            let Difference { share, quanta } = case.compare(&expected);
            eprintln!("{}: {:.4} % of bytes differ, by at most {quanta:.0}", case.name, share * 100.0);
            assert!(share < most, "{}: {share}", case.name);
        }
    }
}

/// The first rows as inputs of a graph.
fn inputs(graph: &dunlin_bundle::graph::Graph, data: &Data, rows: usize) -> Vec<Tensor> {
    let one = |(position, input): (usize, &dunlin_bundle::graph::ValueInfo)| {
        let sizes = input.shape.iter().skip(1).map(|dim| match dim {
            dunlin_bundle::graph::Dim::Size(size) => *size,
            dunlin_bundle::graph::Dim::Symbol(_) => 1,
        });
        let shape = [rows].into_iter().chain(sizes).collect();
        let values = data.rows[..rows].iter().flat_map(|row| row.inputs[position].iter().copied());
        Tensor { shape, data: values.collect() }
    };
    graph.inputs.iter().enumerate().map(one).collect()
}

#[test]
fn random_quantised_networks_answer_as_onnx_runtime_does() {
    if python().is_none() {
        return skipped(NO_PYTHON);
    }
    let case = |seed: u64| {
        let (graph, weights) = Net::random(seed).finish();
        let quantized = fused::int8(&graph, &weights, seed);
        let rows = samples(seed + 1000, &[3 * 11 * 9], 4).held_out;
        let data = rows.iter().flat_map(|row| row.inputs[0].iter().copied()).collect();
        let input = Tensor { shape: vec![4, 3, 11, 9], data };
        Case::new(format!("seed {seed}"), &quantized.graph, &quantized.weights, vec![input])
    };
    compare((0..60).map(case).collect());
}

#[test]
fn the_known_models_quantised_here_answer_as_onnx_runtime_does() {
    let (Some(_), Some(folder)) = (python(), known_models::folder()) else { return skipped(NO_PYTHON) };
    let case = |(onnx, _): &(&str, &str)| {
        let (quantized, data) = known_models::int8(&std::fs::read(folder.join(onnx)).unwrap());
        let inputs = inputs(&quantized.graph, &data, 4);
        Case::new((*onnx).to_owned(), &quantized.graph, &quantized.weights, inputs)
    };
    compare(MODELS.iter().map(case).collect());
}

#[test]
fn models_quantised_by_onnx_runtime_answer_as_there() {
    let (Some(python), Some(folder)) = (python(), known_models::folder()) else { return skipped(NO_PYTHON) };
    let mut cases = Vec::new();
    for (onnx, _) in MODELS {
        for types in ["u8s8", "s8s8"] {
            let quantized = quantized_by_onnx_runtime(&python, &folder.join(onnx), types);
            let imported = import(&quantized).unwrap();
            let data = Data::noise(&imported.graph, &imported.weights, 3);
            let inputs = inputs(&imported.graph, &data, 4);
            cases.push(Case::new(format!("{onnx} {types}"), &imported.graph, &imported.weights, inputs));
        }
    }
    compare(cases);
}
