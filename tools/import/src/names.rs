//! Short names: exporters call a value by the path of every layer it passed, three times a node, and a small model's
//! names outweigh its graph.

use std::collections::HashMap;

use crate::model::Node;
use crate::unique::Unique;

/// Longest name of a node or a tensor that is kept as the file has it.
const KEPT_BYTES: usize = 40;

/// Which names become which. Inputs and outputs of the graph keep theirs.
pub(crate) struct Names {
    nodes: Unique,
    taken: Unique,
    values: HashMap<String, String>,
}

impl Names {
    /// Starts with the names of the graph's inputs and outputs, each with the value behind it.
    pub(crate) fn new<'a>(kept: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values: HashMap<String, String> =
            kept.into_iter().map(|(name, value)| (value.to_owned(), name.to_owned())).collect();
        Self { nodes: Unique::default(), taken: Unique::new(values.values().cloned().collect()), values }
    }

    /// Names a node, and after it what it makes.
    pub(crate) fn node(&mut self, position: usize, node: &Node) -> String {
        let wanted = if is_short(&node.name) { node.name.clone() } else { format!("{}_{position}", node.op) };
        let name = self.nodes.give(&wanted);
        for (i, output) in node.outputs.iter().enumerate() {
            if !self.values.contains_key(output) {
                let wanted = if i == 0 { name.clone() } else { format!("{name}:{i}") };
                let value = self.taken.give(&wanted);
                self.values.insert(output.clone(), value);
            }
        }
        name
    }

    /// Names a constant after itself, or after the first node that uses it.
    pub(crate) fn constant(&mut self, constant: &str, user: &str, op: &str, position: usize) {
        if self.values.contains_key(constant) {
            return;
        }
        let own = is_short(constant);
        let wanted = if own { constant.to_owned() } else { format!("{user}.{}", role(op, position)) };
        let name = self.taken.give(&wanted);
        self.values.insert(constant.to_owned(), name);
    }

    /// The name that a value goes by now.
    pub(crate) fn of(&self, value: &str) -> String {
        self.values.get(value).cloned().unwrap_or_else(|| value.to_owned())
    }
}

fn is_short(name: &str) -> bool {
    !name.is_empty() && name.len() <= KEPT_BYTES && !name.contains(char::is_control)
}

/// What an input is to a node.
fn role(op: &str, position: usize) -> String {
    match (op, position) {
        ("Conv" | "Gemm" | "MatMul", 0 | 1) => "weight".to_owned(),
        ("Conv" | "Gemm", 2) | ("Add", _) => "bias".to_owned(),
        ("Reshape" | "Expand", 1) => "shape".to_owned(),
        _ => position.to_string(),
    }
}
