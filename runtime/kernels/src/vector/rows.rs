//! Softmax and layer normalisation, each row by itself.

use super::lanes::{Greatest, Squares, Sum, fold};
use super::math::{exp_of_negative, fma, log};
use crate::dispatch::Kernels;

/// Rows are handled in pieces of so many elements, the last filled up.
const BLOCK: usize = 32;

/// Rows shorter than this are no work for a vector each: the exponentials of all of them are taken together, and those of
/// a single one wait for one another in nothing.
const SHORT: usize = 16;

/// Short rows are handled so many at a time, a lane each.
const TOGETHER: usize = 16;

/// Checks that x and y are the same whole rows, and tells whether there is any.
fn any_row(x: &[f32], row: usize, y: &[f32]) -> bool {
    assert_eq!(x.len(), y.len(), "x and y must be of one length");
    assert!(x.is_empty() || row > 0 && x.len().is_multiple_of(row), "x must be whole rows of {row} elements");
    !x.is_empty()
}

/// ONNX `Softmax` of each row of `row` elements: `e^(x - max)` over the sum of all. A row with NaN or positive infinity,
/// or of negative infinity alone, becomes NaN.
///
/// # Panics
/// When x is not whole rows or y is not as long.
pub fn softmax(kernels: &Kernels, x: &[f32], row: usize, y: &mut [f32]) {
    if !any_row(x, row, y) {
        return;
    }
    if row < SHORT {
        let together = x.len() - x.len() % (TOGETHER * row);
        softmax_many_short_rows(kernels.isa(), &x[..together], row, &mut y[..together]);
        softmax_short_rows(kernels.isa(), &x[together..], row, &mut y[together..]);
    } else {
        softmax_rows(kernels.isa(), x, row, y);
    }
}

vectorised! {
    fn softmax_short_rows(x: &[f32], row: usize, y: &mut [f32]) {
        for (x, y) in x.chunks_exact(row).zip(y.chunks_exact_mut(row)) {
            let mut max = f32::NEG_INFINITY;
            for x in x {
                // Once it is NaN, no comparison changes it.
                max = if *x > max || x.is_nan() { *x } else { max };
            }
            for (y, x) in y.iter_mut().zip(x) {
                *y = *x - max;
            }
        }
        for y in y.iter_mut() {
            *y = exp_of_negative::<FMA>(*y);
        }
        for y in y.chunks_exact_mut(row) {
            let mut sum = 0.0;
            for y in y.iter() {
                sum += *y;
            }
            let factor = 1.0 / sum;
            for y in y {
                *y *= factor;
            }
        }
    }
}

vectorised! {
    fn softmax_many_short_rows(x: &[f32], row: usize, y: &mut [f32]) {
        // Element by element, of all rows.
        let mut columns = [[0.0; TOGETHER]; SHORT];
        let columns = &mut columns[..row];
        for (x, y) in x.chunks_exact(TOGETHER * row).zip(y.chunks_exact_mut(TOGETHER * row)) {
            let mut max = [f32::NEG_INFINITY; TOGETHER];
            for (i, column) in columns.iter_mut().enumerate() {
                for (own, x) in column.iter_mut().zip(x[i..].iter().step_by(row)) {
                    *own = *x;
                }
                for (max, x) in max.iter_mut().zip(column) {
                    *max = if *x > *max || x.is_nan() { *x } else { *max };
                }
            }
            let mut sum = [0.0; TOGETHER];
            for column in columns.iter_mut() {
                for ((x, max), sum) in column.iter_mut().zip(max).zip(&mut sum) {
                    *x = exp_of_negative::<FMA>(*x - max);
                    *sum += *x;
                }
            }
            for sum in &mut sum {
                *sum = 1.0 / *sum;
            }
            for (i, column) in columns.iter().enumerate() {
                for ((x, factor), y) in column.iter().zip(sum).zip(y[i..].iter_mut().step_by(row)) {
                    *y = *x * factor;
                }
            }
        }
    }
}

vectorised! {
    fn softmax_rows(x: &[f32], row: usize, y: &mut [f32]) {
        for (x, y) in x.chunks_exact(row).zip(y.chunks_exact_mut(row)) {
            let sum = exponentials::<FMA>(x, fold(x, Greatest {}), y);
            let factor = 1.0 / sum;
            for y in y {
                *y *= factor;
            }
        }
    }
}

/// ONNX `LogSoftmax` of each row of `row` elements: `x - max - ln(sum of e^(x - max))`. NaN as in [`softmax`].
///
/// # Panics
/// When x is not whole rows or y is not as long.
pub fn log_softmax(kernels: &Kernels, x: &[f32], row: usize, y: &mut [f32]) {
    if any_row(x, row, y) {
        log_softmax_rows(kernels.isa(), x, row, y);
    }
}

vectorised! {
    fn log_softmax_rows(x: &[f32], row: usize, y: &mut [f32]) {
        for (x, y) in x.chunks_exact(row).zip(y.chunks_exact_mut(row)) {
            let max = fold(x, Greatest {});
            let logarithm = log::<FMA>(exponentials::<FMA>(x, max, y));
            for (x, y) in x.iter().zip(y) {
                *y = *x - max - logarithm;
            }
        }
    }
}

/// `y = e^(x - max)`; gives the sum.
#[inline(always)]
fn exponentials<const FMA: bool>(x: &[f32], max: f32, y: &mut [f32]) -> f32 {
    let (x_blocks, x_rest) = x.as_chunks::<BLOCK>();
    let (y_blocks, y_rest) = y.as_chunks_mut::<BLOCK>();
    for (x, y) in x_blocks.as_flattened().iter().zip(y_blocks.as_flattened_mut()) {
        *y = exp_of_negative::<FMA>(*x - max);
    }
    if !x_rest.is_empty() {
        let mut block = [max; BLOCK];
        block[..x_rest.len()].copy_from_slice(x_rest);
        for x in &mut block {
            *x = exp_of_negative::<FMA>(*x - max);
        }
        y_rest.copy_from_slice(&block[..x_rest.len()]);
    }
    fold(y, Sum {})
}

/// ONNX `LayerNormalization` of each row of `row` elements: `(x - mean) / sqrt(variance + epsilon) * scale + bias`. A row
/// with NaN or an infinity becomes NaN.
///
/// # Panics
/// When x is not whole rows, y is not as long, or scale and bias are not a row.
pub fn layer_norm(
    kernels: &Kernels,
    x: &[f32],
    row: usize,
    scale: &[f32],
    bias: Option<&[f32]>,
    epsilon: f32,
    y: &mut [f32],
) {
    if any_row(x, row, y) {
        assert!(scale.len() == row && bias.is_none_or(|bias| bias.len() == row), "scale and bias must be a row");
        layer_norm_rows(kernels.isa(), x, scale, bias, epsilon, y);
    }
}

vectorised! {
    fn layer_norm_rows(x: &[f32], scale: &[f32], bias: Option<&[f32]>, epsilon: f32, y: &mut [f32]) {
        let row = scale.len();
        for (x, y) in x.chunks_exact(row).zip(y.chunks_exact_mut(row)) {
            let count = row as f32;
            let mean = fold(x, Sum {}) / count;
            let variance = fold(x, Squares { mean }) / count;
            let factor = 1.0 / (variance + epsilon).sqrt();
            match bias {
                Some(bias) => {
                    for (((y, x), scale), bias) in y.iter_mut().zip(x).zip(scale).zip(bias) {
                        *y = fma::<FMA>((*x - mean) * factor, *scale, *bias);
                    }
                }
                None => {
                    for ((y, x), scale) in y.iter_mut().zip(x).zip(scale) {
                        *y = (*x - mean) * factor * *scale;
                    }
                }
            }
        }
    }
}
