//! A graph by itself, against its weights, and against the schema's outputs.

use std::collections::HashSet;

use super::{Check, Named, check_name, check_names, ensure, within_limit};
use crate::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use crate::limits;
use crate::schema::{Schema, Task};
use crate::tensor::element_count;
use crate::weights::Weights;

pub(super) fn check(graph: &Graph, weights: &Weights) -> Check {
    within_limit("MAX_NODES", graph.nodes.len(), limits::MAX_NODES)?;
    within_limit("MAX_TENSORS", graph.initializers.len(), limits::MAX_TENSORS)?;
    within_limit("MAX_FEATURES", graph.inputs.len(), limits::MAX_FEATURES)?;
    within_limit("MAX_FEATURES", graph.outputs.len(), limits::MAX_FEATURES)?;
    ensure(graph.opset >= 1, "opset", "it is zero")?;
    ensure(!graph.inputs.is_empty(), "inputs", "there is none")?;
    graph.inputs.iter().chain(&graph.outputs).try_for_each(check_value)?;
    check_names("node", graph.nodes.iter().map(|node| node.name.as_str()))?;
    check_names("output", graph.outputs.iter().map(|value| value.name.as_str()))?;
    let missing = graph.initializers.iter().find(|name| weights.get(name).is_none());
    let at = Named("tensor", missing.map_or("", String::as_str));
    ensure(missing.is_none(), at, "it is an initializer, but no weights entry holds it")?;
    check_flow(graph)
}

/// Checks that each node uses what came before it and makes what nothing else makes.
fn check_flow(graph: &Graph) -> Check {
    let sources = graph.inputs.iter().map(|value| value.name.as_str());
    let sources: Vec<&str> = sources.chain(graph.initializers.iter().map(String::as_str)).collect();
    check_names("value", sources.iter().copied())?;
    let mut known: HashSet<&str> = sources.into_iter().collect();
    for node in &graph.nodes {
        check_node(node, &known)?;
        for output in node.outputs.iter().filter(|name| !name.is_empty()) {
            check_name("value", output)?;
            ensure(known.insert(output), at(node), format_args!("`{output}` is made twice"))?;
        }
    }
    let unmade = graph.outputs.iter().find(|value| !known.contains(value.name.as_str()));
    ensure(unmade.is_none(), unmade.map_or("", |value| &value.name), "it is an output, but nothing makes it")
}

fn check_node(node: &Node, known: &HashSet<&str>) -> Check {
    let good_op = !node.op_type.is_empty() && node.op_type.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    ensure(good_op, at(node), "its op_type is not a name of letters and digits")?;
    ensure(node.outputs.iter().any(|name| !name.is_empty()), at(node), "it makes nothing")?;
    let unknown = node.inputs.iter().find(|name| !name.is_empty() && !known.contains(name.as_str()));
    if let Some(name) = unknown {
        check_name("value", name)?;
        return ensure(false, at(node), format!("it uses `{name}`, which nothing before it makes"));
    }
    node.attributes.iter().try_for_each(|(name, attribute)| check_attribute(node, name, attribute))
}

fn check_attribute(node: &Node, name: &str, attribute: &Attribute) -> Check {
    let (items, finite) = match attribute {
        Attribute::Ints(values) => (values.len(), true),
        Attribute::Floats(values) => (values.len(), values.iter().all(|v| v.is_finite())),
        Attribute::Float(value) => (1, value.is_finite()),
        Attribute::Int(_) | Attribute::String(_) => (1, true),
    };
    within_limit("MAX_ATTRIBUTE_ITEMS", items, limits::MAX_ATTRIBUTE_ITEMS)?;
    ensure(finite, at(node), format_args!("attribute `{}` is not finite", name.escape_debug()))
}

/// An input or output: a batch, and a row whose size is known.
fn check_value(value: &ValueInfo) -> Check {
    check_name("value", &value.name)?;
    within_limit("MAX_RANK", value.shape.len(), limits::MAX_RANK)?;
    let at = Named("value", &value.name);
    let Some((batch, _)) = value.shape.split_first() else {
        return ensure(false, at, "its shape has no batch dimension");
    };
    ensure(*batch != Dim::Size(0), at, "its batch is zero")?;
    ensure(row_elements(value).is_some_and(|n| n > 0), at, "only its batch may be a symbol, and no size zero or absurd")
}

/// Elements of one row of an input or output; `None` where a size is not known or over the limits.
pub(super) fn row_elements(value: &ValueInfo) -> Option<usize> {
    let sizes: Option<Vec<usize>> = value
        .shape
        .iter()
        .skip(1)
        .map(|dim| match dim {
            Dim::Size(size) => Some(*size),
            Dim::Symbol(_) => None,
        })
        .collect();
    element_count(&sizes?)
}

/// Checks that the graph's outputs are the schema's, each as wide as its task and classes need.
pub(super) fn check_outputs(graph: &Graph, schema: &Schema) -> Check {
    let same = graph.outputs.iter().map(|value| &value.name).eq(schema.output.iter().map(|output| &output.name));
    ensure(same, "outputs", "they are not the schema's outputs, in its order")?;
    for (value, output) in graph.outputs.iter().zip(&schema.output) {
        let width = row_elements(value);
        let fits = match output.task {
            Task::MulticlassClassification => width == Some(output.classes.len()),
            Task::BinaryClassification => width == Some(1),
            Task::Regression | Task::Embedding => true,
        };
        ensure(fits, Named("output", &value.name), "its width does not suit the schema's task and classes")?;
    }
    Ok(())
}

fn at(node: &Node) -> Named<'_> {
    Named("node", &node.name)
}
