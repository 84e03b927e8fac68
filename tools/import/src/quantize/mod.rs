//! Smaller weights and faster kernels at a known loss: a float graph in, a quantised one and a report out.
//!
//! float graph -> `prepare` -> products in one form -> `choose` -> what becomes bytes -> `calibrate` on rows -> scales
//! -> `int8` -> a graph with `QuantizeLinear` and `DequantizeLinear`, which plans fuse -> `report`: both graphs on rows
//! that were held out, and a refusal where the loss is over the limits.

mod blocks;
mod calibrate;
mod choose;
mod dynamic;
mod error;
mod flow;
mod int8;
mod net;
mod observe;
mod prepare;
mod range;
mod report;
mod samples;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use dunlin_bundle::graph::{Graph, Node};
use dunlin_bundle::{GgmlType, WeightType, Weights};
use dunlin_engine::PlanEngine;

use crate::data::{Row, row_elements};
pub use error::QuantizeError;
use net::Net;
use range::Range;
use report::Pair;
pub use report::{Layer, Report};
pub use samples::Samples;

/// How a model is quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Static int8: weights i8 per output channel, activations u8 with ranges from calibration.
    Int8,
    /// Dynamic int8 of matrix products: weights i8 per column, activations quantised row by row as they come.
    Dynamic,
    /// Weights of matrix products in ggml blocks.
    Blocks(GgmlType),
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int8 => "int8",
            Self::Dynamic => "dynamic",
            Self::Blocks(blocks) => blocks.name(),
        })
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Int8, Self::Dynamic].into_iter().chain(GgmlType::ALL.iter().map(|t| Self::Blocks(*t)));
        let names = || all.clone().map(|method| method.to_string()).collect::<Vec<_>>().join(", ");
        let known = all.clone().find(|method| method.to_string().eq_ignore_ascii_case(text));
        known.ok_or_else(|| format!("'{text}' is none of {}", names()))
    }
}

/// How an activation's range comes from what calibration saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ranges {
    /// From the least value to the greatest.
    #[default]
    MinMax,
    /// Without the rarest: of 100 values this many stay, and as many go at either end.
    Percentile(f64),
}

/// The worst result that is not refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// With labels: how much less accuracy.
    pub accuracy_drop: f64,
    /// Without labels, of a model that gives classes: the share of rows with the same class as in f32.
    pub agreement: f64,
    /// Of any other model: the outputs' signal over noise, in dB.
    pub snr_db: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { accuracy_drop: 0.02, agreement: 0.95, snr_db: 20.0 }
    }
}

/// What the caller chooses beside the method.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// How ranges are found.
    pub ranges: Ranges,
    /// What is refused.
    pub limits: Limits,
    /// Refuses nothing.
    pub accept_loss: bool,
    /// Names of the classes, in the order of the output, where the model has them.
    pub classes: Vec<String>,
}

/// A quantised model.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// Its computation, with the float graph's inputs and outputs.
    pub graph: Graph,
    /// Its tensors, each used; dense, also where packing puts them in blocks.
    pub weights: Weights,
    /// What it cost.
    pub report: Report,
}

/// Quantises a float graph.
///
/// # Errors
/// [`QuantizeError`] naming the node, the value or the row; [`QuantizeError::TooLossy`] when the result is worse than
/// the limits allow.
pub fn quantize(
    graph: &Graph,
    weights: &Weights,
    method: Method,
    samples: &Samples,
    options: &Options,
) -> Result<Quantized, QuantizeError> {
    check(graph, weights, samples)?;
    let mut net = Net::new(graph, weights);
    prepare::prepare(&mut net, &PlanEngine::default().shapes(graph, weights, 1)?);
    let (float, float_weights) = net.finish()?;
    let float = Pair { graph: &float, weights: &float_weights };
    let (graph, weights, layers) = match method {
        Method::Int8 => static_int8(float, &samples.calibration, options.ranges)?,
        Method::Dynamic => dynamic_int8(float)?,
        Method::Blocks(_) => in_blocks(float)?,
    };
    let blocks = match method {
        Method::Blocks(blocks) => dunlin_models::pack::in_blocks(&graph, &weights, blocks)?,
        Method::Int8 | Method::Dynamic => weights.clone(),
    };
    let quantized = Pair { graph: &graph, weights: &blocks };
    let mut report = report::compare(float, quantized, &layers, samples, &options.classes)?;
    if method == Method::Int8 {
        report.calibration_rows = samples.calibration.len();
    }
    if !options.accept_loss {
        report.check(&options.limits)?;
    }
    Ok(Quantized { graph, weights, report })
}

/// Graph, weights, and the layers' nodes and results.
type Rewritten = (Graph, Weights, Vec<(String, String)>);

fn dynamic_int8(float: Pair<'_>) -> Result<Rewritten, QuantizeError> {
    let mut net = Net::new(float.graph, float.weights);
    let layers = dynamic::rewrite(&mut net);
    if layers.is_empty() {
        return Err(QuantizeError::NothingToQuantize { wanted: "Gemm or MatMul with large constant weights" });
    }
    let (graph, weights) = net.finish()?;
    Ok((graph, weights, layers))
}

fn in_blocks(float: Pair<'_>) -> Result<Rewritten, QuantizeError> {
    let shapes = PlanEngine::default().shapes(float.graph, float.weights, 1)?;
    let mut net = Net::new(float.graph, float.weights);
    let layers = blocks::rewrite(&mut net, &shapes);
    let (graph, weights) = net.finish()?;
    Ok((graph, weights, layers))
}

fn static_int8(float: Pair<'_>, rows: &[Row], ranges: Ranges) -> Result<Rewritten, QuantizeError> {
    let shapes = PlanEngine::default().shapes(float.graph, float.weights, 1)?;
    let mut net = Net::new(float.graph, float.weights);
    let choice = choose::choose(&net, &shapes);
    if choice.layers.is_empty() {
        return Err(QuantizeError::NothingToQuantize { wanted: "Conv, Gemm or MatMul with constant weights" });
    }
    // In the graph's order, so that the first value that is not finite is the one to look at.
    let made = float.graph.nodes.iter().flat_map(|node| &node.outputs);
    let all = float.graph.inputs.iter().map(|input| &input.name).chain(made);
    let values: Vec<String> = all.filter(|value| choice.bytes.contains_key(*value)).cloned().collect();
    let found = calibrate::calibrate(float.graph, float.weights, &values, rows, ranges)?;
    let mut shared: BTreeMap<String, Range> = BTreeMap::new();
    for (value, range) in values.iter().zip(found) {
        let all = shared.entry(choice.bytes[value].clone()).or_default();
        *all = all.union(range);
    }
    let scales = shared.into_iter().map(|(value, range)| (value, range.scale())).collect();
    int8::rewrite(&mut net, &choice, &scales);
    let (graph, weights) = net.finish()?;
    Ok((graph, weights, choice.layers))
}

/// Refuses what is quantised already, and rows that are none of the graph's.
fn check(graph: &Graph, weights: &Weights, samples: &Samples) -> Result<(), QuantizeError> {
    let in_blocks = |name: &String| weights.get(name).is_some_and(|w| matches!(w.dtype, WeightType::Ggml(_)));
    let is_quantized = |node: &&Node| {
        matches!(node.op_type.as_str(), "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeMatMul")
            || node.inputs.iter().any(in_blocks)
    };
    if let Some(node) = graph.nodes.iter().find(is_quantized) {
        return Err(QuantizeError::AlreadyQuantized { node: node.name.clone(), op: node.op_type.clone() });
    }
    let sizes: Vec<usize> = graph.inputs.iter().map(row_elements).collect();
    let fits = |row: &Row| row.inputs.iter().map(Vec::len).eq(sizes.iter().copied());
    if samples.calibration.is_empty() || samples.held_out.is_empty() {
        return Err(QuantizeError::NoRows);
    }
    match samples.calibration.iter().chain(&samples.held_out).position(|row| !fits(row)) {
        Some(row) => Err(QuantizeError::BadRow { row }),
        None => Ok(()),
    }
}
