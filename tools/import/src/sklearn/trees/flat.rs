//! Trees in the arrays of the normalised form: splits, and leaves of one weight each.

use dunlin_bundle::tensor::DType;

use crate::constant::Constant;
use crate::facts::Fault;
use crate::model::{Attribute, Node};

/// Most splits or leaves: a thousand trees of four thousand each, 130 MB in a bundle.
const MAX_PARTS: usize = 1 << 22;
/// Comparisons, from `<=` to `!=`.
const MODES: u8 = 6;

/// A split, and for each branch the number of the split or leaf that it leads to, and whether it is a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) feature: i64,
    pub(super) value: f32,
    pub(super) mode: u8,
    pub(super) missing: bool,
    pub(super) yes: (i64, bool),
    pub(super) no: (i64, bool),
}

/// The arrays.
#[derive(Debug, Default)]
pub(super) struct Flat {
    splits: Vec<Split>,
    leaves: Vec<(i64, f32)>,
    roots: Vec<i64>,
    /// The leaf that all branches share that add nothing.
    zero: Option<i64>,
}

const PLACE: Split = Split { feature: 0, value: 0.0, mode: 0, missing: false, yes: (0, true), no: (0, true) };

impl Flat {
    /// Reads the attributes of ONNX's newest tree op.
    pub(super) fn read(node: &Node) -> Result<Self, Fault> {
        let tensor = |name: &str| match node.attributes.get(name) {
            Some(Attribute::Tensor(tensor)) => Some(tensor),
            _ => None,
        };
        let floats =
            |name: &str| tensor(name).and_then(Constant::to_f32).ok_or_else(|| format!("{name} are no floats"));
        let (values, weights) = (floats("nodes_splits")?, floats("leaf_weights")?);
        let modes = tensor("nodes_modes").and_then(Constant::to_i64).ok_or("nodes_modes are no numbers")?;
        let lists =
            ["nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids", "nodes_falseleafs"];
        let [features, yes, yes_leaf, no, no_leaf] = lists.map(|name| node.ints(name));
        let missing = node.ints("nodes_missing_value_tracks_true");
        let count = values.len();
        let lengths = [modes.len(), features.len(), yes.len(), yes_leaf.len(), no.len(), no_leaf.len()];
        let targets = node.ints("leaf_targetids");
        let differ = lengths.iter().any(|length| *length != count) || targets.len() != weights.len();
        if differ || !(missing.is_empty() || missing.len() == count) {
            return Err("its lists of nodes or leaves differ in length".into());
        }
        let split = |i: usize| Split {
            feature: features[i],
            value: values[i],
            mode: u8::try_from(modes[i]).unwrap_or(u8::MAX),
            missing: missing.get(i).is_some_and(|m| *m != 0),
            yes: (yes[i], yes_leaf[i] != 0),
            no: (no[i], no_leaf[i] != 0),
        };
        Ok(Self {
            splits: (0..count).map(split).collect(),
            leaves: targets.iter().copied().zip(weights).collect(),
            roots: node.ints("tree_roots").to_vec(),
            zero: None,
        })
    }

    /// Refuses what leads nowhere, or round and round, and comparisons, features and targets that are not there.
    pub(super) fn check(&self, features: usize, targets: usize) -> Result<(), Fault> {
        let within = |number: i64, count: usize| usize::try_from(number).is_ok_and(|number| number < count);
        let leads = |(to, leaf): (i64, bool)| within(to, if leaf { self.leaves.len() } else { self.splits.len() });
        for (i, split) in self.splits.iter().enumerate() {
            if split.mode >= MODES {
                return Err(format!(
                    "split {i} compares in a way that cannot be imported (a set, or mode {})",
                    split.mode
                )
                .into());
            }
            if !within(split.feature, features) || !leads(split.yes) || !leads(split.no) {
                return Err(format!("split {i} asks for a feature or leads to a node that is not there").into());
            }
        }
        if targets == 0 || self.leaves.iter().any(|(target, _)| !within(*target, targets)) {
            return Err(format!("a leaf is for a target that is not among {targets}").into());
        }
        if self.roots.is_empty() || self.roots.iter().any(|root| !within(*root, self.splits.len())) {
            return Err("it has no tree, or one whose root is not there".into());
        }
        self.check_trees()
    }

    /// Each split is reached once at most.
    fn check_trees(&self) -> Result<(), Fault> {
        let mut reached = vec![false; self.splits.len()];
        let mut waiting = self.roots.clone();
        while let Some(split) = waiting.pop() {
            let place = split as usize;
            if std::mem::replace(&mut reached[place], true) {
                return Err(format!("split {split} is reached twice; it is no tree").into());
            }
            let Split { yes, no, .. } = self.splits[place];
            waiting.extend([yes, no].into_iter().filter(|(_, leaf)| !leaf).map(|(to, _)| to));
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Room for a split; where it is.
    pub(super) fn reserve(&mut self) -> Result<usize, Fault> {
        room(self.splits.len())?;
        self.splits.push(PLACE);
        Ok(self.splits.len() - 1)
    }

    /// Room for the root of a tree.
    pub(super) fn begin_tree(&mut self) -> Result<usize, Fault> {
        let root = self.reserve()?;
        self.roots.push(root as i64);
        Ok(root)
    }

    pub(super) fn set(&mut self, place: usize, split: Split) {
        self.splits[place] = split;
    }

    pub(super) fn leaf(&mut self, target: i64, weight: f32) -> Result<i64, Fault> {
        room(self.leaves.len())?;
        self.leaves.push((target, weight));
        Ok(self.leaves.len() as i64 - 1)
    }

    pub(super) fn zero_leaf(&mut self) -> Result<i64, Fault> {
        if let Some(leaf) = self.zero {
            return Ok(leaf);
        }
        let leaf = self.leaf(0, 0.0)?;
        self.zero = Some(leaf);
        Ok(leaf)
    }

    /// A tree of one leaf: whatever its split says, both branches lead there.
    pub(super) fn add_root_leaf(&mut self, target: i64, weight: f32) -> Result<(), Fault> {
        let root = self.begin_tree()?;
        let leaf = (self.leaf(target, weight)?, true);
        self.set(root, Split { yes: leaf, no: leaf, ..PLACE });
        Ok(())
    }

    /// The inputs of the op after the first, in its order, with what each holds.
    pub(super) fn arrays(&self) -> [(&'static str, Constant); 11] {
        let floats = |values: Vec<f32>| Constant::f32(&[values.len()], &values);
        let flags = |values: Vec<u8>| Constant::new(DType::U8, &[values.len()], values);
        let ints = |each: fn(&Split) -> i64| Constant::list(&self.splits.iter().map(each).collect::<Vec<_>>());
        let bytes = |each: fn(&Split) -> u8| flags(self.splits.iter().map(each).collect());
        [
            ("splits", floats(self.splits.iter().map(|split| split.value).collect())),
            ("features", ints(|split| split.feature)),
            ("modes", bytes(|split| split.mode)),
            ("missing", bytes(|split| split.missing.into())),
            ("true", ints(|split| split.yes.0)),
            ("false", ints(|split| split.no.0)),
            ("true_leafs", bytes(|split| split.yes.1.into())),
            ("false_leafs", bytes(|split| split.no.1.into())),
            ("roots", Constant::list(&self.roots)),
            ("targets", Constant::list(&self.leaves.iter().map(|(target, _)| *target).collect::<Vec<_>>())),
            ("weights", floats(self.leaves.iter().map(|(_, weight)| *weight).collect())),
        ]
    }
}

fn room(parts: usize) -> Result<(), Fault> {
    if parts < MAX_PARTS { Ok(()) } else { Err(format!("it takes more than {MAX_PARTS} splits or leaves").into()) }
}
