//! What an output's numbers mean, by its width, by how the graph ends, and by the classes named.

use std::collections::BTreeMap;

use dunlin_bundle::graph::{Attribute, Graph, Node, ValueInfo};
use dunlin_bundle::schema::{FloatDomain, Output, Task};

use super::PackageError;
use crate::data::row_elements;

/// Ops that leave probabilities what they are.
const TRANSPARENT: &[&str] =
    &["Cast", "DequantizeLinear", "Flatten", "Identity", "QuantizeLinear", "Reshape", "Squeeze", "Unsqueeze"];

/// How far a probability may lie outside of 0 to 1: the leaves of a thousand trees, added in f32, miss 1 by less, and
/// so does the largest step of 8 bits.
const ROUNDING: f64 = 1e-4;

/// How an output is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Softmax,
    Sigmoid,
    Other,
}

/// Describes the outputs. Classes that the caller names for an output of plain scores get a softmax put before them.
pub(super) fn outputs(
    graph: &mut Graph,
    of_file: &[String],
    named: &[String],
    notes: &mut Vec<String>,
) -> Result<Vec<Output>, PackageError> {
    let classes = if named.is_empty() { of_file } else { named };
    let widths: Vec<usize> = graph.outputs.iter().map(row_elements).collect();
    let classified = classified(graph, classes);
    if !classes.is_empty() && classified.is_none() {
        return Err(PackageError::Classes { classes: classes.len(), widths });
    }
    if let Some(position) = classified
        && of_file.is_empty()
        && widths[position] > 1
        && ending(graph, &graph.outputs[position].name) == Ending::Other
    {
        notes.push(format!(
            "output '{}' ends in plain scores; a softmax is put behind them, since classes are named",
            graph.outputs[position].name
        ));
        add_softmax(graph, position);
    }
    let mut described = Vec::with_capacity(widths.len());
    for (position, info) in graph.outputs.iter().enumerate() {
        let classes = if classified == Some(position) { classes } else { &[] };
        let output = describe(graph, info, classes);
        if output.task == Task::MulticlassClassification && classes.is_empty() {
            notes.push(format!(
                "the classes of output '{}' are called by their numbers; --classes names them",
                info.name
            ));
        }
        described.push(output);
    }
    Ok(described)
}

/// The output that the classes belong to: the first that is as wide, or one probability of two.
fn classified(graph: &Graph, classes: &[String]) -> Option<usize> {
    let wide = |info: &ValueInfo| classes.len() >= 2 && row_elements(info) == classes.len();
    let single = |info: &ValueInfo| classes.len() == 2 && row_elements(info) == 1;
    graph.outputs.iter().position(wide).or_else(|| graph.outputs.iter().position(single))
}

fn describe(graph: &Graph, info: &ValueInfo, classes: &[String]) -> Output {
    let width = row_elements(info);
    let ending = ending(graph, &info.name);
    let numbers = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>();
    let task = match width {
        1 if classes.len() == 2 || ending == Ending::Sigmoid => Task::BinaryClassification,
        1 => Task::Regression,
        _ if !classes.is_empty() => Task::MulticlassClassification,
        _ if ending == Ending::Softmax && info.shape.len() == 2 => Task::MulticlassClassification,
        _ => Task::Embedding,
    };
    let classes = match task {
        Task::Regression | Task::Embedding => Vec::new(),
        _ if !classes.is_empty() => classes.to_vec(),
        Task::BinaryClassification => numbers(2),
        Task::MulticlassClassification => numbers(width),
    };
    let probability = FloatDomain { min: Some(-ROUNDING), max: Some(1.0 + ROUNDING) };
    let float_domain = (!classes.is_empty()).then_some(probability);
    Output { name: info.name.clone(), task, classes, float_domain, unit: None }
}

fn ending(graph: &Graph, output: &str) -> Ending {
    let makers: BTreeMap<&str, &Node> =
        graph.nodes.iter().flat_map(|node| node.outputs.iter().map(move |name| (name.as_str(), node))).collect();
    let mut value = output;
    while let Some(node) = makers.get(value) {
        match node.op_type.as_str() {
            "Softmax" => return Ending::Softmax,
            "Sigmoid" => return Ending::Sigmoid,
            op if TRANSPARENT.contains(&op) => {}
            _ => return Ending::Other,
        }
        let Some(input) = node.inputs.first() else { return Ending::Other };
        value = input;
    }
    Ending::Other
}

/// Puts a softmax over the last dimension behind an output, which keeps its name.
fn add_softmax(graph: &mut Graph, position: usize) {
    let name = graph.outputs[position].name.clone();
    let mut scores = format!("{name}.scores");
    let taken = |graph: &Graph, name: &str| {
        graph.nodes.iter().any(|node| node.name == name || node.outputs.iter().any(|o| o == name))
    };
    while taken(graph, &scores) || graph.initializers.contains(&scores) || graph.inputs.iter().any(|i| i.name == scores)
    {
        scores.push('\'');
    }
    for node in &mut graph.nodes {
        node.inputs
            .iter_mut()
            .chain(&mut node.outputs)
            .filter(|value| **value == name)
            .for_each(|v| v.clone_from(&scores));
    }
    let mut node = format!("{name}.softmax");
    while taken(graph, &node) {
        node.push('\'');
    }
    graph.nodes.push(Node {
        name: node,
        op_type: "Softmax".to_owned(),
        inputs: vec![scores],
        outputs: vec![name],
        attributes: BTreeMap::from([("axis".to_owned(), Attribute::Int(-1))]),
    });
}
