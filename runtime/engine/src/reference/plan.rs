//! A graph made ready for candle: names resolved to slots, shapes inferred, memory bounded, before the first run.

use candle_core::{DType, Device, Tensor as CandleTensor};
use dunlin_bundle::Weights;
use dunlin_bundle::graph::{Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{Tensor, element_count};

use super::constants::{Constant, Constants};
use super::ops::{self, Op};
use super::values::{Memory, Values};
use crate::declared::{check_declared, check_opset};
use crate::error::EngineError;
use crate::kernels::{KernelFamily, KernelSet};
use crate::module::{from_candle, to_candle};
use crate::shape::{self, check_output};

/// The compiled graph.
pub(crate) struct Plan {
    inputs: Vec<ValueInfo>,
    outputs: Vec<(usize, ValueInfo)>,
    /// Values known before the run, by slot.
    constants: Vec<(usize, CandleTensor)>,
    steps: Vec<Step>,
    /// Shapes for a batch of 1, by slot: first the inputs, then the constants, then what the steps make.
    shapes: Vec<Vec<usize>>,
    kernels: KernelSet,
}

struct Step {
    node: String,
    op_type: String,
    op: Box<dyn Op>,
    inputs: Vec<usize>,
    output: usize,
}

impl Plan {
    pub(crate) fn new(graph: &Graph, weights: &Weights) -> Result<Self, EngineError> {
        check_opset(graph.opset)?;
        let loaded = Constants::load(graph, weights)?;
        let mut values = Values::default();
        for input in &graph.inputs {
            check_declared(input)?;
            values.define("graph input", &input.name, shape::sizes(&input.shape, 1).collect())?;
        }
        let mut constants = Vec::new();
        for (name, constant) in loaded.iter() {
            match constant {
                Constant::Dense(tensor) => {
                    let slot = values.define("initializer", name, tensor.dims().to_vec())?;
                    constants.push((slot, tensor.clone()));
                }
                Constant::Integers(_) | Constant::Blocks(_) => values.reserve("initializer", name)?,
            }
        }
        let mut memory = Memory::default();
        memory.inputs(&graph.inputs, 1)?;
        let mut steps = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            steps.push(compile_node(node, &loaded, &mut values, &mut memory)?);
        }
        let outputs = graph.outputs.iter().map(|output| {
            check_declared(output)?;
            let slot = values.slot("graph output", &output.name)?;
            check_output(output, &values.shapes[slot], 1)?;
            Ok((slot, output.clone()))
        });
        Ok(Self {
            outputs: outputs.collect::<Result<_, _>>()?,
            inputs: graph.inputs.clone(),
            constants,
            steps,
            shapes: values.shapes,
            kernels: kernel_set(&loaded),
        })
    }

    pub(crate) fn kernels(&self) -> &KernelSet {
        &self.kernels
    }

    pub(crate) fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, EngineError> {
        let batch = self.check_inputs(inputs)?;
        if batch != 1 {
            self.check_batch(batch)?;
        }
        let mut slots: Vec<Option<CandleTensor>> = vec![None; self.shapes.len()];
        for (slot, input) in slots.iter_mut().zip(inputs) {
            *slot = Some(to_candle(input).map_err(|e| backend("graph input", &e))?);
        }
        for (slot, constant) in &self.constants {
            slots[*slot] = Some(constant.clone());
        }
        for step in &self.steps {
            let operands: Vec<&CandleTensor> = step.inputs.iter().filter_map(|slot| slots[*slot].as_ref()).collect();
            slots[step.output] = Some(step.run(&operands)?);
        }
        self.outputs.iter().map(|(slot, info)| read_output(slots[*slot].as_ref(), info, batch)).collect()
    }

    /// Gives the size of the batch.
    fn check_inputs(&self, inputs: &[Tensor]) -> Result<usize, EngineError> {
        if inputs.len() != self.inputs.len() {
            return Err(EngineError::InputCount { expected: self.inputs.len(), found: inputs.len() });
        }
        let batch = batch_of(&self.inputs, inputs);
        for (info, input) in self.inputs.iter().zip(inputs) {
            let whole = element_count(&input.shape) == Some(input.data.len());
            if batch == 0 || !whole || !shape::fits(&info.shape, &input.shape, batch) {
                let (name, found) = (info.name.clone(), input.shape.clone());
                return Err(EngineError::WrongInput { input: name, expected: shape::describe(&info.shape), found });
            }
        }
        Ok(batch)
    }

    /// Infers all shapes anew: a graph may be sound for one row and not for several, and several take more memory.
    fn check_batch(&self, batch: usize) -> Result<(), EngineError> {
        let mut memory = Memory::default();
        memory.inputs(&self.inputs, batch)?;
        let mut shapes = self.shapes.clone();
        for (shape, info) in shapes.iter_mut().zip(&self.inputs) {
            *shape = shape::sizes(&info.shape, batch).collect();
        }
        for step in &self.steps {
            shapes[step.output] = step.infer(&shapes, &mut memory)?;
        }
        self.outputs.iter().try_for_each(|(slot, info)| check_output(info, &shapes[*slot], batch))
    }
}

impl Step {
    /// The output's shape for these shapes, by slot.
    fn infer(&self, shapes: &[Vec<usize>], memory: &mut Memory) -> Result<Vec<usize>, EngineError> {
        let inputs: Vec<&[usize]> = self.inputs.iter().map(|slot| shapes[*slot].as_slice()).collect();
        let output = self.op.shape(&inputs).map_err(|reason| self.bad(reason))?;
        let empty = inputs.iter().find(|shape| shape.contains(&0));
        // Only Concat makes something of nothing.
        if let Some(empty) = empty.filter(|_| !output.contains(&0) && self.op_type != "Concat") {
            return Err(self.bad(format!("an input {empty:?} has no elements to work on")));
        }
        memory.step(&self.node, &output, self.op.scratch(&inputs, &output))?;
        Ok(output)
    }

    /// What has no elements is not computed.
    fn run(&self, operands: &[&CandleTensor]) -> Result<CandleTensor, EngineError> {
        let failed = |error| backend(&self.node, &error);
        if operands.iter().any(|operand| operand.elem_count() == 0) {
            let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.dims()).collect();
            let shape = self.op.shape(&shapes).map_err(|reason| self.bad(reason))?;
            if shape.contains(&0) {
                return CandleTensor::zeros(shape, DType::F32, &Device::Cpu).map_err(failed);
            }
        }
        self.op.run(operands).map_err(failed)
    }

    fn bad(&self, reason: String) -> EngineError {
        EngineError::BadNode { node: self.node.clone(), op: self.op_type.clone(), reason }
    }
}

fn compile_node(
    node: &Node,
    constants: &Constants,
    values: &mut Values,
    memory: &mut Memory,
) -> Result<Step, EngineError> {
    let (name, op_type) = (node.name.clone(), node.op_type.clone());
    let bad = |reason| EngineError::BadNode { node: node.name.clone(), op: node.op_type.clone(), reason };
    let Some(build) = ops::find(&node.op_type) else {
        return Err(EngineError::UnsupportedOp { node: name, op: op_type });
    };
    let built = build.build(node, constants).map_err(bad)?;
    let [output] = node.outputs.as_slice() else { return Err(bad("must have exactly one output".to_owned())) };
    let mut inputs = Vec::with_capacity(built.inputs.len());
    for input in &built.inputs {
        if input.is_empty() {
            return Err(bad("an input that it needs is left out".to_owned()));
        }
        if let Some(use_) = constants.get(input).and_then(Constant::only_use) {
            return Err(bad(format!("initializer '{input}' {use_}")));
        }
        inputs.push(values.slot(&node.name, input)?);
    }
    // Steps define their values in order, so the next slot is this step's.
    let step = Step { node: name, op_type, op: built.op, inputs, output: values.shapes.len() };
    let shape = step.infer(&values.shapes, memory)?;
    values.define(&node.name, output, shape)?;
    Ok(step)
}

fn kernel_set(constants: &Constants) -> KernelSet {
    let family = if constants.any_in_blocks() { KernelFamily::Ggml } else { KernelFamily::F32 };
    let note = constants.any_dequantized().then_some("dequantized-without-dotprod");
    KernelSet::here("candle", family, note)
}

/// The batch that the inputs speak of: the first size in the place of a symbol; 1 where there is no symbol.
fn batch_of(declared: &[ValueInfo], inputs: &[Tensor]) -> usize {
    let mut pairs = declared.iter().zip(inputs);
    let symbolic = pairs.find(|(info, _)| matches!(info.shape.first(), Some(Dim::Symbol(_))));
    symbolic.and_then(|(_, input)| input.shape.first()).copied().unwrap_or(1)
}

fn read_output(tensor: Option<&CandleTensor>, info: &ValueInfo, batch: usize) -> Result<Tensor, EngineError> {
    let missing = || EngineError::UnknownValue { user: "graph output".to_owned(), value: info.name.clone() };
    let tensor = tensor.ok_or_else(missing)?;
    check_output(info, tensor.dims(), batch)?;
    from_candle(tensor).map_err(|e| backend("graph output", &e))
}

fn backend(node: &str, error: &candle_core::Error) -> EngineError {
    EngineError::Backend { node: node.to_owned(), reason: error.to_string() }
}
