//! The candle reference executor: the graph op by op, without cleverness, as the oracle of everything faster.

mod constants;
mod ops;
mod plan;
mod values;

use std::sync::Arc;

use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::Tensor;

use crate::error::EngineError;
use crate::kernels::KernelSet;
use crate::model::{Engine, Model, RawOutput, Run};
pub use constants::ggml_dtype;
use plan::Plan;

/// Compiles graphs for candle on the CPU, in f32 and in ggml blocks.
///
/// On an ARM core without the dot-product instructions candle's block kernels end in an illegal instruction, so there
/// the blocks are dequantised when the model is loaded, and the kernel set says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceEngine;

impl ReferenceEngine {
    /// ONNX names of the ops that it runs.
    pub fn ops() -> impl Iterator<Item = &'static str> {
        ops::names()
    }
}

impl Engine for ReferenceEngine {
    fn compile(&self, graph: &Graph, weights: &Weights) -> Result<Arc<dyn Model>, EngineError> {
        Ok(Arc::new(ReferenceModel { plan: Plan::new(graph, weights)? }))
    }
}

struct ReferenceModel {
    plan: Plan,
}

impl Model for ReferenceModel {
    fn new_run(self: Arc<Self>) -> Box<dyn Run> {
        Box::new(ReferenceRun(self))
    }

    fn kernels(&self) -> &KernelSet {
        self.plan.kernels()
    }
}

struct ReferenceRun(Arc<ReferenceModel>);

impl Run for ReferenceRun {
    fn run(&mut self, inputs: &[Tensor], output: &mut RawOutput) -> Result<(), EngineError> {
        output.tensors = self.0.plan.run(inputs)?;
        Ok(())
    }
}
