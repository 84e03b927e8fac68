//! Graphs of classifiers, as recipes write them.

use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::DType;

use super::network::Network;

/// Operator set whose meanings the graphs use.
const OPSET: u32 = 17;

/// A graph from one input (its name and shape, without the batch) to `probabilities`.
pub(crate) fn graph<N: Network>(input: (&str, &[usize]), classes: usize, nodes: Vec<Node>) -> Graph {
    let value = |name: &str, sizes: &[usize]| {
        let batch = std::iter::once(Dim::Symbol("N".to_owned()));
        let shape = batch.chain(sizes.iter().map(|s| Dim::Size(*s))).collect();
        ValueInfo { name: name.to_owned(), dtype: DType::F32, shape }
    };
    Graph {
        opset: OPSET,
        inputs: vec![value(input.0, input.1)],
        outputs: vec![value("probabilities", &[classes])],
        initializers: N::parameters().iter().map(|(name, _, _)| (*name).to_owned()).collect(),
        nodes,
    }
}

/// A node whose output has its own name.
pub(crate) fn node(name: &str, op_type: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> Node {
    Node {
        name: name.to_owned(),
        op_type: op_type.to_owned(),
        inputs: inputs.iter().map(|i| (*i).to_owned()).collect(),
        outputs: vec![name.to_owned()],
        attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
    }
}

/// A list of whole numbers.
pub(crate) fn ints(values: &[i64]) -> Attribute {
    Attribute::Ints(values.to_vec())
}
