//! Which nodes of a graph become int8, and which of its values become bytes.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_bundle::graph::{Graph, Node};

use super::flow::Flow;
use super::net::Net;
use super::prepare::Shapes;

/// What becomes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A product with constant weights, whose scales lie along this axis.
    Product { axis: usize },
    /// The sum of two quantised values.
    Sum,
    /// An average of quantised values.
    Average,
    /// Gives quantised values another shape, order or choice, on the scale that they have.
    Move,
    /// Is done by the node before it: a bias, or an activation that is only bounds.
    Tail,
    /// Stays as it is.
    Float,
}

/// The decision for a graph.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// For each node, in order.
    pub(super) roles: Vec<Role>,
    /// Values that become bytes, each with the value whose scale it shares (often itself).
    pub(super) bytes: BTreeMap<String, String>,
    /// Values that int8 nodes make; of these, no floats are left beside the bytes.
    pub(super) made: BTreeSet<String>,
    /// Name and result of every product, sum and average, in order.
    pub(super) layers: Vec<(String, String)>,
}

pub(super) fn choose(net: &Net, shapes: &Shapes) -> Choice {
    let graph = &net.graph;
    let chooser = Chooser { net, shapes, flow: Flow::of(graph) };
    let mut choice = Choice { roles: vec![Role::Float; graph.nodes.len()], ..Choice::default() };
    let mut always = BTreeSet::new();
    for (position, node) in graph.nodes.iter().enumerate() {
        if choice.roles[position] == Role::Tail {
            continue;
        }
        let role = chooser.role(node, &choice.made);
        choice.roles[position] = role;
        match role {
            Role::Float | Role::Tail => {}
            Role::Move => choice.made.extend(node.outputs.iter().cloned()),
            Role::Product { .. } | Role::Sum | Role::Average => {
                let (result, tail) = chooser.result(node, role);
                tail.into_iter().for_each(|at| choice.roles[at] = Role::Tail);
                choice.layers.push((node.name.clone(), result.to_owned()));
                choice.made.insert(result.to_owned());
                // A matrix product may leave its result in f32.
                if node.op_type == "Conv" || !matches!(role, Role::Product { .. }) {
                    always.insert(result.to_owned());
                }
            }
        }
    }
    decide_values(graph, &mut choice, always);
    choice
}

/// Which inputs a node takes as bytes.
pub(super) fn byte_inputs(node: &Node, role: Role) -> &[String] {
    match role {
        Role::Product { .. } | Role::Average => &node.inputs[..1],
        Role::Sum => &node.inputs,
        Role::Move if node.op_type == "Concat" => &node.inputs,
        Role::Move => &node.inputs[..1],
        Role::Tail | Role::Float => &[],
    }
}

/// Walks back from the nodes that want bytes: what only floats want stays in floats.
fn decide_values(graph: &Graph, choice: &mut Choice, always: BTreeSet<String>) {
    let mut wanted = always;
    for (node, role) in graph.nodes.iter().zip(&mut choice.roles).rev() {
        if *role == Role::Move && !node.outputs.iter().any(|output| wanted.contains(output)) {
            choice.made.retain(|value| !node.outputs.contains(value));
            *role = Role::Float;
        }
        wanted.extend(byte_inputs(node, *role).iter().cloned());
    }
    let mut shared: BTreeMap<String, String> = wanted.into_iter().map(|value| (value.clone(), value)).collect();
    for (node, _) in graph.nodes.iter().zip(&choice.roles).filter(|(_, role)| **role == Role::Move) {
        let tied = byte_inputs(node, Role::Move).iter().chain(&node.outputs);
        let roots: Vec<String> = tied.filter_map(|value| shared.get(value).cloned()).collect();
        let Some(root) = roots.first() else { continue };
        shared.values_mut().filter(|value| roots.contains(value)).for_each(|value| value.clone_from(root));
    }
    choice.bytes = shared;
}

struct Chooser<'a> {
    net: &'a Net,
    shapes: &'a Shapes,
    flow: Flow<'a>,
}

impl<'a> Chooser<'a> {
    /// What a node can be, when these values are there as bytes.
    fn role(&self, node: &Node, made: &BTreeSet<String>) -> Role {
        let is_made = |position: usize| node.inputs.get(position).is_some_and(|name| made.contains(name));
        match node.op_type.as_str() {
            "Conv" | "Gemm" | "MatMul" => match self.weight_axis(node) {
                Some(axis) => Role::Product { axis },
                None => Role::Float,
            },
            "Add" => {
                let shape = |position: usize| self.shapes.get(&node.inputs[position]);
                let both = node.inputs.len() == 2 && is_made(0) && is_made(1) && shape(0) == shape(1);
                if both { Role::Sum } else { Role::Float }
            }
            "AveragePool" | "GlobalAveragePool" if is_made(0) => Role::Average,
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Identity" | "Transpose" | "Slice" | "Split"
            | "MaxPool" | "Expand" | "Gather"
                if is_made(0) =>
            {
                Role::Move
            }
            "Concat" if (0..node.inputs.len()).all(is_made) => Role::Move,
            _ => Role::Float,
        }
    }

    /// The axis of a product's output channels in its constant weights; `None` where it is no such product.
    fn weight_axis(&self, node: &Node) -> Option<usize> {
        let [x, w, bias @ ..] = node.inputs.as_slice() else { return None };
        let weights = self.net.floats(w)?;
        let x = self.shapes.get(x)?;
        let (axis, fits) = match node.op_type.as_str() {
            "Conv" => (0, matches!(x.len(), 3 | 4)),
            "Gemm" => {
                let plain = node.float("alpha", 1.0) == 1.0 && node.float("beta", 1.0) == 1.0;
                (0, plain && node.int("transA", 0) == 0 && node.int("transB", 0) != 0)
            }
            _ => (1, weights.shape.len() == 2 && x.len() >= 2),
        };
        let channels = weights.shape.get(axis)?;
        let bias_fits = match bias.first().filter(|name| !name.is_empty()) {
            Some(name) => self.net.floats(name)?.shape == [*channels],
            None => true,
        };
        (fits && bias_fits && weights.data.iter().all(|w| w.is_finite())).then_some(axis)
    }

    /// What a node and those after it that are done with it make, and where those stand.
    fn result(&self, node: &'a Node, role: Role) -> (&'a str, Vec<usize>) {
        let mut value = node.outputs[0].as_str();
        let mut tail = Vec::new();
        if role == Role::Average {
            return (value, tail);
        }
        if node.op_type == "MatMul"
            && let Some((at, sum)) = self.flow.only_user(value)
            && self.is_bias(sum, value)
        {
            tail.push(at);
            value = &sum.outputs[0];
        }
        if let Some((at, bounds)) = self.flow.only_user(value)
            && self.is_bounds(bounds)
        {
            tail.push(at);
            value = &bounds.outputs[0];
        }
        (value, tail)
    }

    /// Whether a node adds a constant to each column of a product.
    fn is_bias(&self, sum: &Node, product: &str) -> bool {
        let bias = sum.inputs.iter().find(|input| *input != product).and_then(|input| self.net.floats(input));
        let columns = self.shapes.get(product).and_then(|shape| shape.last());
        sum.op_type == "Add"
            && bias.is_some_and(|bias| Some(&bias.data.len()) == columns && bias.shape.last() == columns)
    }

    fn is_bounds(&self, node: &Node) -> bool {
        let constants = node.inputs[1..].iter().all(|name| name.is_empty() || self.net.is_constant(name));
        node.op_type == "Relu" || (node.op_type == "Clip" && constants)
    }
}
