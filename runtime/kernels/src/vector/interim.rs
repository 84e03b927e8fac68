//! Plain forms of what has no kernel of its own yet: each goes when its kernel comes, which takes its name.

#![allow(missing_docs, unused)]
#[derive(Debug)]
pub struct TreeEnsemble;
pub struct Trees<'a> {
    pub features: usize,
    pub splits: &'a [f32],
    pub feature_ids: &'a [i64],
    pub modes: &'a [u8],
    pub missing_tracks_true: &'a [u8],
    pub true_ids: &'a [i64],
    pub false_ids: &'a [i64],
    pub true_leafs: &'a [u8],
    pub false_leafs: &'a [u8],
    pub roots: &'a [i64],
    pub leaf_targets: &'a [i64],
    pub leaf_weights: &'a [f32],
    pub targets: usize,
    pub aggregate: u8,
}
impl TreeEnsemble {
    pub fn new(t: &Trees<'_>) -> Result<Self, String> {
        todo!()
    }
    pub fn run(&self, x: &[f32], y: &mut [f32]) {}
}
