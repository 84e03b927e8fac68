//! Folds batch normalizations, and scales and shifts for each channel, into the weights of the `Conv` or `Gemm` before
//! them.

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_bundle::Weights;
use dunlin_bundle::graph::{Attribute, Graph, Node};
use dunlin_bundle::tensor::Tensor;

/// Ops that may be folded.
const FOLDED: [&str; 5] = ["BatchNormalization", "Mul", "Div", "Add", "Sub"];

/// Folds every node that maps the result of a `Conv` or `Gemm`, channel by channel, to `scale * y + shift`:
/// `BatchNormalization` (Ioffe and Szegedy 2015, as at inference), and `Mul`, `Div`, `Add` and `Sub` with constants.
///
/// Folds nothing whose unfolded value somebody else uses, and nothing whose folded weights would not be finite.
/// Gives the graph and the tensors that it needs beside or instead of those of `weights`, by name: shape and values.
#[must_use]
pub fn fold_batch_norm(graph: &Graph, weights: &Weights) -> (Graph, BTreeMap<String, Tensor>) {
    if !graph.nodes.iter().any(|node| FOLDED.contains(&node.op_type.as_str())) {
        return (graph.clone(), BTreeMap::new());
    }
    let mut folding = Folding::new(graph, weights);
    for position in 0..graph.nodes.len() {
        while folding.fold_into(position) {}
    }
    let nodes: Vec<Node> = folding.nodes.into_iter().flatten().collect();
    let used: HashSet<&String> = nodes.iter().flat_map(|node| &node.inputs).collect();
    let new = folding.tensors.keys().filter(|name| !folding.initializers.contains(name.as_str()));
    let initializers: Vec<String> =
        graph.initializers.iter().chain(new).filter(|name| used.contains(name)).cloned().collect();
    let tensors = folding.tensors.iter().filter(|(name, _)| used.contains(name));
    let tensors = tensors.map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    (Graph { initializers, nodes, ..graph.clone() }, tensors)
}

/// Names and values of the tensors that a folded node uses.
type NewWeights = Vec<(String, Tensor)>;

struct Folding<'a> {
    /// By their position in the graph; those folded away are gone.
    nodes: Vec<Option<Node>>,
    weights: &'a Weights,
    initializers: HashSet<&'a str>,
    /// Tensors that stand for those of the weights.
    tensors: BTreeMap<String, Tensor>,
    /// Positions of the nodes that use a value, once for each use.
    users: HashMap<String, Vec<usize>>,
    /// Values that leave the graph.
    outputs: HashSet<&'a str>,
    /// Names that a new tensor must not take.
    taken: HashSet<String>,
}

/// What a node does to each channel of the result before it.
struct Affine {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl<'a> Folding<'a> {
    fn new(graph: &'a Graph, weights: &'a Weights) -> Self {
        let mut users: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, node) in graph.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|name| users.entry(name.clone()).or_default().push(position));
        }
        let made = graph.nodes.iter().flat_map(|node| &node.outputs);
        let there = graph.inputs.iter().map(|input| &input.name).chain(&graph.initializers);
        Self {
            nodes: graph.nodes.iter().cloned().map(Some).collect(),
            weights,
            initializers: graph.initializers.iter().map(String::as_str).collect(),
            tensors: BTreeMap::new(),
            users,
            outputs: graph.outputs.iter().map(|output| output.name.as_str()).collect(),
            taken: made.chain(there).cloned().collect(),
        }
    }

    /// Folds what follows a node into it; says whether it could.
    fn fold_into(&mut self, position: usize) -> bool {
        let Some((follower, node, tensors)) = self.folded(position) else { return false };
        for (at, old) in [(position, &self.nodes[position]), (follower, &self.nodes[follower])] {
            for input in old.iter().flat_map(|node| &node.inputs) {
                self.users.entry(input.clone()).or_default().retain(|user| *user != at);
            }
        }
        node.inputs.iter().for_each(|name| self.users.entry(name.clone()).or_default().push(position));
        self.taken.extend(tensors.iter().map(|(name, _)| name.clone()));
        self.tensors.extend(tensors);
        self.nodes[position] = Some(node);
        self.nodes[follower] = None;
        true
    }

    /// The node that alone uses the result of a `Conv` or `Gemm`.
    fn only_user(&self, node: &Node) -> Option<usize> {
        let [output] = node.outputs.as_slice() else { return None };
        if !matches!(node.op_type.as_str(), "Conv" | "Gemm") || self.outputs.contains(output.as_str()) {
            return None;
        }
        match self.users.get(output)?.as_slice() {
            [user] => Some(*user),
            _ => None,
        }
    }

    /// A constant of f32 that is no block.
    fn constant(&self, name: &str) -> Option<Tensor> {
        if let Some(tensor) = self.tensors.get(name) {
            return Some(tensor.clone());
        }
        let weight = self.initializers.contains(name).then(|| self.weights.get(name)).flatten()?;
        Some(Tensor { shape: weight.shape.to_vec(), data: weight.to_f32()? })
    }

    /// The position of the node that can be folded in, the node with it, and its new weights.
    fn folded(&self, position: usize) -> Option<(usize, Node, NewWeights)> {
        let node = self.nodes[position].as_ref()?;
        let follower = self.only_user(node)?;
        let next = self.nodes[follower].as_ref()?;
        let mut weight = self.constant(node.inputs.get(1)?)?;
        let channel_axis = match node.op_type.as_str() {
            "Gemm" if node.int("transB", 0) == 0 => 1,
            _ => 0,
        };
        let channels = *weight.shape.get(channel_axis)?;
        let rank = if node.op_type == "Conv" { weight.shape.len() } else { 2 };
        let Affine { scale, shift } = self.affine(next, node.outputs.first()?, channels, rank)?;
        let after: usize = weight.shape[channel_axis + 1..].iter().product();
        for (i, value) in weight.data.iter_mut().enumerate() {
            *value = (f64::from(*value) * scale[i / after % channels]) as f32;
        }
        let old = self.bias(node, channels)?;
        let bias = (0..channels).map(|c| (old[c] * scale[c] + shift[c]) as f32).collect();
        let bias = Tensor { shape: vec![channels], data: bias };
        if !weight.data.iter().chain(&bias.data).all(|value| value.is_finite()) {
            return None;
        }
        let names = [self.name_for(node, 1, "weight"), self.name_for(node, 2, "bias")];
        let mut folded = node.clone();
        folded.inputs.truncate(1);
        folded.inputs.extend(names.iter().cloned());
        folded.outputs.clone_from(&next.outputs);
        // The bias holds it already.
        if folded.attributes.remove("beta").is_some() {
            folded.attributes.insert("beta".to_owned(), Attribute::Float(1.0));
        }
        Some((follower, folded, names.into_iter().zip([weight, bias]).collect()))
    }

    /// What is added to each channel: the bias of a `Conv`, or `beta * C` of a `Gemm`; zeros without.
    fn bias(&self, node: &Node, channels: usize) -> Option<Vec<f64>> {
        let Some(name) = node.inputs.get(2).filter(|name| !name.is_empty()) else { return Some(vec![0.0; channels]) };
        let beta = if node.op_type == "Gemm" { node.float("beta", 1.0) } else { 1.0 };
        let rank = if node.op_type == "Gemm" { 2 } else { 1 };
        let values = per_channel(&self.constant(name)?, channels, rank, rank - 1)?;
        Some(values.into_iter().map(|value| value * beta).collect())
    }

    /// What the follower does to each channel of `y`, which has `rank` dimensions.
    fn affine(&self, next: &Node, y: &str, channels: usize, rank: usize) -> Option<Affine> {
        if next.op_type == "BatchNormalization" {
            return self.batch_norm(next, y, channels);
        }
        let [a, b] = next.inputs.as_slice() else { return None };
        let y_first = a == y;
        let constant = self.constant(if y_first { b } else { a })?;
        let values = per_channel(&constant, channels, rank, 1)?;
        let (zeros, ones) = (vec![0.0; channels], vec![1.0; channels]);
        Some(match next.op_type.as_str() {
            "Mul" => Affine { scale: values, shift: zeros },
            "Add" => Affine { scale: ones, shift: values },
            "Div" if y_first => Affine { scale: values.iter().map(|value| 1.0 / value).collect(), shift: zeros },
            "Sub" if y_first => Affine { scale: ones, shift: values.iter().map(|value| -value).collect() },
            _ => return None,
        })
    }

    /// `(y - mean) / sqrt(variance + epsilon) * scale + bias`.
    fn batch_norm(&self, next: &Node, y: &str, channels: usize) -> Option<Affine> {
        let [x, parameters @ ..] = next.inputs.as_slice() else { return None };
        if x != y || parameters.len() != 4 || next.int("training_mode", 0) != 0 {
            return None;
        }
        let parameter = |name: &String| per_channel(&self.constant(name)?, channels, 1, 0);
        let [gain, offset, mean, variance] = [0, 1, 2, 3].map(|i| parameter(&parameters[i]));
        let (gain, offset, mean, variance) = (gain?, offset?, mean?, variance?);
        let epsilon = next.float("epsilon", 1e-5);
        let scale: Vec<f64> = (0..channels).map(|c| gain[c] / (variance[c] + epsilon).sqrt()).collect();
        let shift = (0..channels).map(|c| offset[c] - mean[c] * scale[c]).collect();
        Some(Affine { scale, shift })
    }

    /// The name of a node's weight: its own where nobody else uses it, else a new one.
    fn name_for(&self, node: &Node, position: usize, role: &str) -> String {
        let is_own = |name: &&String| !name.is_empty() && self.users.get(*name).is_some_and(|users| users.len() == 1);
        if let Some(own) = node.inputs.get(position).filter(is_own) {
            return own.clone();
        }
        let mut name = format!("{}.{role}", node.name);
        while self.taken.contains(&name) || self.weights.get(&name).is_some() {
            name.push('\'');
        }
        name
    }
}

/// The value of each channel, of a constant that broadcasts to `rank` dimensions and differs along `axis` alone.
fn per_channel(constant: &Tensor, channels: usize, rank: usize, axis: usize) -> Option<Vec<f64>> {
    let padding = rank.checked_sub(constant.shape.len())?;
    let only_channels = constant.shape.iter().enumerate().all(|(i, size)| *size == 1 || i + padding == axis);
    match constant.data.as_slice() {
        [value] => Some(vec![f64::from(*value); channels]),
        values if only_channels && values.len() == channels => Some(values.iter().map(|v| f64::from(*v)).collect()),
        _ => None,
    }
}
