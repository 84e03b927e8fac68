//! `graph.json`: the model's computation, with ops, attributes and dimensions named as in ONNX.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tensor::DType;

/// Nodes in an order in which each uses only what came before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// Version of ONNX's default operator set whose meanings the ops have.
    pub opset: u32,
    /// Inputs, in the order in which the transforms make them.
    pub inputs: Vec<ValueInfo>,
    /// Outputs, in the order in which the schema describes them.
    pub outputs: Vec<ValueInfo>,
    /// Names of the weights that nodes refer to; each is a tensor of a weights entry.
    pub initializers: Vec<String>,
    /// Nodes, in topological order.
    pub nodes: Vec<Node>,
}

/// Name, element type and shape of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueInfo {
    /// Unique within the graph.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions; the first is the batch.
    pub shape: Vec<Dim>,
}

/// A dimension: a size, or a symbol such as `N` for the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// A known size.
    Size(usize),
    /// A size known only when the model runs (ONNX's `dim_param`).
    Symbol(String),
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Unique within the graph; errors name it.
    pub name: String,
    /// ONNX operator (`Conv`, `Gemm`, ...).
    pub op_type: String,
    /// Names of the values used; an empty name is an optional input left out.
    pub inputs: Vec<String>,
    /// Names of the values made.
    pub outputs: Vec<String>,
    /// Attributes by ONNX name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// ONNX INT.
    Int(i64),
    /// ONNX FLOAT.
    Float(f64),
    /// ONNX STRING.
    String(String),
    /// ONNX INTS; longer ones live in the weights.
    Ints(Vec<i64>),
    /// ONNX FLOATS; longer ones live in the weights.
    Floats(Vec<f64>),
}

impl Node {
    /// An INT attribute, or the default that ONNX gives it.
    #[must_use]
    pub fn int(&self, name: &str, default: i64) -> i64 {
        match self.attributes.get(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }

    /// A FLOAT attribute, or the default that ONNX gives it. A whole number in the file is a float too.
    #[must_use]
    pub fn float(&self, name: &str, default: f64) -> f64 {
        match self.attributes.get(name) {
            Some(Attribute::Float(value)) => *value,
            Some(Attribute::Int(value)) => *value as f64,
            _ => default,
        }
    }

    /// An INTS attribute, or empty.
    #[must_use]
    pub fn ints(&self, name: &str) -> &[i64] {
        match self.attributes.get(name) {
            Some(Attribute::Ints(values)) => values,
            _ => &[],
        }
    }
}
