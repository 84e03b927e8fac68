//! The older tree ops: nodes by tree and number, leaves among them, weights of leaves listed beside.

use std::collections::HashMap;

use super::flat::{Flat, Split};
use crate::facts::Fault;
use crate::model::{Attribute, Node};

/// Names of comparisons by their number in the normalised form.
const MODES: [&str; 6] = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

/// Where a branch leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Child {
    Split(usize),
    Leaf(usize),
}

struct Branch {
    feature: i64,
    value: f32,
    mode: u8,
    missing: bool,
    yes: Child,
    no: Child,
}

/// Trees whose leaves have any number of weights.
pub(super) struct Trees {
    splits: Vec<Branch>,
    /// For each leaf, what it adds to which target.
    leaves: Vec<Vec<(i64, f32)>>,
    roots: Vec<Child>,
}

impl Trees {
    /// Reads the attributes; those of weights start with `kind`.
    pub(super) fn read(node: &Node, kind: &str) -> Result<Self, Fault> {
        let (trees, numbers) = (node.ints("nodes_treeids"), node.ints("nodes_nodeids"));
        let modes = node.strings("nodes_modes");
        let features = node.ints("nodes_featureids");
        let (yes, no) = (node.ints("nodes_truenodeids"), node.ints("nodes_falsenodeids"));
        let values = floats(node, "nodes_values")?;
        let missing = node.ints("nodes_missing_value_tracks_true");
        let count = trees.len();
        let lengths = [numbers.len(), modes.len(), features.len(), yes.len(), no.len(), values.len()];
        if count == 0
            || lengths.iter().any(|length| *length != count)
            || !(missing.is_empty() || missing.len() == count)
        {
            return Err("its lists of nodes are empty or differ in length".into());
        }
        let mut places: HashMap<(i64, i64), Child> = HashMap::with_capacity(count);
        let (mut splits, mut leaves) = (0, 0);
        for i in 0..count {
            let next = if modes[i] == "LEAF" { &mut leaves } else { &mut splits };
            let child = if modes[i] == "LEAF" { Child::Leaf(*next) } else { Child::Split(*next) };
            *next += 1;
            if places.insert((trees[i], numbers[i]), child).is_some() {
                return Err(format!("node {} of tree {} is there twice", numbers[i], trees[i]).into());
            }
        }
        let find = |tree: i64, number: i64| {
            places.get(&(tree, number)).copied().ok_or_else(|| format!("node {number} of tree {tree} is missing"))
        };
        let mut read = Self { splits: Vec::with_capacity(splits), leaves: vec![Vec::new(); leaves], roots: Vec::new() };
        for i in (0..count).filter(|i| modes[*i] != "LEAF") {
            let mode = MODES.iter().position(|mode| *mode == modes[i]);
            let mode = mode.ok_or_else(|| format!("mode '{}' is not known", modes[i].escape_debug()))?;
            read.splits.push(Branch {
                feature: features[i],
                value: values[i],
                mode: mode as u8,
                missing: missing.get(i).is_some_and(|m| *m != 0),
                yes: find(trees[i], yes[i])?,
                no: find(trees[i], no[i])?,
            });
        }
        read.roots = read.find_roots((0..count).map(|i| places[&(trees[i], numbers[i])]))?;
        read.read_weights(node, kind, find)?;
        Ok(read)
    }

    /// Nodes that no node leads to, in their order; every other is led to by one, so that from roots there are only
    /// trees.
    fn find_roots(&self, order: impl Iterator<Item = Child>) -> Result<Vec<Child>, Fault> {
        let (mut parents, mut leaf_parents) = (vec![0_u32; self.splits.len()], vec![0_u32; self.leaves.len()]);
        for child in self.splits.iter().flat_map(|split| [split.yes, split.no]) {
            match child {
                Child::Split(i) => parents[i] += 1,
                Child::Leaf(i) => leaf_parents[i] += 1,
            }
        }
        if parents.iter().chain(&leaf_parents).any(|count| *count > 1) {
            return Err("two branches lead to one node; it is no tree".into());
        }
        let is_root = |child: &Child| match child {
            Child::Split(i) => parents[*i] == 0,
            Child::Leaf(i) => leaf_parents[*i] == 0,
        };
        let roots: Vec<Child> = order.filter(is_root).collect();
        let reached: usize = roots.iter().map(|root| self.post_order(*root).len()).sum();
        if reached != self.splits.len() {
            return Err("some of its nodes lead to each other in a circle".into());
        }
        Ok(roots)
    }

    fn read_weights(
        &mut self,
        node: &Node,
        kind: &str,
        find: impl Fn(i64, i64) -> Result<Child, String>,
    ) -> Result<(), Fault> {
        let ints = |what: &str| node.ints(&format!("{kind}_{what}"));
        let (trees, numbers, targets) = (ints("treeids"), ints("nodeids"), ints("ids"));
        let weights = floats(node, &format!("{kind}_weights"))?;
        if [numbers.len(), targets.len(), weights.len()].iter().any(|length| *length != trees.len()) {
            return Err("its lists of weights differ in length".into());
        }
        for i in 0..trees.len() {
            match find(trees[i], numbers[i])? {
                Child::Leaf(leaf) => self.leaves[leaf].push((targets[i], weights[i])),
                Child::Split(_) => {
                    return Err(format!("node {} of tree {} has a weight and is no leaf", numbers[i], trees[i]).into());
                }
            }
        }
        Ok(())
    }

    /// The splits below and at a child, each after those that it leads to.
    fn post_order(&self, root: Child) -> Vec<usize> {
        let mut order = Vec::new();
        let mut waiting = vec![root];
        while let Some(child) = waiting.pop() {
            if let Child::Split(i) = child {
                order.push(i);
                waiting.extend([self.splits[i].yes, self.splits[i].no]);
            }
        }
        order.reverse();
        order
    }

    /// Divides every weight by the number of trees, so that their sum is the average.
    pub(super) fn average(&mut self) {
        let count = self.roots.len() as f64;
        self.leaves.iter_mut().flatten().for_each(|(_, weight)| *weight = (f64::from(*weight) / count) as f32);
    }

    /// The target that all weights are for, if there is but one.
    pub(super) fn only_target(&self) -> Option<i64> {
        let mut targets = self.leaves.iter().flatten().map(|(target, _)| *target);
        let first = targets.next()?;
        targets.all(|target| target == first).then_some(first)
    }

    pub(super) fn has_negative_weight(&self) -> bool {
        self.leaves.iter().flatten().any(|(_, weight)| *weight < 0.0)
    }

    /// One weight a leaf: a tree whose leaves have several comes several times, each time without the branches that add
    /// nothing. Weights of zero are left out where the trees are summed.
    pub(super) fn flatten(mut self, summed: bool) -> Result<Flat, Fault> {
        if summed {
            self.leaves.iter_mut().for_each(|weights| weights.retain(|(_, weight)| *weight != 0.0));
        } else if self.leaves.iter().any(|weights| weights.len() != 1) {
            return Err("it takes the least or the largest of leaves that do not have one weight each; sum them".into());
        }
        let mut flat = Flat::default();
        // Weights that the fullest leaf at or below each split has.
        let mut fullest = vec![0; self.splits.len()];
        for root in self.roots.clone() {
            for i in self.post_order(root) {
                let below = [self.splits[i].yes, self.splits[i].no];
                fullest[i] = below.map(|child| self.weights_at(child, &fullest)).into_iter().max().unwrap_or(0);
            }
            // A tree that adds nothing at all still has to be there once for the least and the largest.
            for copy in 0..self.weights_at(root, &fullest).max(usize::from(!summed)) {
                self.copy(root, copy, &fullest, &mut flat)?;
            }
        }
        if flat.is_empty() {
            flat.add_root_leaf(0, 0.0)?;
        }
        Ok(flat)
    }

    fn weights_at(&self, child: Child, fullest: &[usize]) -> usize {
        match child {
            Child::Split(i) => fullest[i],
            Child::Leaf(i) => self.leaves[i].len(),
        }
    }

    /// The tree with the weight at place `copy` of each leaf.
    fn copy(&self, root: Child, copy: usize, fullest: &[usize], flat: &mut Flat) -> Result<(), Fault> {
        let weight = |leaf: usize| self.leaves[leaf].get(copy).copied().unwrap_or((0, 0.0));
        let Child::Split(root) = root else {
            let Child::Leaf(leaf) = root else { return Ok(()) };
            let (target, weight) = weight(leaf);
            return flat.add_root_leaf(target, weight);
        };
        let start = flat.begin_tree()?;
        // A split of these trees, and its place among the new ones.
        let mut waiting = vec![(root, start)];
        while let Some((i, place)) = waiting.pop() {
            let Branch { feature, value, mode, missing, yes, no } = self.splits[i];
            let mut ends = [(0_i64, false); 2];
            for (end, child) in ends.iter_mut().zip([yes, no]) {
                *end = match child {
                    Child::Split(below) if fullest[below] > copy => {
                        let place = flat.reserve()?;
                        waiting.push((below, place));
                        (place as i64, false)
                    }
                    Child::Split(_) => (flat.zero_leaf()?, true),
                    Child::Leaf(leaf) => match weight(leaf) {
                        (_, 0.0) => (flat.zero_leaf()?, true),
                        (target, weight) => (flat.leaf(target, weight)?, true),
                    },
                };
            }
            flat.set(place, Split { feature, value, mode, missing, yes: ends[0], no: ends[1] });
        }
        Ok(())
    }
}

/// A list of floats, or a tensor of doubles under the name that says so.
fn floats(node: &Node, name: &str) -> Result<Vec<f32>, Fault> {
    match node.attributes.get(&format!("{name}_as_tensor")) {
        Some(Attribute::Tensor(tensor)) => tensor.to_f32().ok_or_else(|| format!("{name} are no floats").into()),
        _ => Ok(node.floats(name).to_vec()),
    }
}
