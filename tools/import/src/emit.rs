//! Nodes of the normalised form to a bundle's graph and weights: nothing unused, nothing twice, names short.

use std::collections::{BTreeMap, HashSet};

use dunlin_bundle::graph::{Attribute as GraphAttribute, Dim, Graph, Node as GraphNode, ValueInfo};
use dunlin_bundle::limits::{MAX_ATTRIBUTE_ITEMS, MAX_NAME_BYTES};
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weights, safetensors_bytes};
use dunlin_engine::fold_batch_norm;

use crate::constant::Constant;
use crate::error::ImportError;
use crate::facts::Extent;
use crate::model::{Attribute, Node};
use crate::names::Names;
use crate::normalise::{Normalised, Output};

/// The operator set of ONNX whose meanings the normalised form has.
const OPSET: u32 = 21;
/// The symbol of the batch.
const BATCH: &str = "N";

pub(crate) fn emit(normalised: &Normalised) -> Result<(Graph, Weights), ImportError> {
    let nodes = used(normalised);
    let (nodes, constants) = deduplicated(nodes, &normalised.constants);
    let inputs = normalised.inputs.iter().map(|(name, _)| (name.as_str(), name.as_str()));
    let outputs = normalised.outputs.iter().map(|output| (output.name.as_str(), output.value.as_str()));
    let mut names = Names::new(inputs.chain(outputs));
    let mut renamed = Vec::with_capacity(nodes.len());
    for (position, node) in nodes.iter().enumerate() {
        let name = names.node(position, node);
        for (i, input) in node.inputs.iter().enumerate().filter(|(_, input)| constants.contains_key(input.as_str())) {
            names.constant(input, &name, &node.op, i);
        }
        renamed.push(graph_node(node, name, &names)?);
    }
    let mut tensors: BTreeMap<String, &Constant> = BTreeMap::new();
    for (name, constant) in &constants {
        if constant.shape.contains(&0) {
            let reason = "it is empty, and a node uses it; export the model again without it".to_owned();
            return Err(ImportError::BadTensor { tensor: name.clone(), reason });
        }
        tensors.insert(names.of(name), constant);
    }
    let graph = Graph {
        opset: OPSET,
        inputs: normalised.inputs.iter().map(|(name, shape)| value_info(name, shape)).collect(),
        outputs: normalised.outputs.iter().map(output_info).collect::<Result<_, _>>()?,
        initializers: tensors.keys().cloned().collect(),
        nodes: renamed,
    };
    let weights = weights(&tensors)?;
    let (graph, folded) = fold_batch_norm(&graph, &weights);
    if folded.is_empty() {
        return Ok((graph, weights));
    }
    let folded: Vec<(String, Constant)> =
        folded.into_iter().map(|(name, tensor)| (name, Constant::f32(&tensor.shape, &tensor.data))).collect();
    tensors.extend(folded.iter().map(|(name, constant)| (name.clone(), constant)));
    tensors.retain(|name, _| graph.initializers.contains(name));
    Ok((graph, self::weights(&tensors)?))
}

fn weights(tensors: &BTreeMap<String, &Constant>) -> Result<Weights, ImportError> {
    let bytes = safetensors_bytes(tensors.iter().map(|(name, constant)| (name.as_str(), constant.weight())))?;
    Ok(Weights::from_safetensors(bytes)?)
}

/// Nodes that an output depends on.
fn used(normalised: &Normalised) -> Vec<Node> {
    let mut wanted: HashSet<&str> = normalised.outputs.iter().map(|output| output.value.as_str()).collect();
    let mut kept = Vec::new();
    for node in normalised.nodes.iter().rev() {
        if node.outputs.iter().any(|output| wanted.contains(output.as_str())) {
            wanted.extend(node.inputs.iter().map(String::as_str));
            kept.push(node.clone());
        }
    }
    kept.reverse();
    kept
}

/// The constants that nodes use, one for all that are equal.
fn deduplicated(mut nodes: Vec<Node>, all: &BTreeMap<String, Constant>) -> (Vec<Node>, BTreeMap<String, Constant>) {
    let mut first: BTreeMap<&Constant, &String> = BTreeMap::new();
    let mut kept = BTreeMap::new();
    for input in nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        let Some((name, constant)) = all.get_key_value(input.as_str()) else { continue };
        let stands = *first.entry(constant).or_insert(name);
        kept.insert(stands.clone(), constant.clone());
        input.clone_from(stands);
    }
    (nodes, kept)
}

fn graph_node(node: &Node, name: String, names: &Names) -> Result<GraphNode, ImportError> {
    let mut attributes = BTreeMap::new();
    for (key, value) in &node.attributes {
        let value = graph_attribute(value).ok_or_else(|| ImportError::BadNode {
            node: node.name.clone(),
            op: node.op.clone(),
            reason: format!(
                "attribute '{}' is too long, not finite or of a type that it cannot have",
                key.escape_debug()
            ),
        })?;
        attributes.insert(key.clone(), value);
    }
    Ok(GraphNode {
        name,
        op_type: node.op.clone(),
        inputs: node
            .inputs
            .iter()
            .map(|input| if input.is_empty() { String::new() } else { names.of(input) })
            .collect(),
        outputs: node.outputs.iter().map(|output| names.of(output)).collect(),
        attributes,
    })
}

fn graph_attribute(value: &Attribute) -> Option<GraphAttribute> {
    Some(match value {
        Attribute::Int(value) => GraphAttribute::Int(*value),
        Attribute::Float(value) if value.is_finite() => GraphAttribute::Float(shortest(*value)),
        Attribute::String(value) => GraphAttribute::String(value.clone()),
        Attribute::Ints(values) if values.len() <= MAX_ATTRIBUTE_ITEMS => GraphAttribute::Ints(values.clone()),
        _ => return None,
    })
}

/// The f64 that reads like the f32 (0.1, not 0.10000000149): the same f32 when it is read back.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn value_info(name: &str, shape: &[Extent]) -> ValueInfo {
    let dim = |extent: &Extent| match extent {
        Extent::Size(size) => Dim::Size(*size),
        Extent::Rows(_) => Dim::Symbol(BATCH.to_owned()),
    };
    ValueInfo { name: name.to_owned(), dtype: DType::F32, shape: shape.iter().map(dim).collect() }
}

fn output_info(output: &Output) -> Result<ValueInfo, ImportError> {
    let Output { name, shape, .. } = output;
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
        let output = name.chars().take(MAX_NAME_BYTES).flat_map(char::escape_debug).collect();
        let reason = "its name is empty, too long or has control characters; export it under another".to_owned();
        return Err(ImportError::BadOutput { output, reason });
    }
    Ok(value_info(name, shape))
}
