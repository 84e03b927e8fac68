//! Who makes and who uses each value of a graph.

use std::collections::{HashMap, HashSet};

use dunlin_bundle::graph::{Graph, Node};

/// An index over a graph as it was when the index was made.
pub(super) struct Flow<'a> {
    graph: &'a Graph,
    /// Positions of the nodes that use a value, once for each use.
    users: HashMap<&'a str, Vec<usize>>,
    outputs: HashSet<&'a str>,
}

impl<'a> Flow<'a> {
    pub(super) fn of(graph: &'a Graph) -> Self {
        let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
        for (position, node) in graph.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|name| users.entry(name).or_default().push(position));
        }
        Self { graph, users, outputs: graph.outputs.iter().map(|output| output.name.as_str()).collect() }
    }

    /// The node that alone uses a value which does not leave the graph.
    pub(super) fn only_user(&self, value: &str) -> Option<(usize, &'a Node)> {
        match self.users.get(value)?.as_slice() {
            [user] if !self.outputs.contains(value) => Some((*user, &self.graph.nodes[*user])),
            _ => None,
        }
    }
}
