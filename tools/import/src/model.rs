//! A model as the file has it, read and checked one element at a time, its names resolved; not yet normalised.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_bundle::tensor::DType;

use crate::constant::Constant;
use crate::error::ImportError;

/// The domain of scikit-learn's ops.
pub(crate) const ML_DOMAIN: &str = "ai.onnx.ml";

/// Nodes in an order in which each uses only what came before it.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// Version of ONNX's own operator set.
    pub(crate) opset: i64,
    /// Who wrote the file, as it says.
    pub(crate) producer: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<String>,
    pub(crate) constants: BTreeMap<String, Constant>,
    /// Initializers of strings; only names of classes are.
    pub(crate) strings: BTreeMap<String, Vec<String>>,
    pub(crate) nodes: Vec<Node>,
}

/// An input of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) dtype: DType,
    /// Dimensions; the first is the batch.
    pub(crate) shape: Vec<Size>,
}

/// A dimension as the file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Known(usize),
    Symbol(String),
}

/// One operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// Unique in the graph, also where the file gives none.
    pub(crate) name: String,
    pub(crate) op: String,
    /// Empty for ONNX's own ops.
    pub(crate) domain: String,
    /// Values used; an empty name is an optional input left out. None is left out at the end.
    pub(crate) inputs: Vec<String>,
    /// Values made; an empty name is one that nobody wants.
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: BTreeMap<String, Attribute>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attribute {
    Int(i64),
    Float(f32),
    String(String),
    Tensor(Constant),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Strings(Vec<String>),
    /// Of a type that no op here reads, by ONNX's name of the type.
    Other(&'static str),
}

impl Model {
    /// Gives open dimensions of inputs sizes, by their names.
    pub(crate) fn give_sizes(&mut self, sizes: &BTreeMap<String, usize>) -> Result<(), ImportError> {
        let mut unused: BTreeSet<&String> = sizes.keys().collect();
        for dim in self.inputs.iter_mut().flat_map(|input| &mut input.shape) {
            let Size::Symbol(symbol) = dim else { continue };
            let Some((name, size)) = sizes.get_key_value(symbol) else { continue };
            unused.remove(name);
            *dim = Size::Known(*size);
        }
        match unused.first() {
            Some(name) => {
                let reason = "a size is given for it, but no input has an open dimension of this name".to_owned();
                Err(ImportError::BadInput { input: (*name).clone(), reason })
            }
            None => Ok(()),
        }
    }
}

impl Node {
    pub(crate) fn new(name: &str, op: &str, inputs: &[&str], output: &str) -> Self {
        Self {
            name: name.to_owned(),
            op: op.to_owned(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            outputs: vec![output.to_owned()],
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, name: &str, attribute: Attribute) -> Self {
        self.attributes.insert(name.to_owned(), attribute);
        self
    }

    /// An input by position, if it is there.
    pub(crate) fn input(&self, position: usize) -> Option<&str> {
        self.inputs.get(position).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The first output; every op here has one.
    pub(crate) fn output(&self) -> &str {
        self.outputs.first().map_or("", String::as_str)
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        match self.attributes.get(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }

    pub(crate) fn float(&self, name: &str, default: f32) -> f32 {
        match self.attributes.get(name) {
            Some(Attribute::Float(value)) => *value,
            _ => default,
        }
    }

    pub(crate) fn string(&self, name: &str) -> &str {
        match self.attributes.get(name) {
            Some(Attribute::String(value)) => value,
            _ => "",
        }
    }

    pub(crate) fn ints(&self, name: &str) -> &[i64] {
        match self.attributes.get(name) {
            Some(Attribute::Ints(values)) => values,
            _ => &[],
        }
    }

    pub(crate) fn floats(&self, name: &str) -> &[f32] {
        match self.attributes.get(name) {
            Some(Attribute::Floats(values)) => values,
            _ => &[],
        }
    }

    pub(crate) fn strings(&self, name: &str) -> &[String] {
        match self.attributes.get(name) {
            Some(Attribute::Strings(values)) => values,
            _ => &[],
        }
    }
}
