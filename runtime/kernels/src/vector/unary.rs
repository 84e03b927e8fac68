//! Functions of one element.

use super::math::{at_least, at_most, erf, exp, exp_minus_one, log, sigmoid, softplus, tanh};
use crate::dispatch::Kernels;
use crate::isa::Isa;

/// A function of one element, by its ONNX name. NaN gives NaN in every one.
///
/// Infinities give what the formula's terms give: `HardSwish`, `Gelu` and `GeluTanh` of negative infinity are NaN, a
/// product of infinity and zero. Exp, Log, Tanh, Sigmoid, Erf and Softplus are within 3e-7 of the true value, relative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, min), max)`.
    Clip {
        /// The lower bound.
        min: f32,
        /// The upper bound.
        max: f32,
    },
    /// `x`, times `alpha` below 0.
    LeakyRelu {
        /// Slope below 0.
        alpha: f32,
    },
    /// `x`, and `alpha * (e^x - 1)` below 0.
    Elu {
        /// What the limit at negative infinity is, negated.
        alpha: f32,
    },
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `alpha * x + beta`, held within 0 and 1.
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// `x * HardSigmoid(x)` with `alpha = 1/6`, `beta = 1/2`.
    HardSwish,
    /// Hyperbolic tangent.
    Tanh,
    /// `x / 2 * (1 + erf(x / sqrt(2)))`.
    Gelu,
    /// Gelu with `approximate = "tanh"`: `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.
    GeluTanh,
    /// The error function.
    Erf,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// `-x`.
    Neg,
    /// `|x|`.
    Abs,
    /// `1 / x`.
    Reciprocal,
    /// `ln(1 + e^x)`.
    Softplus,
}

/// Elements that a loop body takes at once: two of the widest vectors.
const BLOCK: usize = 32;
/// Elements that are copied aside before they are written over.
const ASIDE: usize = 8 * BLOCK;

/// `y = op(y)`.
pub fn unary_in_place(kernels: &Kernels, op: &Unary, y: &mut [f32]) {
    let mut aside = [0.0; ASIDE];
    for y in y.chunks_mut(ASIDE) {
        let x = &mut aside[..y.len()];
        x.copy_from_slice(y);
        unary(kernels, op, x, y);
    }
}

/// `y = op(x)`.
///
/// # Panics
/// When x and y differ in length.
pub fn unary(kernels: &Kernels, op: &Unary, x: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "x and y must be of one length");
    let isa = kernels.isa();
    match *op {
        Unary::Relu => map(isa, Clip { min: 0.0, max: f32::INFINITY }, x, y),
        Unary::Clip { min, max } => map(isa, Clip { min, max }, x, y),
        Unary::LeakyRelu { alpha } => map(isa, LeakyRelu { alpha }, x, y),
        Unary::Elu { alpha } => map(isa, Elu { alpha }, x, y),
        Unary::Sigmoid => map(isa, Sigmoid, x, y),
        Unary::HardSigmoid { alpha, beta } => map(isa, HardSigmoid { alpha, beta }, x, y),
        Unary::HardSwish => map(isa, HardSwish, x, y),
        Unary::Tanh => map(isa, Tanh, x, y),
        Unary::Gelu => map(isa, Gelu, x, y),
        Unary::GeluTanh => map(isa, GeluTanh, x, y),
        Unary::Erf => map(isa, Erf, x, y),
        Unary::Exp => map(isa, Exp, x, y),
        Unary::Log => map(isa, Log, x, y),
        Unary::Sqrt => map(isa, Sqrt, x, y),
        Unary::Neg => map(isa, Neg, x, y),
        Unary::Abs => map(isa, Abs, x, y),
        Unary::Reciprocal => map(isa, Reciprocal, x, y),
        Unary::Softplus => map(isa, Softplus, x, y),
    }
}

/// Applies a function to every element; what does not fill a block goes through one that is filled up.
fn map<F: Function>(isa: Isa, f: F, x: &[f32], y: &mut [f32]) {
    let (x_blocks, x_rest) = x.as_chunks();
    let (y_blocks, y_rest) = y.as_chunks_mut();
    map_blocks(isa, f, x_blocks, y_blocks);
    if !x_rest.is_empty() {
        let (mut x, mut y) = ([0.0; BLOCK], [0.0; BLOCK]);
        x[..x_rest.len()].copy_from_slice(x_rest);
        map_blocks(isa, f, std::slice::from_ref(&x), std::slice::from_mut(&mut y));
        y_rest.copy_from_slice(&y[..x_rest.len()]);
    }
}

vectorised! {
    fn map_blocks<F: Function>(f: F, x: &[[f32; BLOCK]], y: &mut [[f32; BLOCK]]) {
        for (x, y) in x.as_flattened().iter().zip(y.as_flattened_mut()) {
            *y = f.of::<FMA>(*x);
        }
    }
}

/// What `map` applies.
trait Function: Copy {
    fn of<const FMA: bool>(self, x: f32) -> f32;
}

/// Defines functions: a type with the fields that it needs, and its formula.
macro_rules! functions {
    ($($name:ident { $($field:ident),* } ($x:ident) = $formula:expr;)*) => { $(
        #[derive(Clone, Copy)]
        struct $name { $($field: f32),* }

        impl Function for $name {
            #[inline(always)]
            fn of<const FMA: bool>(self, $x: f32) -> f32 {
                let Self { $($field),* } = self;
                $formula
            }
        }
    )* };
}

functions! {
    Clip { min, max } (x) = at_most(at_least(x, min), max);
    LeakyRelu { alpha } (x) = if x < 0.0 { x * alpha } else { x };
    Elu { alpha } (x) = if x < 0.0 { alpha * exp_minus_one::<FMA>(x) } else { x };
    HardSigmoid { alpha, beta } (x) = at_most(at_least(alpha * x + beta, 0.0), 1.0);
}

/// Defines functions without fields.
macro_rules! constants {
    ($($name:ident($x:ident) = $formula:expr;)*) => { $(
        #[derive(Clone, Copy)]
        struct $name;

        impl Function for $name {
            #[inline(always)]
            fn of<const FMA: bool>(self, $x: f32) -> f32 {
                $formula
            }
        }
    )* };
}

constants! {
    Sigmoid(x) = sigmoid::<FMA>(x);
    HardSwish(x) = x * at_most(at_least(x * (1.0 / 6.0) + 0.5, 0.0), 1.0);
    Tanh(x) = tanh::<FMA>(x);
    Gelu(x) = 0.5 * x * (1.0 + erf::<FMA>(x * std::f32::consts::FRAC_1_SQRT_2));
    GeluTanh(x) = 0.5 * x * (1.0 + tanh::<FMA>(0.797_884_6 * (x + 0.044_715 * x * x * x)));
    Erf(x) = erf::<FMA>(x);
    Exp(x) = exp::<FMA>(x);
    Log(x) = log::<FMA>(x);
    Sqrt(x) = x.sqrt();
    Neg(x) = -x;
    Abs(x) = x.abs();
    Reciprocal(x) = 1.0 / x;
    Softplus(x) = softplus::<FMA>(x);
}
