//! Functions of one element, against f64.

use dunlin_kernels::vector::{Unary, unary, unary_in_place};
use proptest::prelude::*;

use crate::{EDGES, assert_close, on_each};

const ALL: [Unary; 20] = [
    Unary::Relu,
    Unary::Clip { min: -0.75, max: 2.5 },
    Unary::LeakyRelu { alpha: 0.01 },
    Unary::Elu { alpha: 1.5 },
    Unary::Sigmoid,
    Unary::HardSigmoid { alpha: 0.2, beta: 0.5 },
    Unary::HardSwish,
    Unary::Tanh,
    Unary::Gelu,
    Unary::GeluTanh,
    Unary::Erf,
    Unary::Exp,
    Unary::Log,
    Unary::Sqrt,
    Unary::Neg,
    Unary::Abs,
    Unary::Reciprocal,
    Unary::Softplus,
    Unary::Clip { min: f32::NEG_INFINITY, max: 6.0 },
    Unary::Elu { alpha: 0.0 },
];

/// The error function in f64: its series near zero, a continued fraction beyond.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a < 2.5 {
        let mut term = x;
        let mut sum = x;
        for n in 1..80 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let fraction = (1..60).rev().fold(a, |below, n| a + f64::from(n) / 2.0 / below);
    let complement = if a > 30.0 { 0.0 } else { (-a * a).exp() / fraction / std::f64::consts::PI.sqrt() };
    (1.0 - complement).copysign(x)
}

fn oracle(op: Unary, x: f64) -> f64 {
    let hard = |x: f64, alpha: f64, beta: f64| if x.is_nan() { x } else { (alpha * x + beta).clamp(0.0, 1.0) };
    match op {
        Unary::Relu => {
            if x < 0.0 {
                0.0
            } else {
                x
            }
        }
        Unary::Clip { min, max } => {
            if x.is_nan() {
                x
            } else {
                x.clamp(min.into(), max.into())
            }
        }
        Unary::LeakyRelu { alpha } => {
            if x < 0.0 {
                x * f64::from(alpha)
            } else {
                x
            }
        }
        Unary::Elu { alpha } => {
            if x < 0.0 {
                x.exp_m1() * f64::from(alpha)
            } else {
                x
            }
        }
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::HardSigmoid { alpha, beta } => hard(x, alpha.into(), beta.into()),
        Unary::HardSwish => x * hard(x, 1.0 / 6.0, 0.5),
        Unary::Tanh => x.tanh(),
        Unary::Gelu => x * 0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2)),
        Unary::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            x * 0.5 * (1.0 + inner.tanh())
        }
        Unary::Erf => erf(x),
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Reciprocal => 1.0 / x,
        Unary::Softplus => {
            if x > 40.0 {
                x
            } else {
                x.exp().ln_1p()
            }
        }
    }
}

/// Relative and absolute error allowed. Results below the least normal number lose digits; sums of 1 and something near
/// -1 lose those of the smaller.
fn allowed(op: Unary, x: f64) -> (f64, f64) {
    let least = f64::from(f32::MIN_POSITIVE) * 1.2e-7;
    match op {
        Unary::Gelu | Unary::GeluTanh | Unary::HardSwish => (4e-7, least + 2e-7 * x.abs().min(1e3)),
        Unary::HardSigmoid { .. } => (2e-7, 1e-7),
        _ => (3e-7, 2.1 * least),
    }
}

fn check(op: Unary, x: &[f32]) {
    on_each(|kernels| {
        let mut y = vec![7.0; x.len()];
        unary(kernels, &op, x, &mut y);
        let mut in_place = x.to_vec();
        unary_in_place(kernels, &op, &mut in_place);
        for ((x, y), same) in x.iter().zip(&y).zip(&in_place) {
            let (relative, absolute) = allowed(op, f64::from(*x));
            let what = || format!("{} {op:?} of {x:?}", kernels.isa());
            assert_close(*y, oracle(op, f64::from(*x)), relative, absolute, what);
            assert!(y.to_bits() == same.to_bits() || y.is_nan() && same.is_nan(), "in place: {same}, else {y}");
        }
    });
}

#[test]
fn functions_are_right_at_the_edges_and_nan_passes() {
    for op in ALL {
        check(op, &EDGES);
        check(op, &[f32::NAN]);
        check(op, &[-f32::NAN; 40]);
    }
}

#[test]
fn functions_are_precise_on_a_dense_grid() {
    // A prime step through the patterns of bits, so that every exponent and sign is met.
    let x: Vec<f32> = (0..=u32::MAX).step_by(70_001).map(f32::from_bits).collect();
    for op in ALL {
        // The formulas of these overflow on the way, in f32 or in the oracle.
        let bounded = matches!(op, Unary::Gelu | Unary::GeluTanh | Unary::HardSwish);
        let x: Vec<f32> = x.iter().copied().filter(|x| !bounded || x.abs() < 1e12).collect();
        check(op, &x);
        let near: Vec<f32> = (-40_000..40_000).map(|i| i as f32 * 2.5e-4 + 1e-6).collect();
        check(op, &near);
    }
}

#[test]
fn a_relu_is_never_minus_something() {
    on_each(|kernels| {
        let mut y = [f32::NAN; 3];
        unary(kernels, &Unary::Relu, &[-1e-45, f32::NEG_INFINITY, -3.0], &mut y);
        assert_eq!(y, [0.0; 3]);
    });
}

proptest! {
    #[test]
    fn functions_are_right_at_every_length(op in prop::sample::select(ALL.to_vec()), x in prop::collection::vec(-20.0_f32..20.0, 0..140)) {
        check(op, &x);
    }

    #[test]
    fn functions_write_their_own_elements_only(length in 0_usize..70, op in prop::sample::select(ALL.to_vec())) {
        on_each(|kernels| {
            let mut y = vec![9.0; length + 2];
            unary(kernels, &op, &vec![0.5; length], &mut y[1..=length]);
            assert_eq!((y[0], y[length + 1]), (9.0, 9.0));
        });
    }
}
