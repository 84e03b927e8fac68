//! A plan for one batch size.

use std::collections::BTreeMap;

use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;
use dunlin_kernels::{Aligned, Kernels};

use super::builder::{Builder, Built, Packs, StepReport};
use super::memory::Slot;
use crate::error::EngineError;
use crate::fuse::fuse;
use crate::ir::{self, Ir, Op, Type};
use crate::kernels::KernelFamily;

/// Steps in order, and where everything lies.
pub(crate) struct Program {
    built: Built,
    /// Elements of each input and output.
    input_counts: Vec<usize>,
    output_shapes: Vec<Vec<usize>>,
    family: KernelFamily,
}

impl Program {
    pub(crate) fn compile(
        graph: &Graph,
        weights: &Weights,
        kernels: &'static Kernels,
        packs: &Packs,
        batch: usize,
    ) -> Result<Self, EngineError> {
        let fold = |alone: &Ir| evaluate(alone, weights, kernels);
        let mut ir = ir::read(graph, weights, batch, &fold)?;
        fuse(&mut ir, weights, &fold)?;
        let family = family(&ir);
        let built = Builder::build(&ir, weights, kernels, packs)?;
        let input_counts = ir.inputs.iter().map(|id| ir.value(*id).count()).collect();
        let output_shapes = ir.outputs.iter().map(|id| ir.value(*id).shape.clone()).collect();
        Ok(Self { built, input_counts, output_shapes, family })
    }

    pub(crate) fn arena_bytes(&self) -> usize {
        self.built.layout.arena_bytes()
    }

    pub(crate) fn constant_bytes(&self) -> usize {
        self.built.layout.constant_bytes()
    }

    pub(crate) fn family(&self) -> KernelFamily {
        self.family
    }

    pub(crate) fn reports(&self) -> impl Iterator<Item = &StepReport> {
        self.built.steps.iter().map(|(_, report)| report)
    }

    pub(crate) fn new_arena(&self) -> Aligned {
        self.built.layout.new_arena()
    }

    /// Slot and elements of each input.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (Slot, usize)> {
        self.built.inputs.iter().copied().zip(self.input_counts.iter().copied())
    }

    /// Slot and shape of each output.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (Slot, &[usize])> {
        self.built.outputs.iter().copied().zip(self.output_shapes.iter().map(Vec::as_slice))
    }

    pub(crate) fn memory<'a>(&'a self, arena: &'a mut Aligned) -> super::memory::Memory<'a> {
        self.built.layout.memory(arena)
    }

    /// Runs every step; `after` is called with the number of each when it is done. Fails where the inputs led a step to
    /// something that is not there.
    pub(crate) fn run(
        &self,
        kernels: &Kernels,
        arena: &mut Aligned,
        mut after: impl FnMut(usize),
    ) -> Result<(), EngineError> {
        let mut memory = self.memory(arena);
        for (number, (step, _)) in self.built.steps.iter().enumerate() {
            step.run(kernels, &mut memory);
            after(number);
        }
        memory.failure.map_or(Ok(()), Err)
    }
}

/// The shape of every f32 value of a graph for a batch of this size, by name.
pub(crate) fn shapes(
    graph: &Graph,
    weights: &Weights,
    kernels: &'static Kernels,
    batch: usize,
) -> Result<BTreeMap<String, Vec<usize>>, EngineError> {
    let fold = |alone: &Ir| evaluate(alone, weights, kernels);
    let values = ir::read(graph, weights, batch, &fold)?.values.into_iter();
    Ok(values.filter(|value| value.ty == Type::F32).map(|value| (value.name, value.shape)).collect())
}

/// Computes a graph of constants; gives the bytes of its one output.
fn evaluate(ir: &Ir, weights: &Weights, kernels: &'static Kernels) -> Result<Vec<u8>, EngineError> {
    let packs = Packs::default();
    let built = Builder::build(ir, weights, kernels, &packs)?;
    let mut arena = built.layout.new_arena();
    let mut memory = built.layout.memory(&mut arena);
    built.steps.iter().for_each(|(step, _)| step.run(kernels, &mut memory));
    if let Some(failure) = memory.failure {
        return Err(failure);
    }
    let value = ir.value(ir.outputs[0]);
    Ok(memory.read::<u8>(built.outputs[0])[..value.count() * value.ty.size_bytes()].to_vec())
}

/// The family whose tolerances apply: that of the coarsest kernel that runs.
fn family(ir: &Ir) -> KernelFamily {
    let blocks = ir.values.iter().any(|v| matches!(v.constant, Some(ir::Constant::Blocks(..))));
    let is_int8 = |op: &Op| {
        matches!(
            op,
            Op::Quantize(_) | Op::QConv(_) | Op::QMatMul(_) | Op::QAdd(_) | Op::QPool(_) | Op::DynamicMatMul(_)
        )
    };
    if blocks {
        KernelFamily::Ggml
    } else if ir.nodes.iter().any(|node| is_int8(&node.op)) {
        KernelFamily::Int8
    } else {
        KernelFamily::F32
    }
}
