//! Plain forms of what has no kernel of its own yet: each goes when its kernel comes, which takes its name.

#![allow(missing_docs, unused)]
use crate::{Kernels, Plain};
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduce {
    Sum,
    Mean,
    Max,
    Min,
    Prod,
    L1,
    L2,
    SumSquare,
    LogSum,
    LogSumExp,
}
pub fn softmax(k: &Kernels, x: &[f32], row: usize, y: &mut [f32]) {
    for (x, y) in x.chunks(row).zip(y.chunks_mut(row)) {
        let m = x.iter().fold(f32::MIN, |m, v| m.max(*v));
        let s: f32 = x.iter().map(|v| (v - m).exp()).sum();
        for (a, y) in x.iter().zip(y) {
            *y = (a - m).exp() / s;
        }
    }
}
pub fn log_softmax(k: &Kernels, x: &[f32], row: usize, y: &mut [f32]) {
    for (x, y) in x.chunks(row).zip(y.chunks_mut(row)) {
        let m = x.iter().fold(f32::MIN, |m, v| m.max(*v));
        let s: f32 = x.iter().map(|v| (v - m).exp()).sum();
        for (a, y) in x.iter().zip(y) {
            *y = a - m - s.ln();
        }
    }
}
pub fn layer_norm(k: &Kernels, x: &[f32], row: usize, s: &[f32], b: Option<&[f32]>, e: f32, y: &mut [f32]) {
    for (x, y) in x.chunks(row).zip(y.chunks_mut(row)) {
        let n = row as f32;
        let m = x.iter().sum::<f32>() / n;
        let v = x.iter().map(|a| (a - m) * (a - m)).sum::<f32>() / n;
        for i in 0..row {
            y[i] = (x[i] - m) / (v + e).sqrt() * s[i] + b.map_or(0.0, |b| b[i]);
        }
    }
}
pub fn reduce(k: &Kernels, op: Reduce, x: &[f32], o: usize, l: usize, i: usize, y: &mut [f32]) {
    for a in 0..o {
        for c in 0..i {
            let v: Vec<f64> = (0..l).map(|j| x[(a * l + j) * i + c] as f64).collect();
            let sum: f64 = v.iter().sum();
            y[a * i + c] = (match op {
                Reduce::Sum => sum,
                Reduce::Mean => sum / l as f64,
                Reduce::Max => v.iter().fold(f64::MIN, |a, b| a.max(*b)),
                Reduce::Min => v.iter().fold(f64::MAX, |a, b| a.min(*b)),
                Reduce::Prod => v.iter().product(),
                Reduce::L1 => v.iter().map(|a| a.abs()).sum(),
                Reduce::L2 => v.iter().map(|a| a * a).sum::<f64>().sqrt(),
                Reduce::SumSquare => v.iter().map(|a| a * a).sum(),
                Reduce::LogSum => sum.ln(),
                Reduce::LogSumExp => v.iter().map(|a| a.exp()).sum::<f64>().ln(),
            }) as f32;
        }
    }
}
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
