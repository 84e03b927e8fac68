//! A graph made ready for candle: names resolved to slots, shapes inferred, memory bounded, before the first run.

use std::collections::BTreeMap;

use candle_core::Tensor as CandleTensor;
use dunlin_bundle::Weights;
use dunlin_bundle::graph::{Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{Tensor, element_count};

use super::constants::{Constant, Constants};
use super::ops::{self, Op};
use crate::error::EngineError;
use crate::kernels::{KernelFamily, KernelSet};
use crate::module::{from_candle, to_candle};

/// Most elements of intermediate results in one run, all nodes together: 1 GiB of f32.
const MAX_ELEMENTS: u64 = 1 << 28;

/// The compiled graph.
pub(crate) struct Plan {
    inputs: Vec<ValueInfo>,
    outputs: Vec<(usize, ValueInfo)>,
    /// Values known before the run, by slot.
    constants: Vec<(usize, CandleTensor)>,
    steps: Vec<Step>,
    slots: usize,
    /// Elements of intermediate results that one item of a batch takes.
    elements_per_item: u64,
    kernels: KernelSet,
}

struct Step {
    node: String,
    op: Box<dyn Op>,
    inputs: Vec<usize>,
    output: usize,
}

/// What is known of the values while nodes are compiled: slot and shape (batch 1) by name.
#[derive(Default)]
struct Values {
    by_name: BTreeMap<String, usize>,
    shapes: Vec<Vec<usize>>,
}

impl Values {
    fn define(&mut self, name: &str, shape: Vec<usize>) -> usize {
        self.shapes.push(shape);
        self.by_name.insert(name.to_owned(), self.shapes.len() - 1);
        self.shapes.len() - 1
    }

    fn slot(&self, user: &str, value: &str) -> Result<usize, EngineError> {
        let unknown = || EngineError::UnknownValue { user: user.to_owned(), value: value.to_owned() };
        self.by_name.get(value).copied().ok_or_else(unknown)
    }
}

impl Plan {
    pub(crate) fn new(graph: &Graph, weights: &Weights) -> Result<Self, EngineError> {
        let loaded = Constants::load(graph, weights)?;
        let mut values = Values::default();
        for input in &graph.inputs {
            if element_count(&fixed_shape(&input.shape)).is_none_or(|n| n as u64 > MAX_ELEMENTS) {
                let (node, elements) = (input.name.clone(), u64::MAX);
                return Err(EngineError::TooLarge { node, elements, limit: MAX_ELEMENTS });
            }
            values.define(&input.name, fixed_shape(&input.shape));
        }
        let mut constants = Vec::new();
        for name in &graph.initializers {
            if let Some(Constant::Dense(tensor)) = loaded.get(name) {
                constants.push((values.define(name, tensor.dims().to_vec()), tensor.clone()));
            }
        }
        let mut elements_per_item = 0;
        let steps = graph.nodes.iter().map(|node| compile_node(node, &loaded, &mut values, &mut elements_per_item));
        let steps = steps.collect::<Result<_, _>>()?;
        let outputs = graph.outputs.iter().map(|output| {
            let slot = values.slot("graph output", &output.name)?;
            check_output(output, &values.shapes[slot])?;
            Ok((slot, output.clone()))
        });
        Ok(Self {
            outputs: outputs.collect::<Result<_, _>>()?,
            inputs: graph.inputs.clone(),
            constants,
            steps,
            slots: values.shapes.len(),
            elements_per_item,
            kernels: kernel_set(&loaded),
        })
    }

    pub(crate) fn kernels(&self) -> &KernelSet {
        &self.kernels
    }

    pub(crate) fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, EngineError> {
        self.check_inputs(inputs)?;
        let mut slots: Vec<Option<CandleTensor>> = vec![None; self.slots];
        for (slot, input) in slots.iter_mut().zip(inputs) {
            *slot = Some(to_candle(input).map_err(|e| backend("graph input", &e))?);
        }
        for (slot, constant) in &self.constants {
            slots[*slot] = Some(constant.clone());
        }
        for step in &self.steps {
            let operands: Vec<&CandleTensor> = step.inputs.iter().filter_map(|slot| slots[*slot].as_ref()).collect();
            slots[step.output] = Some(step.op.run(&operands).map_err(|e| backend(&step.node, &e))?);
        }
        self.outputs.iter().map(|(slot, info)| read_output(slots[*slot].as_ref(), info)).collect()
    }

    fn check_inputs(&self, inputs: &[Tensor]) -> Result<(), EngineError> {
        if inputs.len() != self.inputs.len() {
            let reason = format!("{} inputs were given, the graph takes {}", inputs.len(), self.inputs.len());
            return Err(EngineError::Backend { node: "graph input".to_owned(), reason });
        }
        for (info, input) in self.inputs.iter().zip(inputs) {
            if !matches(&info.shape, &input.shape) || element_count(&input.shape) != Some(input.data.len()) {
                let (name, found) = (info.name.clone(), input.shape.clone());
                return Err(EngineError::WrongInput { input: name, expected: describe(&info.shape), found });
            }
        }
        let batch = inputs.first().and_then(|i| i.shape.first()).copied().unwrap_or(1) as u64;
        let elements = self.elements_per_item.saturating_mul(batch);
        if elements > MAX_ELEMENTS {
            return Err(EngineError::TooLarge { node: "graph input".to_owned(), elements, limit: MAX_ELEMENTS });
        }
        Ok(())
    }
}

fn compile_node(node: &Node, constants: &Constants, values: &mut Values, total: &mut u64) -> Result<Step, EngineError> {
    let bad = |reason| EngineError::BadNode { node: node.name.clone(), op: node.op_type.clone(), reason };
    let unsupported = || EngineError::UnsupportedOp { node: node.name.clone(), op: node.op_type.clone() };
    let build = ops::find(&node.op_type).ok_or_else(unsupported)?;
    let built = build(node, constants).map_err(bad)?;
    let inputs = built.inputs.iter().map(|name| values.slot(&node.name, name)).collect::<Result<Vec<_>, _>>()?;
    let shapes: Vec<&[usize]> = inputs.iter().map(|slot| values.shapes[*slot].as_slice()).collect();
    let shape = built.op.shape(&shapes).map_err(bad)?;
    let elements = shape.iter().try_fold(1_u64, |n, dim| n.checked_mul(*dim as u64)).unwrap_or(u64::MAX);
    *total = total.saturating_add(elements).saturating_add(built.op.scratch(&shapes, &shape));
    if *total > MAX_ELEMENTS {
        return Err(EngineError::TooLarge { node: node.name.clone(), elements: *total, limit: MAX_ELEMENTS });
    }
    let [output] = node.outputs.as_slice() else { return Err(bad("must have exactly one output".to_owned())) };
    Ok(Step { node: node.name.clone(), op: built.op, inputs, output: values.define(output, shape) })
}

fn kernel_set(constants: &Constants) -> KernelSet {
    let family = if constants.any_in_blocks() { KernelFamily::Ggml } else { KernelFamily::F32 };
    let note = constants.any_dequantized().then_some("dequantized-without-dotprod");
    KernelSet::here("candle", family, note)
}

/// Shapes with every symbol read as 1: one item of a batch.
fn fixed_shape(shape: &[Dim]) -> Vec<usize> {
    shape.iter().map(|dim| if let Dim::Size(size) = dim { *size } else { 1 }).collect()
}

fn matches(declared: &[Dim], found: &[usize]) -> bool {
    let fits = |(dim, size): (&Dim, &usize)| if let Dim::Size(d) = dim { d == size } else { *size > 0 };
    declared.len() == found.len() && declared.iter().zip(found).all(fits)
}

fn describe(shape: &[Dim]) -> String {
    let text = |dim: &Dim| match dim {
        Dim::Size(size) => size.to_string(),
        Dim::Symbol(symbol) => symbol.clone(),
    };
    format!("[{}]", shape.iter().map(text).collect::<Vec<_>>().join(", "))
}

fn check_output(info: &ValueInfo, found: &[usize]) -> Result<(), EngineError> {
    if matches(&info.shape, found) {
        return Ok(());
    }
    let (output, found) = (info.name.clone(), found.to_vec());
    Err(EngineError::WrongOutput { output, expected: describe(&info.shape), found })
}

fn read_output(tensor: Option<&CandleTensor>, info: &ValueInfo) -> Result<Tensor, EngineError> {
    let missing = || EngineError::UnknownValue { user: "graph output".to_owned(), value: info.name.clone() };
    let tensor = tensor.ok_or_else(missing)?;
    check_output(info, tensor.dims())?;
    from_candle(tensor).map_err(|e| backend("graph output", &e))
}

fn backend(node: &str, error: &candle_core::Error) -> EngineError {
    EngineError::Backend { node: node.to_owned(), reason: error.to_string() }
}
