//! `GraphProto` to a [`Model`].

use std::collections::{BTreeMap, HashSet};

use dunlin_bundle::limits::{MAX_NAME_BYTES, MAX_RANK};

use super::tensor::{finite, held_as, shown, type_name};
use super::{attribute, not_onnx, over, tensor};
use crate::constant::Constant;
use crate::error::ImportError;
use crate::limits;
use crate::model::{Attribute, Input, Model, Node, Size};
use crate::onnx::tensor_shape_proto::dimension::Value;
use crate::onnx::type_proto;
use crate::onnx::{GraphProto, NodeProto, TensorProto, ValueInfoProto};
use crate::unique::Unique;

pub(super) fn read(
    graph: GraphProto,
    opset: i64,
    producer: String,
    notes: &mut Vec<String>,
) -> Result<Model, ImportError> {
    if let Some(sparse) = graph.sparse_initializer.first() {
        let tensor = sparse.values.as_ref().and_then(|values| values.name.as_deref()).unwrap_or_default();
        let reason = "sparse tensors cannot be imported; export it dense".to_owned();
        return Err(ImportError::BadTensor { tensor: shown(tensor), reason });
    }
    let (texts, numbers): (Vec<_>, Vec<_>) =
        graph.initializer.into_iter().partition(|tensor| tensor.data_type == Some(tensor::STRING));
    let strings: BTreeMap<String, Vec<String>> = texts.into_iter().map(strings).collect();
    let constants = constants(numbers, notes)?;
    let initialized = |name: &str| constants.contains_key(name) || strings.contains_key(name);
    let own = |input: &&ValueInfoProto| !initialized(input.name.as_deref().unwrap_or_default());
    let inputs = graph.input.iter().filter(own).map(input).collect::<Result<Vec<_>, _>>()?;
    let outputs = graph.output.iter().map(|output| output.name.clone().unwrap_or_default()).collect();
    let mut names = Unique::default();
    let nodes = graph.node.into_iter().enumerate();
    let nodes = nodes.map(|(i, node)| read_node(i, node, &mut names, notes)).collect::<Result<Vec<_>, _>>()?;
    let mut model = Model { opset, producer, inputs, outputs, constants, strings, nodes };
    lift_constants(&mut model, notes)?;
    check_flow(&model)?;
    Ok(model)
}

fn strings(tensor: TensorProto) -> (String, Vec<String>) {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    (tensor.name.unwrap_or_default(), tensor.string_data.iter().map(text).collect())
}

fn constants(
    initializers: Vec<TensorProto>,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, Constant>, ImportError> {
    let mut constants = BTreeMap::new();
    for tensor in initializers {
        let name = tensor.name.clone().unwrap_or_default();
        let constant = tensor::read(tensor, &name, notes)?;
        if constants.insert(name.clone(), constant).is_some() {
            let reason = "the name is given to two initializers; export the model again".to_owned();
            return Err(ImportError::BadTensor { tensor: shown(&name), reason });
        }
    }
    Ok(constants)
}

fn input(info: &ValueInfoProto) -> Result<Input, ImportError> {
    let name = info.name.clone().unwrap_or_default();
    let bad = |reason: &str| ImportError::BadInput { input: shown(&name), reason: reason.to_owned() };
    let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|kind| kind.value.as_ref()) else {
        return Err(bad("it is no tensor; only tensors can be fed"));
    };
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(char::is_control) {
        return Err(bad("its name is empty, too long or has control characters; export it under another"));
    }
    let number = tensor.elem_type.unwrap_or(0);
    let dtype = held_as(i64::from(number))
        .ok_or_else(|| bad(&format!("{} cannot be fed; cast it to float before the model", type_name(number))))?;
    let shape = tensor.shape.as_ref().ok_or_else(|| bad("its shape is not known; export it with one"))?;
    if shape.dim.is_empty() || shape.dim.len() > MAX_RANK {
        return Err(bad(&format!("it must have 1 to {MAX_RANK} dimensions, the first of them the batch")));
    }
    let shape = shape.dim.iter().enumerate().map(|(axis, dim)| match &dim.value {
        Some(Value::DimValue(size)) if *size > 0 => usize::try_from(*size).map(Size::Known).ok(),
        // Some exporters write 0 or -1 for a size that is open.
        Some(Value::DimValue(_)) | None => Some(Size::Symbol(format!("{name}.{axis}"))),
        Some(Value::DimParam(symbol)) => Some(Size::Symbol(symbol.clone())),
    });
    let shape = shape.collect::<Option<Vec<_>>>().ok_or_else(|| bad("a dimension is too large"))?;
    Ok(Input { name, dtype, shape })
}

fn read_node(
    position: usize,
    node: NodeProto,
    names: &mut Unique,
    notes: &mut Vec<String>,
) -> Result<Node, ImportError> {
    let op = shown(&node.op_type.unwrap_or_default());
    let name =
        node.name.filter(|name| !name.is_empty()).map_or_else(|| format!("{op}_{position}"), |name| shown(&name));
    let name = names.give(&name);
    let domain = node.domain.filter(|domain| domain != "ai.onnx").unwrap_or_default();
    let mut attributes = BTreeMap::new();
    for one in node.attribute {
        let (key, value) = attribute::read(one, &name, notes)?;
        if attributes.insert(key.clone(), value).is_some() {
            let reason = format!("attribute '{}' is given twice; export the model again", shown(&key));
            return Err(ImportError::BadNode { node: name, op, reason });
        }
    }
    let mut inputs = node.input;
    inputs.truncate(inputs.iter().rposition(|input| !input.is_empty()).map_or(0, |last| last + 1));
    Ok(Node { name, op, domain, inputs, outputs: node.output, attributes })
}

/// Constant nodes become constants.
fn lift_constants(model: &mut Model, notes: &mut Vec<String>) -> Result<(), ImportError> {
    let (lifted, nodes) = std::mem::take(&mut model.nodes)
        .into_iter()
        .partition(|node: &Node| node.op == "Constant" && node.domain.is_empty());
    model.nodes = nodes;
    for node in lifted {
        let constant = match node.attributes.values().next() {
            Some(Attribute::Tensor(constant)) => constant.clone(),
            Some(Attribute::Float(value)) => finite(Constant::f32(&[], &[*value]), node.output(), notes)?,
            Some(Attribute::Floats(values)) => finite(Constant::f32(&[values.len()], values), node.output(), notes)?,
            Some(Attribute::Int(value)) => Constant::i64(&[], &[*value]),
            Some(Attribute::Ints(values)) => Constant::list(values),
            _ => {
                let reason = "it holds no numbers; strings and sparse tensors cannot be imported".to_owned();
                return Err(ImportError::BadNode { node: node.name, op: node.op, reason });
            }
        };
        if model.constants.insert(node.output().to_owned(), constant).is_some() {
            return Err(made_twice(&node, node.output()));
        }
    }
    Ok(())
}

/// Checks that each node uses what came before it and makes what nothing else makes.
fn check_flow(model: &Model) -> Result<(), ImportError> {
    let mut known: HashSet<&str> = model.constants.keys().chain(model.strings.keys()).map(String::as_str).collect();
    for input in &model.inputs {
        if !known.insert(&input.name) {
            let reason = "something else has its name; export the model again".to_owned();
            return Err(ImportError::BadInput { input: shown(&input.name), reason });
        }
    }
    for node in &model.nodes {
        let unmade = node.inputs.iter().find(|name| !name.is_empty() && !known.contains(name.as_str()));
        if let Some(name) = unmade {
            let name = shown(name);
            let reason = format!(
                "it uses '{name}', which no input, initializer or earlier node makes; export the model again, sorted"
            );
            return Err(ImportError::BadNode { node: node.name.clone(), op: node.op.clone(), reason });
        }
        for output in node.outputs.iter().filter(|name| !name.is_empty()) {
            if !known.insert(output) {
                return Err(made_twice(node, output));
            }
        }
    }
    for (what, values) in [("inputs", model.inputs.len()), ("outputs", model.outputs.len())] {
        if values > limits::MAX_FEATURES {
            return Err(over(what, "MAX_FEATURES", values, limits::MAX_FEATURES));
        }
    }
    if model.outputs.is_empty() {
        return Err(not_onnx("its graph has no output"));
    }
    check_outputs(model)
}

/// Checks that each output is made by a node, and listed once.
fn check_outputs(model: &Model) -> Result<(), ImportError> {
    let made: HashSet<&str> = model.nodes.iter().flat_map(|node| &node.outputs).map(String::as_str).collect();
    let mut listed = HashSet::new();
    for output in &model.outputs {
        let is_new = listed.insert(output);
        if !is_new || !made.contains(output.as_str()) {
            let reason =
                if is_new { "no node makes it; leave it out" } else { "it is listed twice; export the model again" };
            return Err(ImportError::BadOutput { output: shown(output), reason: reason.to_owned() });
        }
    }
    Ok(())
}

fn made_twice(node: &Node, output: &str) -> ImportError {
    let reason = format!("it makes '{}', which is there already; export the model again", shown(output));
    ImportError::BadNode { node: node.name.clone(), op: node.op.clone(), reason }
}
