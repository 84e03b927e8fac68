//! Checks the arrays of a tree ensemble.

use super::{Aggregate, Leaf, Next, Node, Trees};

/// Why a tree ensemble is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Arrays of one kind differ in length.
    #[error("{array} has {found} entries, but there are {wanted} {kind}")]
    Length {
        /// The array.
        array: &'static str,
        /// Its length.
        found: usize,
        /// The length of the others.
        wanted: usize,
        /// Nodes or leaves.
        kind: &'static str,
    },
    /// An index past the end of what it is an index of.
    #[error("{of} {at}: {what} {index} is not below {end}")]
    Index {
        /// A node, leaf or root.
        of: &'static str,
        /// Which.
        at: usize,
        /// What the index stands for.
        what: &'static str,
        /// The index.
        index: i64,
        /// How many there are.
        end: usize,
    },
    /// A comparison that is not known.
    #[error("node {node}: mode {mode} is not known; there are 0 (<=) to 5 (!=)")]
    Mode {
        /// The node.
        node: usize,
        /// Its mode.
        mode: u8,
    },
    /// A split that nothing can be compared with.
    #[error("node {node}: its split is NaN")]
    Split {
        /// The node.
        node: usize,
    },
    /// A path that never leads to a leaf.
    #[error("node {node}: a path from it leads back to it")]
    Cycle {
        /// The node.
        node: usize,
    },
    /// A weight that would spoil every result.
    #[error("leaf {leaf}: its weight is not finite")]
    Weight {
        /// The leaf.
        leaf: usize,
    },
    /// A result without columns.
    #[error("there must be at least one target")]
    Targets,
    /// An aggregate that is not known.
    #[error("aggregate function {aggregate} is not known; there are 0 (average) to 3 (max)")]
    Aggregate {
        /// Its number.
        aggregate: u8,
    },
    /// More nodes, leaves, features or targets than indices can tell apart.
    #[error("{count} {what} are too many; the limit is 2^31 - 1")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        count: usize,
    },
}

/// What the checks give.
pub(super) struct Checked {
    pub(super) nodes: Vec<Node>,
    pub(super) roots: Vec<u32>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) aggregate: Aggregate,
}

pub(super) fn check(trees: &Trees<'_>) -> Result<Checked, TreeError> {
    check_sizes(trees)?;
    let aggregate = match trees.aggregate {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        aggregate => return Err(TreeError::Aggregate { aggregate }),
    };
    let nodes = (0..trees.splits.len()).map(|at| node(trees, at)).collect::<Result<Vec<_>, _>>()?;
    let roots = trees.roots.iter().enumerate();
    let roots = roots.map(|(at, root)| index(*root, nodes.len(), "root", at, "node")).collect::<Result<_, _>>()?;
    let leaves = (0..trees.leaf_weights.len()).map(|at| leaf(trees, at)).collect::<Result<_, _>>()?;
    check_paths(&nodes)?;
    Ok(Checked { nodes, roots, leaves, aggregate })
}

fn check_sizes(trees: &Trees<'_>) -> Result<(), TreeError> {
    let (nodes, leaves) = (trees.splits.len(), trees.leaf_weights.len());
    let missing = if trees.missing_tracks_true.is_empty() { nodes } else { trees.missing_tracks_true.len() };
    let lengths = [
        ("feature_ids", trees.feature_ids.len(), nodes, "nodes"),
        ("modes", trees.modes.len(), nodes, "nodes"),
        ("missing_tracks_true", missing, nodes, "nodes"),
        ("true_ids", trees.true_ids.len(), nodes, "nodes"),
        ("false_ids", trees.false_ids.len(), nodes, "nodes"),
        ("true_leafs", trees.true_leafs.len(), nodes, "nodes"),
        ("false_leafs", trees.false_leafs.len(), nodes, "nodes"),
        ("leaf_targets", trees.leaf_targets.len(), leaves, "leaves"),
    ];
    for (array, found, wanted, kind) in lengths {
        if found != wanted {
            return Err(TreeError::Length { array, found, wanted, kind });
        }
    }
    let counts = [("nodes", nodes), ("leaves", leaves), ("features", trees.features), ("targets", trees.targets)];
    match counts.into_iter().find(|(_, count)| *count >= Next::LEAF as usize) {
        Some((what, count)) => Err(TreeError::TooMany { what, count }),
        None if trees.targets == 0 => Err(TreeError::Targets),
        None => Ok(()),
    }
}

/// An index below `end`, which is below 2^31.
fn index(index: i64, end: usize, of: &'static str, at: usize, what: &'static str) -> Result<u32, TreeError> {
    let found = u32::try_from(index).ok().filter(|index| (*index as usize) < end);
    found.ok_or(TreeError::Index { of, at, what, index, end })
}

fn leaf(trees: &Trees<'_>, at: usize) -> Result<Leaf, TreeError> {
    let weight = trees.leaf_weights[at];
    if !weight.is_finite() {
        return Err(TreeError::Weight { leaf: at });
    }
    Ok(Leaf { target: index(trees.leaf_targets[at], trees.targets, "leaf", at, "target")?, weight })
}

fn node(trees: &Trees<'_>, at: usize) -> Result<Node, TreeError> {
    let split = trees.splits[at];
    if split.is_nan() {
        return Err(TreeError::Split { node: at });
    }
    let child = |id: i64, is_leaf: u8| match is_leaf {
        0 => index(id, trees.splits.len(), "node", at, "child node").map(Next),
        _ => index(id, trees.leaf_weights.len(), "node", at, "leaf").map(|leaf| Next(leaf | Next::LEAF)),
    };
    let holds = child(trees.true_ids[at], trees.true_leafs[at])?;
    let fails = child(trees.false_ids[at], trees.false_leafs[at])?;
    let mode = trees.modes[at];
    let (low, high) = match mode {
        0 | 3 => (f32::NEG_INFINITY, split),
        // Nothing is below negative infinity.
        1 | 2 if split == f32::NEG_INFINITY => (f32::INFINITY, f32::NEG_INFINITY),
        1 | 2 => (f32::NEG_INFINITY, split.next_down()),
        4 | 5 => (split, split),
        mode => return Err(TreeError::Mode { node: at, mode }),
    };
    // `>=`, `>` and `!=` hold outside of the bounds.
    let next = if matches!(mode, 2 | 3 | 5) { [holds, fails] } else { [fails, holds] };
    let tracks_true = trees.missing_tracks_true.get(at).is_some_and(|tracks| *tracks != 0);
    let missing = if tracks_true || mode == 5 { holds } else { fails };
    let feature = index(trees.feature_ids[at], trees.features, "node", at, "feature")?;
    Ok(Node { low, high, feature, next, missing })
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    No,
    /// On the path that is being followed.
    OnPath,
    /// No path from it leads back.
    Done,
}

/// Checks that no path from a node leads back to it, so that each ends in a leaf.
fn check_paths(nodes: &[Node]) -> Result<(), TreeError> {
    let mut seen = vec![Seen::No; nodes.len()];
    let mut path = vec![];
    for start in 0..nodes.len() {
        path.push(start);
        while let Some(node) = path.last().copied() {
            if seen[node] != Seen::No {
                seen[node] = Seen::Done;
                path.pop();
                continue;
            }
            seen[node] = Seen::OnPath;
            for child in nodes[node].next.into_iter().filter_map(|next| next.node().ok()) {
                match seen[child] {
                    Seen::No => path.push(child),
                    Seen::OnPath => return Err(TreeError::Cycle { node: child }),
                    Seen::Done => {}
                }
            }
        }
    }
    Ok(())
}
