//! Rows and reductions, against f64.

use dunlin_kernels::vector::{Reduce, layer_norm, log_softmax, reduce, softmax};
use proptest::prelude::*;

use crate::{assert_close, on_each};

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

/// The greatest, NaN where one is.
fn greatest(x: &[f64]) -> f64 {
    x.iter().fold(f64::NEG_INFINITY, |max, x| if x.is_nan() || max.is_nan() { f64::NAN } else { max.max(*x) })
}

fn check_softmax(x: &[f32], row: usize) {
    on_each(|kernels| {
        let (mut y, mut log) = (vec![7.0; x.len()], vec![7.0; x.len()]);
        softmax(kernels, x, row, &mut y);
        log_softmax(kernels, x, row, &mut log);
        for (i, row) in x.chunks(row.max(1)).enumerate() {
            let x = wide(row);
            let max = greatest(&x);
            let sum: f64 = x.iter().map(|x| (x - max).exp()).sum();
            for (j, x) in x.iter().enumerate() {
                let at = i * row.len() + j;
                let what = || format!("{} softmax of {row:?}", kernels.isa());
                // The difference is rounded before the exponential is taken.
                let relative = 1e-6 + 6e-8 * (x - max).abs().min(100.0);
                assert_close(y[at], (x - max).exp() / sum, relative, 2e-38, what);
                assert_close(log[at], x - max - sum.ln(), 5e-7, 1e-6, what);
            }
        }
    });
}

fn check_layer_norm(x: &[f32], row: usize, scale: &[f32], bias: Option<&[f32]>, epsilon: f32) {
    on_each(|kernels| {
        let mut y = vec![7.0; x.len()];
        layer_norm(kernels, x, row, scale, bias, epsilon, &mut y);
        for (i, row) in x.chunks(row).enumerate() {
            let x = wide(row);
            let count = x.len() as f64;
            let mean = x.iter().sum::<f64>() / count;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let factor = 1.0 / (variance + f64::from(epsilon)).sqrt();
            // The mean is rounded; what that changes grows as the variance shrinks.
            let absolute = 3e-6 + 3e-7 * factor * x.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
            for (j, x) in x.iter().enumerate() {
                let wanted = (x - mean) * factor * f64::from(scale[j]) + bias.map_or(0.0, |bias| f64::from(bias[j]));
                let what = || format!("{} {row:?}", kernels.isa());
                assert_close(y[i * row.len() + j], wanted, 2e-6, absolute * f64::from(scale[j].abs()) + 1e-6, what);
            }
        }
    });
}

const REDUCTIONS: [Reduce; 10] = [
    Reduce::Sum,
    Reduce::Mean,
    Reduce::Max,
    Reduce::Min,
    Reduce::Prod,
    Reduce::L1,
    Reduce::L2,
    Reduce::SumSquare,
    Reduce::LogSum,
    Reduce::LogSumExp,
];

/// The result, and by how much rounding may change it.
fn reduced(op: Reduce, x: &[f64]) -> (f64, f64) {
    let sum = |f: fn(f64) -> f64| x.iter().map(|x| f(*x)).sum::<f64>();
    let (plain, absolutes, squares) = (sum(|x| x), sum(f64::abs), sum(|x| x * x));
    let rounding = 1e-6 * absolutes;
    let negated: Vec<f64> = x.iter().map(|x| -x).collect();
    match op {
        Reduce::Sum => (plain, rounding),
        Reduce::Mean => (plain / x.len() as f64, rounding / x.len() as f64),
        Reduce::Max => (greatest(x), 0.0),
        Reduce::Min => (-greatest(&negated), 0.0),
        Reduce::Prod => (x.iter().product(), 0.0),
        Reduce::L1 => (absolutes, 0.0),
        Reduce::L2 => (squares.sqrt(), 0.0),
        Reduce::SumSquare => (squares, 0.0),
        Reduce::LogSum => (plain.ln(), rounding / plain.abs() + 1e-7),
        Reduce::LogSumExp => {
            let max = greatest(x);
            let shift = if max.is_infinite() { 0.0 } else { max };
            (shift + x.iter().map(|x| (x - shift).exp()).sum::<f64>().ln(), 1e-6)
        }
    }
}

fn check_reduce(x: &[f32], outer: usize, len: usize, inner: usize) {
    let wide = wide(x);
    on_each(|kernels| {
        for op in REDUCTIONS {
            let mut y = vec![7.0; outer * inner];
            reduce(kernels, op, x, outer, len, inner, &mut y);
            for (i, y) in y.iter().enumerate() {
                let at = |l: usize| (i / inner * len + l) * inner + i % inner;
                let own: Vec<f64> = (0..len).map(|l| wide[at(l)]).collect();
                let (wanted, absolute) = reduced(op, &own);
                // The logarithm of a sum that cancels to nearly nothing may be of a number below zero.
                if op == Reduce::LogSum && !wanted.is_nan() && absolute > 0.1 {
                    continue;
                }
                let relative = if op == Reduce::Prod { 1.5e-7 * len as f64 } else { 2e-6 };
                assert_close(*y, wanted, relative, absolute + 1e-44, || format!("{} {op:?} of {own:?}", kernels.isa()));
            }
        }
    });
}

#[test]
fn rows_of_great_numbers_do_not_overflow() {
    check_softmax(&[1e30, 1e30, -1e30], 3);
    check_softmax(&[88.0, 89.0, 90.0, 1000.0, 999.5], 5);
    check_softmax(&[f32::NEG_INFINITY, 0.0, -200.0, 1.0], 4);
    check_softmax(&[f32::MAX, f32::MIN], 2);
    check_reduce(&[500.0, 499.0, -500.0, 500.0], 1, 4, 1);
    check_reduce(&[500.0, 499.0, -500.0, 500.0], 1, 2, 2);
    check_layer_norm(&[1e15, -1e15, 2e15], 3, &[1.0; 3], None, 1e-5);
}

#[test]
fn a_row_with_nan_becomes_nan_and_its_neighbours_do_not() {
    on_each(|kernels| {
        for row in [1, 3, 31, 70] {
            for at in [0, row / 2, row - 1] {
                for bad in [f32::NAN, f32::INFINITY] {
                    let mut x: Vec<f32> = (0..3 * row).map(|i| i as f32 * 0.01).collect();
                    x[row + at] = bad;
                    let mut results = [vec![0.0; 3 * row], vec![0.0; 3 * row], vec![0.0; 3 * row]];
                    softmax(kernels, &x, row, &mut results[0]);
                    log_softmax(kernels, &x, row, &mut results[1]);
                    layer_norm(kernels, &x, row, &vec![1.0; row], None, 0.1, &mut results[2]);
                    for y in results {
                        assert!(y.iter().enumerate().all(|(i, y)| y.is_nan() == (row..2 * row).contains(&i)), "{y:?}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_short_row_with_nan_among_many_becomes_nan_and_its_neighbours_do_not() {
    on_each(|kernels| {
        for (row, bad) in [(1, 0), (2, 5), (2, 31), (3, 15), (15, 33)] {
            let mut x: Vec<f32> = (0..35 * row).map(|i| (i % 19) as f32).collect();
            x[bad * row + row / 2] = f32::NAN;
            let mut y = vec![7.0; x.len()];
            softmax(kernels, &x, row, &mut y);
            let of_bad = bad * row..(bad + 1) * row;
            assert!(y.iter().enumerate().all(|(i, y)| y.is_nan() == of_bad.contains(&i)), "{row}, {bad}: {y:?}");
        }
    });
}

#[test]
fn reductions_pass_nan_and_infinities() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for bad in [nan, inf, -inf, -f32::NAN] {
        for at in 0..6 {
            let mut x = [0.5, 0.25, 1.5, 0.75, 2.0, 1.0];
            x[at] = bad;
            for (outer, len, inner) in [(1, 6, 1), (2, 3, 1), (1, 3, 2), (1, 2, 3), (3, 1, 2)] {
                check_reduce(&x, outer, len, inner);
            }
        }
    }
    check_reduce(&[-inf; 4], 1, 4, 1);
    check_reduce(&[-inf, inf], 1, 2, 1);
}

#[test]
fn a_reduction_of_nothing_is_what_changes_nothing() {
    check_reduce(&[], 2, 0, 1);
    check_reduce(&[], 1, 0, 70);
    check_reduce(&[], 0, 4, 3);
    check_reduce(&[], 3, 4, 0);
    check_softmax(&[], 0);
}

#[test]
#[should_panic(expected = "x must be whole rows")]
fn a_row_that_is_cut_short_is_a_fault_of_the_plan() {
    on_each(|kernels| softmax(kernels, &[0.0; 7], 3, &mut [0.0; 7]));
}

proptest! {
    #[test]
    fn softmax_is_right_for_many_short_rows(row in 1_usize..20, rows in 1_usize..40, x in prop::collection::vec(-30.0_f32..30.0, 760)) {
        check_softmax(&x[..rows * row], row);
    }

    #[test]
    fn softmax_is_right_at_every_length(row in 1_usize..140, rows in 1_usize..4, x in prop::collection::vec(-30.0_f32..30.0, 420)) {
        check_softmax(&x[..rows * row], row);
    }

    #[test]
    fn layer_norm_is_right_at_every_length(
        row in 1_usize..140,
        rows in 1_usize..4,
        x in prop::collection::vec(-30.0_f32..30.0, 420),
        scale in prop::collection::vec(-3.0_f32..3.0, 140),
        with_bias: bool,
    ) {
        let bias = with_bias.then(|| scale.iter().rev().take(row).copied().collect::<Vec<f32>>());
        check_layer_norm(&x[..rows * row], row, &scale[..row], bias.as_deref(), 1e-5);
    }

    #[test]
    fn reductions_are_right_at_every_size(
        outer in 1_usize..4,
        (len, inner) in prop_oneof![(1_usize..200, Just(1)), (1_usize..6, 2_usize..150)],
        x in prop::collection::vec(-2.0_f32..3.0, 2400),
    ) {
        check_reduce(&x[..outer * len * inner], outer, len, inner);
    }
}
