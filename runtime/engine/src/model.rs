//! The types that every engine stands behind: compile once, share the weights, run on one's own.

use std::sync::Arc;

use dunlin_bundle::Weights;
use dunlin_bundle::graph::{Graph, ValueInfo};
use dunlin_bundle::tensor::{Tensor, element_count};

use crate::error::EngineError;
use crate::kernels::KernelSet;
use crate::plan::StepReport;
use crate::shape;

/// Turns a graph and its weights into a model.
pub trait Engine {
    /// Compiles a graph. What can be found out without input is found out here: unknown ops, shapes that do not fit,
    /// memory over the limit.
    ///
    /// # Errors
    /// [`EngineError`] naming the node, the tensor or the output.
    fn compile(&self, graph: &Graph, weights: &Weights) -> Result<Arc<dyn Model>, EngineError>;
}

/// A compiled model: immutable, shared between threads, owner of the weights.
pub trait Model: Send + Sync {
    /// A run of one's own: what a caller needs beside the weights.
    fn new_run(self: Arc<Self>) -> Box<dyn Run>;

    /// Which kernels it runs on.
    fn kernels(&self) -> &KernelSet;

    /// What a run with a batch of this size does and takes; `None` from an engine that has no plan.
    ///
    /// # Errors
    /// [`EngineError`] when the graph cannot run with such a batch.
    fn report(&self, _batch: usize) -> Result<Option<PlanReport>, EngineError> {
        Ok(None)
    }
}

/// What a plan does and takes, for people who budget memory and time before they ship.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanReport {
    /// Bytes of the arena that each run owns.
    pub arena_bytes: usize,
    /// Bytes of packed weights and other constants, shared by all runs. Blocks that are used where they are mapped do not
    /// count.
    pub packed_bytes: usize,
    /// Steps, in order.
    pub steps: Vec<StepReport>,
}

/// One caller's use of a model, one call at a time.
pub trait Run: Send {
    /// Runs the graph. `inputs` holds one tensor for each input of the graph, in its order, batch first; `output` is
    /// overwritten.
    ///
    /// # Errors
    /// [`EngineError`] naming the input, node or output.
    fn run(&mut self, inputs: &[Tensor], output: &mut RawOutput) -> Result<(), EngineError>;

    /// Runs the graph and calls `after` with the number of each step of the plan when it is done, for those who measure.
    /// An engine without a plan has no steps to tell of.
    ///
    /// # Errors
    /// As [`Run::run`].
    fn run_observed(
        &mut self,
        inputs: &[Tensor],
        output: &mut RawOutput,
        _after: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        self.run(inputs, output)
    }
}

/// What the graph made: one tensor for each of its outputs, in its order, batch first. Nobody has looked at it yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawOutput {
    /// The outputs.
    pub tensors: Vec<Tensor>,
}

impl RawOutput {
    /// Checks that these are the declared outputs for a batch of this size; an engine of one's own may make others.
    ///
    /// # Errors
    /// [`EngineError::OutputCount`], or [`EngineError::WrongOutput`] naming the output.
    pub fn check(&self, declared: &[ValueInfo], batch: usize) -> Result<(), EngineError> {
        if self.tensors.len() != declared.len() {
            return Err(EngineError::OutputCount { expected: declared.len(), found: self.tensors.len() });
        }
        for (info, tensor) in declared.iter().zip(&self.tensors) {
            shape::check_output(info, &tensor.shape, batch)?;
            if element_count(&tensor.shape) != Some(tensor.data.len()) {
                return Err(shape::wrong_output(info, &[tensor.data.len()]));
            }
        }
        Ok(())
    }
}
