//! The compiled plan: a graph as a list of steps on kernels, over one arena whose size is known before the first run.

mod broadcast;
mod builder;
mod memory;
mod order;
mod program;
mod run;
mod steps;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weight, WeightType, Weights, WeightsError, safetensors_bytes};
use dunlin_kernels::{Isa, IsaError, Kernels};

use crate::error::EngineError;
use crate::fold_batch_norm;
use crate::ir;
use crate::kernels::KernelSet;
use crate::model::{Engine, Model, PlanReport, Run};
use builder::Packs;
pub use builder::StepReport;
use program::Program;

/// Compiles graphs to plans for one instruction set.
///
/// Reading, constant folding, fusion, the choice of memory order and packing happen at compilation; a run walks over the
/// steps, without allocation, lock or lookup. A batch of another size than the last makes a plan for it, once.
#[derive(Clone, Copy, Debug)]
pub struct PlanEngine {
    kernels: &'static Kernels,
}

impl Default for PlanEngine {
    /// For the best instruction set of this CPU.
    fn default() -> Self {
        // Scalar kernels are there on every CPU.
        Self::new(Isa::best()).unwrap_or_else(|_| unreachable!("the best instruction set is one that this CPU has"))
    }
}

impl PlanEngine {
    /// For one instruction set.
    ///
    /// # Errors
    /// [`IsaError`] where this CPU does not have it.
    pub fn new(isa: Isa) -> Result<Self, IsaError> {
        let isa = isa.checked()?;
        let available = || Isa::available().map(Isa::name).collect::<Vec<_>>().join(", ");
        let kernels = Kernels::of(isa).ok_or_else(|| IsaError::Unavailable { isa, available: available() })?;
        Ok(Self { kernels })
    }

    /// The shape of every f32 value of a graph for a batch of this size, by name; for tools that rewrite graphs.
    ///
    /// # Errors
    /// As [`Engine::compile`], for what is wrong with an op, an attribute or a shape.
    pub fn shapes(
        &self,
        graph: &Graph,
        weights: &Weights,
        batch: usize,
    ) -> Result<BTreeMap<String, Vec<usize>>, EngineError> {
        program::shapes(graph, weights, self.kernels, batch)
    }

    /// ONNX names of the ops that it runs.
    pub fn ops() -> impl Iterator<Item = &'static str> {
        ir::ops::names()
    }
}

impl Engine for PlanEngine {
    fn compile(&self, graph: &Graph, weights: &Weights) -> Result<Arc<dyn Model>, EngineError> {
        let (kernels, packs) = (self.kernels, Packs::default());
        let (graph, weights) = folded(graph, weights)?;
        let batch = declared_batch(&graph);
        let program = Arc::new(Program::compile(&graph, &weights, kernels, &packs, batch)?);
        let set = KernelSet::of("plan", kernels.isa(), program.family());
        weights.release();
        let programs = Mutex::new(vec![(batch, program)]);
        Ok(Arc::new(PlanModel { graph, weights, kernels, packs, programs, set }))
    }
}

/// The graph and weights with what follows a convolution or product channel by channel folded into it.
fn folded(graph: &Graph, weights: &Weights) -> Result<(Graph, Weights), EngineError> {
    let (folded, tensors) = fold_batch_norm(graph, weights);
    if tensors.is_empty() {
        // As it is, so that whatever is wrong with it is found.
        return Ok((graph.clone(), weights.clone()));
    }
    let bytes: Vec<Vec<u8>> =
        tensors.values().map(|tensor| tensor.data.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let new = tensors.iter().zip(&bytes).map(|((name, tensor), bytes)| {
        (name.as_str(), Weight { dtype: WeightType::Dense(DType::F32), shape: &tensor.shape, bytes })
    });
    let read = safetensors_bytes(new).and_then(Weights::from_safetensors);
    let bad =
        |error: WeightsError| EngineError::BadTensor { tensor: "folded weights".to_owned(), reason: error.to_string() };
    Ok((folded, weights.replaced_by(&read.map_err(bad)?)))
}

/// The batch that a graph is fixed to, else 1.
fn declared_batch(graph: &Graph) -> usize {
    if ir::any_batch(graph) {
        return 1;
    }
    let first = graph.inputs.first().and_then(|input| input.shape.first());
    match first {
        Some(dunlin_bundle::graph::Dim::Size(size)) => *size,
        _ => 1,
    }
}

/// Plans for the batch sizes that were asked for, and the packed weights that they share.
pub(crate) struct PlanModel {
    graph: Graph,
    weights: Weights,
    kernels: &'static Kernels,
    packs: Packs,
    programs: Mutex<Vec<(usize, Arc<Program>)>>,
    set: KernelSet,
}

/// Most batch sizes whose plans are kept for the next run that asks.
const KEPT_PROGRAMS: usize = 4;

impl PlanModel {
    /// The plan for a batch size.
    fn program(&self, batch: usize) -> Result<Arc<Program>, EngineError> {
        let found = |programs: &[(usize, Arc<Program>)]| {
            programs.iter().find(|(size, _)| *size == batch).map(|(_, program)| Arc::clone(program))
        };
        if let Some(program) = found(&self.programs.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(program);
        }
        if !ir::any_batch(&self.graph) {
            return Err(EngineError::FixedBatch { expected: declared_batch(&self.graph), found: batch });
        }
        let program = Program::compile(&self.graph, &self.weights, self.kernels, &self.packs, batch)?;
        let program = Arc::new(program);
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if programs.len() == KEPT_PROGRAMS {
            // The first is that of the declared batch.
            programs.remove(1);
        }
        programs.push((batch, Arc::clone(&program)));
        Ok(program)
    }
}

impl Model for PlanModel {
    fn new_run(self: Arc<Self>) -> Box<dyn Run> {
        Box::new(run::PlanRun::new(self))
    }

    fn kernels(&self) -> &KernelSet {
        &self.set
    }

    fn report(&self, batch: usize) -> Result<Option<PlanReport>, EngineError> {
        let program = self.program(batch)?;
        Ok(Some(PlanReport {
            arena_bytes: program.arena_bytes(),
            packed_bytes: self.packs.bytes() + program.constant_bytes(),
            steps: program.reports().cloned().collect(),
        }))
    }
}
