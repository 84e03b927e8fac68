//! Reductions of one dimension.

use super::lanes::{Absolutes, Fold, Greatest, Max, Min, Product, Squares, Sum, fold, fold_window};
use super::math::{exp, log};
use super::window::Window;
use crate::dispatch::Kernels;

/// What a dimension is reduced to, by the name of its ONNX op without `Reduce`. NaN among the elements gives NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// The sum; of nothing, 0.
    Sum,
    /// The sum over the count; of nothing, NaN.
    Mean,
    /// The greatest; of nothing, negative infinity.
    Max,
    /// The least; of nothing, infinity.
    Min,
    /// The product; of nothing, 1.
    Prod,
    /// The sum of absolute values.
    L1,
    /// The root of the sum of squares.
    L2,
    /// The sum of squares.
    SumSquare,
    /// The logarithm of the sum.
    LogSum,
    /// The logarithm of the sum of exponentials, which do not overflow on the way.
    LogSumExp,
}

/// Reduces x `[outer, len, inner]` to y `[outer, inner]`.
///
/// # Panics
/// When x or y is of another size.
pub fn reduce(kernels: &Kernels, op: Reduce, x: &[f32], outer: usize, len: usize, inner: usize, y: &mut [f32]) {
    let results = outer.checked_mul(inner);
    assert_eq!(results, Some(y.len()), "y must be [{outer}, {inner}]");
    assert_eq!(results.and_then(|n| n.checked_mul(len)), Some(x.len()), "x must be [{outer}, {len}, {inner}]");
    if y.is_empty() {
        return;
    }
    let (isa, size) = (kernels.isa(), Size { len, inner });
    match op {
        Reduce::Sum | Reduce::Mean | Reduce::LogSum => reduce_all(isa, x, size, y, Sum {}),
        Reduce::Max => reduce_all(isa, x, size, y, Max {}),
        Reduce::Min => reduce_all(isa, x, size, y, Min {}),
        Reduce::Prod => reduce_all(isa, x, size, y, Product {}),
        Reduce::L1 => reduce_all(isa, x, size, y, Absolutes {}),
        Reduce::L2 | Reduce::SumSquare => reduce_all(isa, x, size, y, Squares { mean: 0.0 }),
        Reduce::LogSumExp => log_sum_exp(isa, x, size, y),
    }
    finish(op, len, y);
}

/// What is done to the result of a fold.
fn finish(op: Reduce, len: usize, y: &mut [f32]) {
    match op {
        Reduce::Mean => y.iter_mut().for_each(|y| *y /= len as f32),
        Reduce::L2 => y.iter_mut().for_each(|y| *y = y.sqrt()),
        Reduce::LogSum => y.iter_mut().for_each(|y| *y = log::<false>(*y)),
        _ => {}
    }
}

/// Exponentials that are taken at once.
const BLOCK: usize = 64;

/// Of what is reduced.
#[derive(Clone, Copy)]
struct Size {
    len: usize,
    inner: usize,
}

vectorised! {
    fn reduce_all<F: Fold>(x: &[f32], size: Size, y: &mut [f32], f: F) {
        let Size { len, inner } = size;
        let columns = Window { start: 0, rows: 1, row_step: 0, cols: len, col_step: inner, padded: len };
        let mut x = x;
        for y in y.chunks_exact_mut(inner) {
            let (own, rest) = x.split_at(len.wrapping_mul(inner));
            x = rest;
            match y {
                [y] => *y = fold(own, f),
                _ if own.is_empty() => y.fill(F::START),
                _ => fold_window(own, &columns, y, f),
            }
        }
    }
}

vectorised! {
    fn log_sum_exp(x: &[f32], size: Size, y: &mut [f32]) {
        let Size { len, inner } = size;
        for (i, y) in y.iter_mut().enumerate() {
            let mut elements = x.iter().skip(i / inner * len * inner + i % inner).step_by(inner).take(len);
            let shift = finite(elements.clone().fold(f32::NEG_INFINITY, |max, x| Greatest {}.add(max, *x)));
            let mut sum = 0.0;
            while elements.len() > 0 {
                let mut block = [f32::NEG_INFINITY; BLOCK];
                for (to, x) in block.iter_mut().zip(&mut elements) {
                    *to = *x;
                }
                for x in &mut block {
                    *x = exp::<FMA>(*x - shift);
                }
                sum += fold(&block, Sum {});
            }
            *y = shift + log::<FMA>(sum);
        }
    }
}

/// What is taken from exponents: nothing where that is infinite, since the difference of infinities is NaN.
#[inline(always)]
fn finite(max: f32) -> f32 {
    if max.is_finite() { max } else { 0.0 }
}
