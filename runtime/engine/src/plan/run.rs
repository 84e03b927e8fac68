//! One caller's run of a plan: an arena, and the copy in and out of it.

use std::sync::Arc;

use dunlin_bundle::graph::{Dim, ValueInfo};
use dunlin_bundle::tensor::Tensor;
use dunlin_kernels::Aligned;

use super::PlanModel;
use super::program::Program;
use crate::error::EngineError;
use crate::model::{RawOutput, Run};
use crate::shape;

pub(crate) struct PlanRun {
    model: Arc<PlanModel>,
    /// The plan of the last run; `None` before the first.
    current: Option<(usize, Arc<Program>, Aligned)>,
}

impl PlanRun {
    pub(crate) fn new(model: Arc<PlanModel>) -> Self {
        let batch = super::declared_batch(&model.graph);
        // The plan of the declared batch is always there.
        let current = model.program(batch).ok().map(|program| {
            let arena = program.new_arena();
            (batch, program, arena)
        });
        Self { model, current }
    }

    /// Runs every step; `after` is compiled into the loop, so that one that does nothing costs nothing.
    fn run_steps(
        &mut self,
        inputs: &[Tensor],
        output: &mut RawOutput,
        after: impl FnMut(usize),
    ) -> Result<(), EngineError> {
        let batch = check_inputs(&self.model.graph.inputs, inputs)?;
        let (program, arena) = match &mut self.current {
            Some((size, program, arena)) if *size == batch => (program, arena),
            current => {
                let program = self.model.program(batch)?;
                let arena = program.new_arena();
                let (_, program, arena) = current.insert((batch, program, arena));
                (program, arena)
            }
        };
        let mut memory = program.memory(arena);
        for ((slot, count), input) in program.inputs().zip(inputs) {
            memory.write::<f32>(slot)[..count].copy_from_slice(&input.data);
        }
        program.run(self.model.kernels, arena, after)?;
        let memory = program.memory(arena);
        output.tensors.resize_with(self.model.graph.outputs.len(), Tensor::default);
        for ((slot, shape), tensor) in program.outputs().zip(&mut output.tensors) {
            tensor.shape.clear();
            tensor.shape.extend_from_slice(shape);
            tensor.data.clear();
            tensor.data.extend_from_slice(&memory.read::<f32>(slot)[..shape.iter().product()]);
        }
        Ok(())
    }
}

impl Run for PlanRun {
    fn run(&mut self, inputs: &[Tensor], output: &mut RawOutput) -> Result<(), EngineError> {
        self.run_steps(inputs, output, |_| ())
    }

    fn run_observed(
        &mut self,
        inputs: &[Tensor],
        output: &mut RawOutput,
        after: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        self.run_steps(inputs, output, after)
    }
}

/// Checks that inputs have the declared shapes; gives their batch.
fn check_inputs(declared: &[ValueInfo], inputs: &[Tensor]) -> Result<usize, EngineError> {
    if declared.len() != inputs.len() {
        return Err(EngineError::InputCount { expected: declared.len(), found: inputs.len() });
    }
    let mut pairs = declared.iter().zip(inputs);
    let symbolic = pairs.find(|(info, _)| matches!(info.shape.first(), Some(Dim::Symbol(_))));
    let batch = match symbolic {
        Some((_, input)) => input.shape.first().copied().unwrap_or(1),
        None => inputs.first().and_then(|input| input.shape.first()).copied().unwrap_or(1),
    };
    for (info, input) in declared.iter().zip(inputs) {
        // No rows are no question.
        let batch = if batch == 0 { usize::MAX } else { batch };
        let count = input.shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        if !shape::fits(&info.shape, &input.shape, batch) || count != Some(input.data.len()) {
            let (input, expected) = (input, shape::describe(&info.shape));
            return Err(EngineError::WrongInput { input: info.name.clone(), expected, found: input.shape.clone() });
        }
    }
    Ok(batch)
}
