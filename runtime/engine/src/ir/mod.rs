//! The graph as the plan's compiler holds it: values with known types and shapes, and operations with checked attributes.

mod attributes;
mod constant;
pub(crate) mod ops;
mod read;

pub(crate) use constant::Constant;
pub(crate) use ops::Op;
pub(crate) use read::{Fold, any_batch, read};

use crate::error::EngineError;

/// Element types of values while a graph runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    F32,
    I64,
    I32,
    U8,
    /// Stored with 128 added, as a byte from 0 to 255, so that kernels know one kind of quantised activation.
    I8,
    /// A byte, 0 or 1.
    Bool,
}

impl Type {
    pub(crate) fn size_bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::I64 => 8,
            Self::U8 | Self::I8 | Self::Bool => 1,
        }
    }
}

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ValueId(pub(crate) usize);

/// What flows along an edge.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) shape: Vec<usize>,
    /// Known before the run.
    pub(crate) constant: Option<Constant>,
}

impl Value {
    /// Elements; every shape was checked to have few enough.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// As the graph names it.
    pub(crate) name: String,
    /// Its ONNX op, for messages.
    pub(crate) op_type: String,
    pub(crate) op: Op,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) output: ValueId,
}

/// The whole graph for one batch size, in topological order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ir {
    pub(crate) values: Vec<Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) outputs: Vec<ValueId>,
}

impl Ir {
    pub(crate) fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0]
    }

    pub(crate) fn add(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        ValueId(self.values.len() - 1)
    }

    /// How often each value is used, as an output of the graph too.
    pub(crate) fn use_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.values.len()];
        let used = self.nodes.iter().flat_map(|node| &node.inputs).chain(&self.outputs);
        used.for_each(|id| counts[id.0] += 1);
        counts
    }

    /// Which node makes each value.
    pub(crate) fn makers(&self) -> Vec<Option<usize>> {
        let mut makers = vec![None; self.values.len()];
        self.nodes.iter().enumerate().for_each(|(i, node)| makers[node.output.0] = Some(i));
        makers
    }

    /// Drops the nodes whose result nobody uses.
    pub(crate) fn drop_unused(&mut self) {
        let mut used = vec![false; self.values.len()];
        self.outputs.iter().for_each(|id| used[id.0] = true);
        let mut kept = Vec::with_capacity(self.nodes.len());
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if used[node.output.0] {
                node.inputs.iter().for_each(|id| used[id.0] = true);
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
    }

    /// One node by itself, with the constants that it uses.
    pub(crate) fn alone(&self, node: &Node) -> Self {
        let mut alone = Self::default();
        let inputs = node.inputs.iter().map(|id| alone.add(self.value(*id).clone())).collect();
        let output = alone.add(self.value(node.output).clone());
        alone.nodes.push(Node { inputs, output, ..node.clone() });
        alone.outputs.push(output);
        alone
    }

    /// Computes the nodes whose inputs are all constants.
    pub(crate) fn fold(&mut self, fold: Fold<'_>) -> Result<(), EngineError> {
        for node in std::mem::take(&mut self.nodes) {
            let known = |id: &ValueId| !matches!(self.value(*id).constant, None | Some(Constant::Blocks(..)));
            if node.inputs.iter().all(known) {
                let bytes = fold(&self.alone(&node))?;
                let made = &mut self.values[node.output.0];
                made.constant = Some(Constant::from_bytes(made.ty, &bytes));
            } else {
                self.nodes.push(node);
            }
        }
        Ok(())
    }
}
