//! Runs a graph on rows, some of its inner values declared as outputs.

use std::sync::Arc;

use dunlin_bundle::Weights;
use dunlin_bundle::graph::{Dim, Graph, ValueInfo};
use dunlin_bundle::tensor::{DType, Tensor, element_count};
use dunlin_engine::{Engine, Model, PlanEngine, RawOutput, Run};

use super::QuantizeError;
use crate::data::Row;

/// Most rows that run at once.
const MAX_BATCH: usize = 64;
/// Most elements of all inner values that are looked at at once.
const MAX_ELEMENTS: usize = 1 << 22;

/// A graph whose inner values can be seen.
pub(super) struct Observed<'a> {
    graph: &'a Graph,
    weights: &'a Weights,
    values: &'a [String],
    /// The rows that a run takes, and the run.
    runs: Vec<(usize, Box<dyn Run>)>,
    output: RawOutput,
    inputs: Vec<Tensor>,
}

/// How many rows run at once: as many as memory allows, or as many as the graph is fixed to.
pub(super) fn batch_size(graph: &Graph, weights: &Weights, values: &[String]) -> Result<usize, QuantizeError> {
    if let Some(fixed) = fixed_batch(graph) {
        return Ok(fixed);
    }
    let shapes = PlanEngine::default().shapes(graph, weights, 1)?;
    let elements: usize = values.iter().filter_map(|value| element_count(shapes.get(value)?)).sum();
    Ok((MAX_ELEMENTS / elements.max(1)).clamp(1, MAX_BATCH))
}

fn fixed_batch(graph: &Graph) -> Option<usize> {
    let open = graph.inputs.iter().any(|input| matches!(input.shape.first(), Some(Dim::Symbol(_))));
    match graph.inputs.first()?.shape.first() {
        Some(Dim::Size(size)) if !open => Some(*size),
        _ => None,
    }
}

impl<'a> Observed<'a> {
    pub(super) fn new(graph: &'a Graph, weights: &'a Weights, values: &'a [String]) -> Self {
        Self { graph, weights, values, runs: Vec::new(), output: RawOutput::default(), inputs: Vec::new() }
    }

    /// Runs rows; gives the values in their order. A graph of a fixed batch repeats rows until there are enough.
    pub(super) fn run(&mut self, rows: &[Row]) -> Result<&[Tensor], QuantizeError> {
        let batch = fixed_batch(self.graph).unwrap_or(rows.len());
        let at = match self.runs.iter().position(|(size, _)| *size == batch) {
            Some(at) => at,
            None => {
                let run = self.compile(batch)?.new_run();
                self.runs.push((batch, run));
                self.runs.len() - 1
            }
        };
        self.inputs.clear();
        for (position, input) in self.graph.inputs.iter().enumerate() {
            let shape: Vec<usize> = sizes(input, batch).collect();
            let data: Vec<f32> =
                (0..batch).flat_map(|i| rows[i % rows.len()].inputs[position].iter().copied()).collect();
            self.inputs.push(Tensor { shape, data });
        }
        self.runs[at].1.run(&self.inputs, &mut self.output)?;
        Ok(&self.output.tensors)
    }

    /// Compiles for a fixed batch, with all values as outputs.
    fn compile(&self, batch: usize) -> Result<Arc<dyn Model>, QuantizeError> {
        let engine = PlanEngine::default();
        let shapes = engine.shapes(self.graph, self.weights, batch)?;
        let mut fixed = self.graph.clone();
        for input in &mut fixed.inputs {
            input.shape = sizes(input, batch).map(Dim::Size).collect();
        }
        let declared = |name: &String| {
            let shape = shapes.get(name).into_iter().flatten().map(|size| Dim::Size(*size)).collect();
            ValueInfo { name: name.clone(), dtype: DType::F32, shape }
        };
        fixed.outputs = self.values.iter().map(declared).collect();
        Ok(engine.compile(&fixed, self.weights)?)
    }
}

fn sizes(input: &ValueInfo, batch: usize) -> impl Iterator<Item = usize> {
    input.shape.iter().map(move |dim| if let Dim::Size(size) = dim { *size } else { batch })
}
