//! Ensembles of trees, against a walk over the arrays that follows ONNX word by word.

use dunlin_kernels::vector::{TreeEnsemble, TreeError, Trees};
use proptest::prelude::*;

/// Owned arrays.
#[derive(Clone, Debug)]
struct Arrays {
    features: usize,
    splits: Vec<f32>,
    feature_ids: Vec<i64>,
    modes: Vec<u8>,
    missing: Vec<u8>,
    /// The true and the false child of each node, and whether each is a leaf.
    children: [Vec<i64>; 2],
    leafs: [Vec<u8>; 2],
    roots: Vec<i64>,
    leaf_targets: Vec<i64>,
    leaf_weights: Vec<f32>,
    targets: usize,
    aggregate: u8,
}

impl Arrays {
    fn trees(&self) -> Trees<'_> {
        Trees {
            features: self.features,
            splits: &self.splits,
            feature_ids: &self.feature_ids,
            modes: &self.modes,
            missing_tracks_true: &self.missing,
            true_ids: &self.children[0],
            false_ids: &self.children[1],
            true_leafs: &self.leafs[0],
            false_leafs: &self.leafs[1],
            roots: &self.roots,
            leaf_targets: &self.leaf_targets,
            leaf_weights: &self.leaf_weights,
            targets: self.targets,
            aggregate: self.aggregate,
        }
    }

    fn refusal(&self) -> TreeError {
        TreeEnsemble::new(&self.trees()).expect_err("it has a fault")
    }

    /// The leaf that a row reaches from a root.
    fn walk(&self, root: i64, x: &[f32]) -> usize {
        let mut node = root as usize;
        loop {
            let (value, split) = (x[self.feature_ids[node] as usize], self.splits[node]);
            let holds = match self.modes[node] {
                0 => value <= split,
                1 => value < split,
                2 => value >= split,
                3 => value > split,
                4 => value == split,
                _ => value != split,
            };
            let tracks = value.is_nan() && self.missing.get(node).is_some_and(|tracks| *tracks != 0);
            let branch = usize::from(!(holds || tracks));
            let child = self.children[branch][node] as usize;
            if self.leafs[branch][node] != 0 {
                return child;
            }
            node = child;
        }
    }

    fn oracle(&self, x: &[f32]) -> Vec<f32> {
        let leaves: Vec<usize> = self.roots.iter().map(|root| self.walk(*root, x)).collect();
        let result = |target: usize| {
            let own = leaves.iter().filter(|leaf| self.leaf_targets[**leaf] as usize == target);
            let weights: Vec<f32> = own.map(|leaf| self.leaf_weights[*leaf]).collect();
            match self.aggregate {
                0 => weights.iter().sum::<f32>() / self.roots.len() as f32,
                1 => weights.iter().sum(),
                2 => weights.iter().copied().reduce(f32::min).unwrap_or(0.0),
                _ => weights.iter().copied().reduce(f32::max).unwrap_or(0.0),
            }
        };
        (0..self.targets).map(result).collect()
    }
}

/// What X and splits are made of, so that they often are equal.
const VALUES: [f32; 9] = [-1.0, -0.0, 0.0, 1e-45, 1.0, 2.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];

/// Nodes lead only to later nodes or to leaves, so there is no cycle.
fn ensembles() -> impl Strategy<Value = Arrays> {
    (1_usize..12, 1_usize..8, 1_usize..4, 1_usize..4).prop_flat_map(|(nodes, leaves, features, targets)| {
        let number = |end: usize, count: usize| prop::collection::vec(0..end as i64, count);
        let child = move || {
            let one = move |node: usize| {
                let leaf = (0..leaves as i64, Just(1_u8));
                let later = node + 1..nodes.max(node + 2);
                let inner = (later.prop_map(|node| node as i64), Just(0_u8));
                if node + 1 < nodes { prop_oneof![leaf, inner].boxed() } else { leaf.boxed() }
            };
            (0..nodes).map(one).collect::<Vec<_>>()
        };
        let weights = prop::collection::vec((-8_i8..8).prop_map(|w| f32::from(w) * 0.25), leaves);
        let split = prop::sample::select(VALUES[..8].to_vec());
        (
            prop::collection::vec((split, 0..features as i64, 0_u8..6, 0_u8..2), nodes),
            (child(), child()),
            number(nodes, 3),
            number(targets, leaves),
            weights,
            0_u8..4,
            any::<bool>(),
        )
            .prop_map(move |(parts, (yes, no), roots, leaf_targets, leaf_weights, aggregate, tracks)| {
                let (yes, yes_leafs) = yes.into_iter().unzip();
                let (no, no_leafs) = no.into_iter().unzip();
                Arrays {
                    features,
                    splits: parts.iter().map(|part| part.0).collect(),
                    feature_ids: parts.iter().map(|part| part.1).collect(),
                    modes: parts.iter().map(|part| part.2).collect(),
                    missing: parts.iter().filter(|_| tracks).map(|part| part.3).collect(),
                    children: [yes, no],
                    leafs: [yes_leafs, no_leafs],
                    roots,
                    leaf_targets,
                    leaf_weights,
                    targets,
                    aggregate,
                }
            })
    })
}

proptest! {
    #[test]
    fn every_row_gets_the_leaves_that_onnx_says(
        arrays in ensembles(),
        x in prop::collection::vec(prop::sample::select(VALUES.to_vec()), 30),
    ) {
        let trees = TreeEnsemble::new(&arrays.trees()).unwrap();
        let rows = 30 / arrays.features;
        let x = &x[..rows * arrays.features];
        let mut y = vec![f32::NAN; rows * arrays.targets];
        trees.run(x, &mut y);
        let wanted: Vec<f32> = x.chunks(arrays.features).flat_map(|x| arrays.oracle(x)).collect();
        prop_assert_eq!(y, wanted);
    }

    #[test]
    fn no_array_of_numbers_makes_it_panic(arrays in ensembles(), at: prop::sample::Index, which in 0..8, number: i64) {
        let mut arrays = arrays;
        let node = at.index(arrays.splits.len());
        match which {
            0 => arrays.feature_ids[node] = number,
            1 => arrays.children[0][node] = number % 16,
            2 => arrays.children[1][node] = number % 16,
            3 => arrays.leafs[0][node] ^= 1,
            4 => arrays.modes[node] = number as u8,
            5 => arrays.roots[0] = number % 16,
            6 => arrays.splits[node] = f32::from_bits(number as u32),
            _ => arrays.leaf_targets.push(number % 16),
        }
        if let Ok(trees) = TreeEnsemble::new(&arrays.trees()) {
            let mut y = vec![0.0; arrays.targets];
            trees.run(&vec![0.5; arrays.features], &mut y);
        }
    }
}

/// One node with two leaves.
fn stump() -> Arrays {
    Arrays {
        features: 2,
        splits: vec![0.5],
        feature_ids: vec![1],
        modes: vec![0],
        missing: vec![],
        children: [vec![0], vec![1]],
        leafs: [vec![1], vec![1]],
        roots: vec![0],
        leaf_targets: vec![0, 0],
        leaf_weights: vec![1.0, -1.0],
        targets: 1,
        aggregate: 1,
    }
}

#[test]
fn nan_goes_where_it_is_told_to() {
    let mut arrays = stump();
    for (missing, wanted) in [(vec![], -1.0), (vec![0], -1.0), (vec![1], 1.0)] {
        arrays.missing = missing;
        let trees = TreeEnsemble::new(&arrays.trees()).unwrap();
        let mut y = [0.0; 2];
        trees.run(&[9.0, f32::NAN, f32::NAN, 0.5], &mut y);
        assert_eq!((trees.nodes(), y), (1, [wanted, 1.0]));
    }
}

#[test]
fn a_fault_is_refused_by_the_name_of_its_node() {
    let refused = |change: &dyn Fn(&mut Arrays)| {
        let mut arrays = stump();
        change(&mut arrays);
        arrays.refusal().to_string()
    };
    assert_eq!(refused(&|a| a.feature_ids[0] = 2), "node 0: feature 2 is not below 2");
    assert_eq!(refused(&|a| a.children[0][0] = -1), "node 0: leaf -1 is not below 2");
    assert_eq!(refused(&|a| a.leafs[1][0] = 0), "node 0: child node 1 is not below 1");
    assert_eq!(refused(&|a| a.leafs[0][0] = 0), "node 0: a path from it leads back to it");
    assert_eq!(refused(&|a| a.modes[0] = 6), "node 0: mode 6 is not known; there are 0 (<=) to 5 (!=)");
    assert_eq!(refused(&|a| a.splits[0] = f32::NAN), "node 0: its split is NaN");
    assert_eq!(refused(&|a| a.roots[0] = 7), "root 0: node 7 is not below 1");
    assert_eq!(refused(&|a| a.leaf_targets[1] = 1), "leaf 1: target 1 is not below 1");
    assert_eq!(refused(&|a| a.leaf_weights[1] = f32::INFINITY), "leaf 1: its weight is not finite");
    assert_eq!(refused(&|a| a.modes.clear()), "modes has 0 entries, but there are 1 nodes");
    assert_eq!(refused(&|a| a.aggregate = 4), "aggregate function 4 is not known; there are 0 (average) to 3 (max)");
    assert_eq!(refused(&|a| a.targets = 0), "there must be at least one target");
    assert_eq!(refused(&|a| a.features = 1 << 31), "2147483648 features are too many; the limit is 2^31 - 1");
}

#[test]
fn a_long_cycle_is_found_and_a_long_tree_is_not_one() {
    let count = 100_000;
    let mut arrays = stump();
    let repeat = |value: i64| vec![value; count];
    arrays.splits = vec![0.5; count];
    arrays.feature_ids = repeat(0);
    arrays.modes = vec![0; count];
    arrays.children = [repeat(0), (1..=count as i64).collect()];
    arrays.leafs = [vec![1; count], vec![0; count]];
    arrays.leafs[1][count - 1] = 1;
    arrays.children[1][count - 1] = 1;
    let trees = TreeEnsemble::new(&arrays.trees()).unwrap();
    let mut y = [0.0];
    trees.run(&[1.0, 0.0], &mut y);
    assert_eq!(y, [-1.0]);
    arrays.leafs[1][count - 1] = 0;
    assert_eq!(arrays.refusal(), TreeError::Cycle { node: 1 });
}
