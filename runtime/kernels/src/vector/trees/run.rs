//! Walks the trees for each row.

use super::{Aggregate, Leaf, Next, TreeEnsemble};

impl TreeEnsemble {
    /// The aggregate of each row: x (N, features) to y (N, targets). A target that no tree speaks of is 0.
    ///
    /// # Panics
    /// When x and y are of other sizes.
    pub fn run(&self, x: &[f32], y: &mut [f32]) {
        let rows = y.len() / self.targets;
        assert_eq!(y.len(), rows * self.targets, "y must be rows of {} targets", self.targets);
        assert_eq!(
            Some(x.len()),
            rows.checked_mul(self.features),
            "x must be {rows} rows of {} features",
            self.features
        );
        for (row, y) in y.chunks_exact_mut(self.targets).enumerate() {
            self.run_row(&x[row * self.features..][..self.features], y);
        }
    }

    fn run_row(&self, x: &[f32], y: &mut [f32]) {
        match self.aggregate {
            Aggregate::Sum | Aggregate::Average => {
                y.fill(0.0);
                self.leaves_of(x).for_each(|leaf| y[leaf.target as usize] += leaf.weight);
            }
            Aggregate::Min => self.select(x, y, |weight, least| weight < least),
            Aggregate::Max => self.select(x, y, |weight, greatest| weight > greatest),
        }
        if self.aggregate == Aggregate::Average {
            y.iter_mut().for_each(|y| *y /= self.roots.len().max(1) as f32);
        }
    }

    /// Keeps of each target's weights the one that is preferred to the others.
    fn select(&self, x: &[f32], y: &mut [f32], is_preferred: impl Fn(f32, f32) -> bool) {
        // NaN stands for no weight so far; weights are finite.
        y.fill(f32::NAN);
        for leaf in self.leaves_of(x) {
            let y = &mut y[leaf.target as usize];
            if y.is_nan() || is_preferred(leaf.weight, *y) {
                *y = leaf.weight;
            }
        }
        y.iter_mut().filter(|y| y.is_nan()).for_each(|y| *y = 0.0);
    }

    /// The leaf of each tree.
    fn leaves_of(&self, x: &[f32]) -> impl Iterator<Item = Leaf> {
        self.roots.iter().map(move |root| {
            let mut at = Next(*root);
            loop {
                match at.node() {
                    Ok(node) => {
                        let node = &self.nodes[node];
                        let x = x[node.feature as usize];
                        let next = node.next[usize::from((node.low <= x) & (x <= node.high))];
                        at = if x.is_nan() { node.missing } else { next };
                    }
                    Err(leaf) => return self.leaves[leaf],
                }
            }
        })
    }
}
