//! Plain forms of what has no kernel of its own yet: each goes when its kernel comes, which takes its name.

#![allow(missing_docs, unused)]
use crate::Plain;
pub fn copy_strided<T: Plain>(x: &[T], xs: &[isize], s: usize, shape: &[usize], y: &mut [T], ys: usize, yst: &[isize]) {
    fn go<T: Plain>(d: usize, x: &[T], xs: &[isize], a: isize, sh: &[usize], y: &mut [T], b: isize, ys: &[isize]) {
        if d == sh.len() {
            y[b as usize] = x[a as usize];
            return;
        }
        for i in 0..sh[d] {
            go(d + 1, x, xs, a + i as isize * xs[d], sh, y, b + i as isize * ys[d], ys);
        }
    }
    go(0, x, xs, s as isize, shape, y, ys as isize, yst);
}
pub fn fill_border<T: Plain>(x: &mut [T], h: usize, w: usize, c: usize, b: Border, v: T) {
    let (hh, ww) = (h + b.top + b.bottom, w + b.left + b.right);
    for i in 0..hh {
        for j in 0..ww {
            if i < b.top || i >= b.top + h || j < b.left || j >= b.left + w {
                x[(i * ww + j) * c..][..c].fill(v);
            }
        }
    }
}
#[derive(Clone, Copy, Debug)]
pub struct Border {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}
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
