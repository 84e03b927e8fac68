//! What is known of a graph's values while it is compiled: their slots, shapes and memory.

use std::collections::BTreeMap;

use dunlin_bundle::graph::ValueInfo;

use crate::error::EngineError;
use crate::shape;

/// Most elements of inputs, intermediate results and scratch memory in one run, all nodes together: 1 GiB of f32.
const MAX_ELEMENTS: u64 = 1 << 28;

/// Slot and shape (for a batch of 1) of each value.
#[derive(Default)]
pub(super) struct Values {
    by_name: BTreeMap<String, Option<usize>>,
    pub(super) shapes: Vec<Vec<usize>>,
}

impl Values {
    /// Gives a value the next slot.
    pub(super) fn define(&mut self, maker: &str, name: &str, shape: Vec<usize>) -> Result<usize, EngineError> {
        let slot = self.shapes.len();
        self.name(maker, name, Some(slot))?;
        self.shapes.push(shape);
        Ok(slot)
    }

    /// Takes a name for a value that no step can use.
    pub(super) fn reserve(&mut self, maker: &str, name: &str) -> Result<(), EngineError> {
        self.name(maker, name, None)
    }

    fn name(&mut self, maker: &str, name: &str, slot: Option<usize>) -> Result<(), EngineError> {
        if self.by_name.insert(name.to_owned(), slot).is_some() {
            return Err(EngineError::DuplicateValue { maker: maker.to_owned(), value: name.to_owned() });
        }
        Ok(())
    }

    pub(super) fn slot(&self, user: &str, value: &str) -> Result<usize, EngineError> {
        let unknown = || EngineError::UnknownValue { user: user.to_owned(), value: value.to_owned() };
        self.by_name.get(value).copied().flatten().ok_or_else(unknown)
    }
}

/// Elements that a run takes so far.
#[derive(Default)]
pub(super) struct Memory {
    elements: u64,
}

impl Memory {
    /// Adds the graph's inputs for a batch.
    pub(super) fn inputs(&mut self, inputs: &[ValueInfo], batch: usize) -> Result<(), EngineError> {
        inputs.iter().try_for_each(|input| self.add(&input.name, elements(shape::sizes(&input.shape, batch))))
    }

    /// Adds what a node makes and takes.
    pub(super) fn step(&mut self, node: &str, output: &[usize], scratch: u64) -> Result<(), EngineError> {
        self.add(node, elements(output.iter().copied()).saturating_add(scratch))
    }

    fn add(&mut self, node: &str, more: u64) -> Result<(), EngineError> {
        self.elements = self.elements.saturating_add(more);
        if self.elements > MAX_ELEMENTS {
            let node = node.to_owned();
            return Err(EngineError::TooLarge { node, elements: self.elements, limit: MAX_ELEMENTS });
        }
        Ok(())
    }
}

/// Elements of a shape; more than any limit when they overflow. A dimension of zero counts as one, so that those beside
/// it cannot overflow either.
pub(crate) fn elements(shape: impl IntoIterator<Item = usize>) -> u64 {
    shape.into_iter().fold(1, |n: u64, dim| n.saturating_mul((dim as u64).max(1)))
}
