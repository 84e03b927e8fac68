//! Functions of two elements, against f64.

use dunlin_kernels::vector::{Binary, binary, binary_scalar, scalar_binary};
use proptest::prelude::*;

use crate::{EDGES, assert_close, on_each};

const ALL: [Binary; 8] =
    [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Pow, Binary::Min, Binary::Max, Binary::PRelu];

fn oracle(op: Binary, a: f32, b: f32) -> f64 {
    let (a, b) = (f64::from(a), f64::from(b));
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => a.powf(b),
        Binary::Min | Binary::Max if a.is_nan() || b.is_nan() => f64::NAN,
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::PRelu if a < 0.0 => a * b,
        Binary::PRelu => a,
    }
}

fn check(op: Binary, a: &[f32], b: &[f32]) {
    on_each(|kernels| {
        let run = |f: &dyn Fn(&mut [f32])| {
            let mut y = vec![7.0; a.len()];
            f(&mut y);
            y
        };
        let compare = |y: &[f32], a: &dyn Fn(usize) -> f32, b: &dyn Fn(usize) -> f32| {
            for (i, y) in y.iter().enumerate() {
                let what = || format!("{} {op:?} of {:?} and {:?}", kernels.isa(), a(i), b(i));
                assert_close(*y, oracle(op, a(i), b(i)), 2.5e-7, 3e-45, what);
            }
        };
        compare(&run(&|y| binary(kernels, op, a, b, y)), &|i| a[i], &|i| b[i]);
        for one in [0, b.len() / 2, b.len().saturating_sub(1)] {
            let Some(number) = b.get(one).copied() else { continue };
            compare(&run(&|y| binary_scalar(kernels, op, a, number, y)), &|i| a[i], &|_| number);
            compare(&run(&|y| scalar_binary(kernels, op, number, b, y)), &|_| number, &|i| b[i]);
        }
    });
}

#[test]
fn functions_are_right_at_every_pair_of_edges() {
    let edges: Vec<f32> = EDGES.into_iter().chain([f32::NAN]).collect();
    for op in ALL {
        for b in &edges {
            check(op, &edges, &vec![*b; edges.len()]);
        }
    }
}

#[test]
fn usual_powers_are_right_at_the_edges() {
    for power in [0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -0.5] {
        let a: Vec<f32> = EDGES.into_iter().chain([f32::NAN]).collect();
        check(Binary::Pow, &a, &vec![power; a.len()]);
    }
}

proptest! {
    #[test]
    fn functions_are_right_at_every_length(
        op in prop::sample::select(ALL.to_vec()),
        pairs in prop::collection::vec((-20.0_f32..20.0, -5.0_f32..5.0), 0..140),
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        check(op, &a, &b);
    }
}
