//! A graph and its tensors while they are rewritten.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use dunlin_bundle::graph::{Attribute, Graph, Node};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Weight, WeightType, Weights, WeightsError, safetensors_bytes};

/// A graph that owns its tensors. Names that it gives are new.
pub(super) struct Net {
    pub(super) graph: Graph,
    tensors: BTreeMap<String, Owned>,
    names: HashSet<String>,
}

struct Owned {
    dtype: WeightType,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Net {
    pub(super) fn new(graph: &Graph, weights: &Weights) -> Self {
        let used: HashSet<&str> = graph.initializers.iter().map(String::as_str).collect();
        let own = |w: Weight<'_>| Owned { dtype: w.dtype, shape: w.shape.to_vec(), bytes: w.bytes.to_vec() };
        let tensors = weights.iter().filter(|(name, _)| used.contains(name));
        let made = graph.nodes.iter().flat_map(|node| node.outputs.iter().chain([&node.name]));
        let there = graph.inputs.iter().map(|input| &input.name).chain(&graph.initializers);
        Self {
            graph: graph.clone(),
            tensors: tensors.map(|(name, weight)| (name.to_owned(), own(weight))).collect(),
            names: made.chain(there).cloned().collect(),
        }
    }

    /// A name that nothing has: the wanted one, or one like it.
    pub(super) fn fresh(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            name = format!("{wanted}~{number}");
            number += 1;
        }
        name
    }

    /// The floats of a dense f32 initializer.
    pub(super) fn floats(&self, name: &str) -> Option<Tensor> {
        let Owned { dtype, shape, bytes } = self.tensors.get(name)?;
        let weight = Weight { dtype: *dtype, shape, bytes };
        Some(Tensor { shape: shape.clone(), data: weight.to_f32()? })
    }

    /// The whole numbers of an i64 initializer.
    pub(super) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        let tensor = self.tensors.get(name)?;
        let is_i64 = tensor.dtype == WeightType::Dense(DType::I64);
        is_i64.then(|| tensor.bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b)).collect())
    }

    /// Whether the name is an initializer's.
    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Adds a tensor of floats under a new name like the wanted one.
    pub(super) fn put_f32(&mut self, wanted: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.put(wanted, DType::F32, shape, bytes)
    }

    /// Adds a tensor of signed bytes.
    pub(super) fn put_i8(&mut self, wanted: &str, shape: &[usize], values: &[i8]) -> String {
        self.put(wanted, DType::I8, shape, values.iter().map(|v| v.cast_unsigned()).collect())
    }

    /// Adds a vector of whole numbers.
    pub(super) fn put_i32(&mut self, wanted: &str, values: &[i32]) -> String {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.put(wanted, DType::I32, &[values.len()], bytes)
    }

    /// Adds a vector of long whole numbers, such as a shape.
    pub(super) fn put_i64(&mut self, wanted: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.put(wanted, DType::I64, &[values.len()], bytes)
    }

    /// A scalar byte; equal ones are one tensor.
    pub(super) fn scalar_u8(&mut self, value: u8) -> String {
        let name = format!("zero{value}");
        let there = self.tensors.get(&name);
        if there.is_some_and(|t| t.dtype == WeightType::Dense(DType::U8) && t.shape.is_empty() && t.bytes == [value]) {
            return name;
        }
        self.put(&name, DType::U8, &[], vec![value])
    }

    fn put(&mut self, wanted: &str, dtype: DType, shape: &[usize], bytes: Vec<u8>) -> String {
        let name = self.fresh(wanted);
        self.tensors.insert(name.clone(), Owned { dtype: WeightType::Dense(dtype), shape: shape.to_vec(), bytes });
        name
    }

    /// The graph and the tensors that it uses.
    pub(super) fn finish(mut self) -> Result<(Graph, Weights), WeightsError> {
        let used: BTreeSet<&String> = self.graph.nodes.iter().flat_map(|node| &node.inputs).collect();
        let kept = self.tensors.iter().filter(|(name, _)| used.contains(name));
        let views = kept.map(|(name, t)| (name.as_str(), Weight { dtype: t.dtype, shape: &t.shape, bytes: &t.bytes }));
        let weights = Weights::from_safetensors(safetensors_bytes(views)?)?;
        self.graph.initializers = weights.iter().map(|(name, _)| name.to_owned()).collect();
        Ok((self.graph, weights))
    }
}

/// A node without attributes.
pub(super) fn node(name: String, op_type: &str, inputs: Vec<String>, outputs: Vec<String>) -> Node {
    Node { name, op_type: op_type.to_owned(), inputs, outputs, attributes: BTreeMap::new() }
}

/// The node with an INT attribute more.
pub(super) fn with_int(mut node: Node, name: &str, value: i64) -> Node {
    node.attributes.insert(name.to_owned(), Attribute::Int(value));
    node
}
