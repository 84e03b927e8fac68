//! What a plan makes of a quantised graph: everything in int8, nothing converted on the way.

use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;
use dunlin_engine::{Engine, PlanEngine};
use dunlin_import::quantize::{Method, Options, Quantized, quantize};

use crate::nets::{Net, samples};

pub(crate) fn int8(graph: &Graph, weights: &Weights, seed: u64) -> Quantized {
    let size = graph.inputs[0].shape.iter().skip(1).map(|dim| match dim {
        dunlin_bundle::graph::Dim::Size(size) => *size,
        dunlin_bundle::graph::Dim::Symbol(_) => 1,
    });
    let rows = samples(seed, &[size.product()], 24);
    let options = Options { accept_loss: true, ..Options::default() };
    quantize(graph, weights, Method::Int8, &rows, &options).unwrap()
}

/// Kernels of the steps that multiply or pool, and ops of those that convert between floats and bytes.
pub(crate) fn steps(graph: &Graph, weights: &Weights) -> (Vec<String>, Vec<String>) {
    let report = PlanEngine::default().compile(graph, weights).unwrap().report(1).unwrap().unwrap();
    let works = |op: &str| ["Conv", "Gemm", "MatMul", "Pool", "Add"].iter().any(|work| op.contains(work));
    let working =
        report.steps.iter().filter(|step| works(&step.op) && step.kernel != "border" && step.kernel != "copy");
    let converting = report.steps.iter().filter(|step| ["quantize", "dequantize"].contains(&step.kernel.as_str()));
    (working.map(|step| step.kernel.clone()).collect(), converting.map(|step| step.node.clone()).collect())
}

#[test]
fn every_product_sum_and_pool_runs_in_int8_and_only_the_input_is_converted() {
    for seed in 0..60 {
        let (graph, weights) = Net::random(seed).finish();
        let quantized = int8(&graph, &weights, seed);
        let (working, converting) = steps(&quantized.graph, &quantized.weights);
        assert!(working.iter().all(|kernel| kernel.contains("q8")), "seed {seed}: {working:?}");
        assert_eq!(converting, ["x.q"], "seed {seed}");
    }
}

#[test]
fn a_product_with_more_than_two_dimensions_keeps_its_bias_and_bounds_in_int8() {
    let mut net = Net::new(1, &[6, 16]);
    let (w, b) = (net.weights(&[16, 8], 16), net.weights(&[8], 3));
    net.node("MatMul", &["x", &w], &[]);
    let product = net.value.clone();
    net.node("Add", &[&product, &b], &[]);
    net.relu();
    let (w, x) = (net.weights(&[8, 4], 8), net.value.clone());
    net.node("MatMul", &[&x, &w], &[]);
    net.shape = vec![6, 4];
    let (graph, weights) = net.finish();
    let quantized = int8(&graph, &weights, 1);
    let (working, converting) = steps(&quantized.graph, &quantized.weights);
    assert!(working.len() == 2 && working.iter().all(|kernel| kernel.contains("q8")), "{working:?}");
    assert_eq!(converting, ["x.q"]);
}

#[test]
fn what_has_no_int8_form_stays_in_floats_between_int8_layers() {
    let mut net = Net::new(2, &[3, 8, 8]);
    net.conv(4, 3, 1, 1);
    let x = net.value.clone();
    net.node("HardSwish", &[&x], &[]);
    net.conv(4, 3, 1, 1);
    let (graph, weights) = net.finish();
    let quantized = int8(&graph, &weights, 2);
    assert!(quantized.report.snr_db > 20.0, "{:?}", quantized.report);
}

#[test]
fn dynamic_int8_takes_the_bias_in_and_leaves_convolutions_alone() {
    let mut net = Net::new(3, &[2, 6, 6]);
    net.conv(32, 3, 1, 1);
    net.relu();
    net.pooled();
    net.gemm(64);
    net.relu();
    net.gemm(4);
    let (graph, weights) = net.finish();
    let rows = samples(3, &[72], 16);
    let quantized = quantize(&graph, &weights, Method::Dynamic, &rows, &Options::default()).unwrap();
    let ops: Vec<&str> = quantized.graph.nodes.iter().map(|node| node.op_type.as_str()).collect();
    // The last product has too few weights to be worth it.
    assert_eq!(ops, ["Conv", "Relu", "GlobalAveragePool", "Flatten", "DynamicQuantizeMatMul", "Relu", "Gemm"]);
    assert!(quantized.report.snr_db > 35.0, "{:?}", quantized.report);
}

#[test]
fn products_of_any_rank_go_into_blocks() {
    let mut net = Net::new(4, &[6, 32]);
    let w = net.weights(&[32, 64], 32);
    net.node("MatMul", &["x", &w], &[]);
    net.shape = vec![6, 64];
    let (graph, weights) = net.finish();
    let rows = samples(4, &[192], 16);
    let q8_0 = quantize(&graph, &weights, "q8_0".parse().unwrap(), &rows, &Options::default()).unwrap();
    assert_eq!(q8_0.graph.nodes.iter().filter(|node| node.op_type == "Gemm").count(), 1);
    assert!(q8_0.report.snr_db > 35.0 && q8_0.report.snr_db.is_finite(), "{:?}", q8_0.report);
}
