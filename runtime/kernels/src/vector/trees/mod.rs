//! Ensembles of decision trees: ONNX `TreeEnsemble` of ai.onnx.ml, checked once and then run without allocation.

mod check;
mod run;

use check::Checked;
pub use check::TreeError;

/// The arrays of a tree ensemble, by their ONNX attributes. All of the nodes' arrays have one length; so have those of the
/// leaves.
#[derive(Clone, Copy, Debug)]
pub struct Trees<'a> {
    /// Columns of X.
    pub features: usize,
    /// `nodes_splits`: what a feature is compared with.
    pub splits: &'a [f32],
    /// `nodes_featureids`.
    pub feature_ids: &'a [i64],
    /// `nodes_modes`: the comparison; 0 is `x <= split`, 1 `<`, 2 `>=`, 3 `>`, 4 `==`, 5 `!=`.
    pub modes: &'a [u8],
    /// `nodes_missing_value_tracks_true`; where it is not 0, NaN goes to the true child. Empty is all 0: NaN then fails every
    /// comparison but `!=`.
    pub missing_tracks_true: &'a [u8],
    /// `nodes_truenodeids`: where to go when the comparison holds, a node or a leaf.
    pub true_ids: &'a [i64],
    /// `nodes_falsenodeids`.
    pub false_ids: &'a [i64],
    /// `nodes_trueleafs`: whether the true child is a leaf.
    pub true_leafs: &'a [u8],
    /// `nodes_falseleafs`.
    pub false_leafs: &'a [u8],
    /// `tree_roots`.
    pub roots: &'a [i64],
    /// `leaf_targetids`.
    pub leaf_targets: &'a [i64],
    /// `leaf_weights`.
    pub leaf_weights: &'a [f32],
    /// `n_targets`: columns of the result.
    pub targets: usize,
    /// `aggregate_function`: 0 is the average, 1 the sum, 2 the least, 3 the greatest of the trees' weights.
    pub aggregate: u8,
}

/// Trees whose every index was checked, and of which every path leads to a leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeEnsemble {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    leaves: Vec<Leaf>,
    features: usize,
    targets: usize,
    aggregate: Aggregate,
}

/// A node. Every comparison is whether a feature lies within bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    low: f32,
    high: f32,
    feature: u32,
    /// Where to go outside of the bounds and within.
    next: [Next; 2],
    /// Where NaN goes.
    missing: Next,
}

/// The index of a node, or that of a leaf with its highest bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Next(u32);

impl Next {
    const LEAF: u32 = 1 << 31;

    /// The index of a node, or else of a leaf.
    #[inline(always)]
    fn node(self) -> Result<usize, usize> {
        if self.0 & Self::LEAF == 0 { Ok(self.0 as usize) } else { Err((self.0 & !Self::LEAF) as usize) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Leaf {
    target: u32,
    weight: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Average,
    Sum,
    Min,
    Max,
}

impl TreeEnsemble {
    /// Checks the arrays and takes them over.
    ///
    /// # Errors
    /// [`TreeError`], naming the node, leaf or array: lengths that disagree, an index out of range, an unknown mode or
    /// aggregate, a split that is NaN, a weight that is not finite, or a path that never leads to a leaf.
    pub fn new(trees: &Trees<'_>) -> Result<Self, TreeError> {
        let Checked { nodes, roots, leaves, aggregate } = check::check(trees)?;
        Ok(Self { nodes, roots, leaves, features: trees.features, targets: trees.targets, aggregate })
    }

    /// Nodes of all trees.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }
}
