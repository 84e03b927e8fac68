//! Turns operations into steps: gives each value a slot and an order of its dimensions in memory, and converts where two
//! steps want different ones.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_bundle::Weights;
use dunlin_kernels::Kernels;

use super::memory::{Layout, Memory, Planner, Slot};
use super::order::{Halo, Placed, contiguous_strides, same_order};
use super::steps::{self, CopyStep};
use crate::error::EngineError;
use crate::ir::{Constant, Ir, Node, Op, Type, Value, ValueId};

/// One thing that a run does. It was checked when the plan was made; only what the inputs' values lead to can fail it.
pub(crate) trait Step: Send + Sync {
    fn run(&self, kernels: &Kernels, memory: &mut Memory<'_>);
}

/// Weights that were packed once and are used by the plans for all batch sizes.
#[derive(Default)]
pub(crate) struct Packs {
    by_name: Mutex<BTreeMap<String, Pack>>,
}

#[derive(Clone)]
struct Pack {
    weights: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

impl Packs {
    /// Bytes that all packed weights take.
    pub(crate) fn bytes(&self) -> usize {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).values().map(|pack| pack.bytes).sum()
    }

    fn get_or<T: Any + Send + Sync>(
        &self,
        name: String,
        bytes: impl Fn(&T) -> usize,
        make: impl FnOnce() -> Result<T, EngineError>,
    ) -> Result<Arc<T>, EngineError> {
        let mut packs = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = packs.get(&name)
            && let Ok(found) = Arc::clone(&pack.weights).downcast()
        {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        let weights: Arc<dyn Any + Send + Sync> = made.clone();
        packs.insert(name, Pack { weights, bytes: bytes(&made) });
        Ok(made)
    }
}

/// What is known of a step beside what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// Names of the nodes that it runs.
    pub node: String,
    /// Its ONNX op, with those fused into it.
    pub op: String,
    /// The kernel, or what else runs it.
    pub kernel: String,
    /// Multiplications with an addition.
    pub macs: u64,
}

/// Steps and slots while a plan is made.
pub(crate) struct Builder<'a> {
    pub(crate) ir: &'a Ir,
    pub(crate) weights: &'a Weights,
    pub(crate) kernels: &'static Kernels,
    packs: &'a Packs,
    planner: Planner,
    places: Vec<Option<Placed>>,
    /// Borders that the consumers of a value want around its images.
    halos: Vec<Halo>,
    steps: Vec<(Box<dyn Step>, StepReport)>,
    current: Option<&'a Node>,
    /// The input that is given its slot.
    placing: Option<ValueId>,
}

/// Bytes that follow every slot of bytes, so that a kernel may read its last group whole.
const SLACK: usize = 16;

/// A compiled sequence of steps.
pub(crate) struct Built {
    pub(crate) steps: Vec<(Box<dyn Step>, StepReport)>,
    pub(crate) layout: Layout,
    pub(crate) inputs: Vec<Slot>,
    pub(crate) outputs: Vec<Slot>,
}

impl<'a> Builder<'a> {
    /// Compiles all nodes.
    pub(crate) fn build(
        ir: &'a Ir,
        weights: &'a Weights,
        kernels: &'static Kernels,
        packs: &'a Packs,
    ) -> Result<Built, EngineError> {
        let (places, halos) = (vec![None; ir.values.len()], super::order::halos(ir));
        let (planner, steps) = (Planner::default(), Vec::new());
        let mut builder =
            Self { ir, weights, kernels, packs, planner, places, halos, steps, current: None, placing: None };
        let inputs = ir.inputs.iter().map(|id| builder.input(*id)).collect();
        for node in &ir.nodes {
            builder.current = Some(node);
            steps::lower(&mut builder, node)?;
        }
        builder.current = None;
        let outputs = ir.outputs.iter().map(|id| builder.plain(*id)).collect::<Result<Vec<Slot>, _>>()?;
        let last = builder.steps.len();
        outputs.iter().for_each(|slot| builder.planner.touch(*slot, last));
        Ok(Built { steps: builder.steps, layout: builder.planner.finish()?, inputs, outputs })
    }

    fn input(&mut self, id: ValueId) -> Slot {
        self.placing = Some(id);
        let slot = self.place(id);
        self.placing = None;
        slot
    }

    pub(crate) fn value(&self, id: ValueId) -> &'a Value {
        self.ir.value(id)
    }

    /// An error of the node that is being compiled.
    pub(crate) fn bad(&self, reason: impl Into<String>) -> EngineError {
        let (node, op) = self.current.map_or_else(Default::default, |n| (n.name.clone(), n.op_type.clone()));
        EngineError::BadNode { node, op, reason: reason.into() }
    }

    /// Memory for this step alone, or from this step on.
    pub(crate) fn scratch(&mut self, bytes: usize) -> Slot {
        // Before the first node come the inputs, after the last the outputs.
        let node = match self.current {
            Some(node) => &node.name,
            None => self.placing.map_or("graph output", |id| &self.ir.value(id).name),
        };
        self.planner.slot(node, bytes, self.steps.len())
    }

    /// Memory for `count` elements.
    pub(crate) fn scratch_for(&mut self, ty: Type, count: usize) -> Slot {
        let slack = if ty.size_bytes() == 1 { SLACK } else { 0 };
        self.scratch(count.saturating_mul(ty.size_bytes()).saturating_add(slack))
    }

    /// A slot that holds these bytes.
    pub(crate) fn constant(&mut self, bytes: &[u8]) -> Slot {
        self.planner.constant(bytes)
    }

    /// Adds a step that touches these slots.
    pub(crate) fn push(&mut self, step: impl Step + 'static, kernel: &str, macs: u64, touched: &[Slot]) {
        let number = self.steps.len();
        touched.iter().for_each(|slot| self.planner.touch(*slot, number));
        let (node, op) = self.current.map_or_else(Default::default, |n| (n.name.clone(), n.op_type.clone()));
        self.steps.push((Box::new(step), StepReport { node, op, kernel: kernel.to_owned(), macs }));
    }

    /// A slot for a value in its own order of dimensions.
    pub(crate) fn place(&mut self, id: ValueId) -> Slot {
        let order = (0..self.value(id).shape.len()).collect();
        self.place_in(id, order).slot
    }

    /// A slot for a value whose dimensions lie in this order.
    pub(crate) fn place_in(&mut self, id: ValueId, order: Vec<usize>) -> Placed {
        let value = self.value(id);
        let slot = self.scratch_for(value.ty, value.count());
        self.set(id, Placed { slot, order, halo: Halo::NONE })
    }

    /// A slot for images, channels last, with the border that their consumers want. The border is not written.
    pub(crate) fn place_image(&mut self, id: ValueId) -> Placed {
        let value = self.value(id);
        let halo = self.halos[id.0];
        let slot = self.scratch_for(value.ty, halo.count(&value.shape));
        self.set(id, Placed { slot, order: super::order::channels_last(value.shape.len()), halo })
    }

    /// Whether a value's consumers want a border around its images, and this input of its maker lies as images do.
    pub(crate) fn can_place_image(&mut self, id: ValueId, from: ValueId) -> Result<bool, EngineError> {
        if self.halos[id.0] == Halo::NONE {
            return Ok(false);
        }
        let (placed, shape) = (self.placed(from)?, &self.value(from).shape);
        let last = super::order::channels_last(shape.len());
        Ok(placed.halo == Halo::NONE && same_order(shape, &placed.order, &last))
    }

    /// Says where a value lies, such as in the slot of the value that it is a view of.
    pub(crate) fn set(&mut self, id: ValueId, placed: Placed) -> Placed {
        self.places[id.0] = Some(placed.clone());
        placed
    }

    /// Where a value lies, in whatever order.
    pub(crate) fn placed(&mut self, id: ValueId) -> Result<Placed, EngineError> {
        if let Some(placed) = &self.places[id.0] {
            return Ok(placed.clone());
        }
        let value = self.value(id);
        let bytes = value.constant.as_ref().and_then(|constant| constant.to_bytes(self.weights));
        let bytes = bytes.ok_or_else(|| {
            let only = "is held in ggml blocks; it can only be B of a Gemm with transB = 1, or of a Gather";
            let reason = if matches!(value.constant, Some(Constant::Blocks(..))) { only } else { "was never made" };
            EngineError::BadTensor { tensor: value.name.clone(), reason: reason.to_owned() }
        })?;
        let slot = self.constant(&bytes);
        Ok(self.set(id, Placed { slot, order: (0..value.shape.len()).collect(), halo: Halo::NONE }))
    }

    /// A slot that holds the value in its own order of dimensions, without border.
    pub(crate) fn plain(&mut self, id: ValueId) -> Result<Slot, EngineError> {
        let order: Vec<usize> = (0..self.value(id).shape.len()).collect();
        self.ordered(id, &order)
    }

    /// A slot that holds the value in this order, without border.
    pub(crate) fn ordered(&mut self, id: ValueId, order: &[usize]) -> Result<Slot, EngineError> {
        let placed = self.placed(id)?;
        let value = self.value(id);
        if placed.halo == Halo::NONE && same_order(&value.shape, &placed.order, order) {
            return Ok(placed.slot);
        }
        let to = self.scratch_for(value.ty, value.count());
        let shape: Vec<usize> = order.iter().map(|d| value.shape[*d]).collect();
        let (strides, start) = placed.strides(&value.shape);
        let step = CopyStep {
            from: placed.slot,
            start,
            strides: order.iter().map(|d| strides[*d]).collect(),
            to,
            to_start: 0,
            to_strides: contiguous_strides(&shape),
            size: value.ty.size_bytes(),
            shape,
        };
        self.push(step, "copy", 0, &[placed.slot, to]);
        // The converted form serves later users too.
        self.places[id.0] = Some(Placed { slot: to, order: order.to_vec(), halo: Halo::NONE });
        Ok(to)
    }

    /// Floats of a constant.
    pub(crate) fn floats(&self, id: ValueId) -> Result<Arc<[f32]>, EngineError> {
        let value = self.value(id);
        value
            .floats(self.weights)
            .ok_or_else(|| self.bad(format!("'{}' must be floats known before the run", value.name)))
    }

    /// The slot of packed weights' owner: packs once for all batch sizes. `part` tells packs of one node apart.
    pub(crate) fn packed<T: Any + Send + Sync>(
        &self,
        part: &str,
        bytes: impl Fn(&T) -> usize,
        make: impl FnOnce() -> Result<T, EngineError>,
    ) -> Result<Arc<T>, EngineError> {
        let node = self.current.map_or("", |node| &node.name);
        self.packs.get_or(format!("{node}/{part}"), bytes, make)
    }

    /// Fails the compilation of what the compiler passed over: a fault of ours, told by node and never a panic.
    pub(crate) fn unexpected(&self, op: &Op) -> EngineError {
        self.bad(format!("cannot be run as {op:?}"))
    }
}
