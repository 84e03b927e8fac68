//! Functions of two elements: of two slices, or of a slice and one number.

use crate::dispatch::Kernels;

/// A function of two elements, by its ONNX name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// `a / b`.
    Div,
    /// `a` to the power of `b`.
    Pow,
    /// The lesser; NaN where one is.
    Min,
    /// The greater; NaN where one is.
    Max,
    /// `a`, times `b` where it is below 0.
    PRelu,
}

/// Calls a loop with the function that an op stands for.
macro_rules! with_function {
    ($op:expr, $call:ident($($argument:expr),*)) => {
        match $op {
            Binary::Add => $call($($argument),*, Add),
            Binary::Sub => $call($($argument),*, Sub),
            Binary::Mul => $call($($argument),*, Mul),
            Binary::Div => $call($($argument),*, Div),
            Binary::Pow => $call($($argument),*, Pow),
            Binary::Min => $call($($argument),*, Min),
            Binary::Max => $call($($argument),*, Max),
            Binary::PRelu => $call($($argument),*, PRelu),
        }
    };
}

/// `y = op(a, b)`, element by element.
///
/// # Panics
/// When the slices differ in length.
pub fn binary(kernels: &Kernels, op: Binary, a: &[f32], b: &[f32], y: &mut [f32]) {
    assert!(a.len() == y.len() && b.len() == y.len(), "a, b and y must be of one length");
    with_function!(op, slices(kernels.isa(), a, b, y));
}

/// `y = op(a, b)` for each element of a.
///
/// # Panics
/// When the slices differ in length.
pub fn binary_scalar(kernels: &Kernels, op: Binary, a: &[f32], b: f32, y: &mut [f32]) {
    assert_eq!(a.len(), y.len(), "a and y must be of one length");
    let isa = kernels.isa();
    match (op, b) {
        // Powers that exporters write for squares, cubes and roots need no logarithm.
        (Binary::Pow, 2.0) => slices(isa, a, a, y, Mul),
        (Binary::Pow, 3.0) => slice_and_number(isa, a, b, y, Cube),
        (Binary::Pow, 0.5) => slice_and_number(isa, a, b, y, Root),
        _ => with_function!(op, slice_and_number(isa, a, b, y)),
    }
}

/// `y = op(a, b)` for each element of b.
///
/// # Panics
/// When the slices differ in length.
pub fn scalar_binary(kernels: &Kernels, op: Binary, a: f32, b: &[f32], y: &mut [f32]) {
    assert_eq!(b.len(), y.len(), "b and y must be of one length");
    with_function!(op, number_and_slice(kernels.isa(), a, b, y));
}

vectorised! {
    fn slices<F: Function>(a: &[f32], b: &[f32], y: &mut [f32], f: F) {
        for ((a, b), y) in a.iter().zip(b).zip(y) {
            *y = f.of(*a, *b);
        }
    }
}

vectorised! {
    fn slice_and_number<F: Function>(a: &[f32], b: f32, y: &mut [f32], f: F) {
        for (a, y) in a.iter().zip(y) {
            *y = f.of(*a, b);
        }
    }
}

vectorised! {
    fn number_and_slice<F: Function>(a: f32, b: &[f32], y: &mut [f32], f: F) {
        for (b, y) in b.iter().zip(y) {
            *y = f.of(a, *b);
        }
    }
}

/// What the loops apply.
trait Function: Copy {
    fn of(self, a: f32, b: f32) -> f32;
}

macro_rules! functions {
    ($($name:ident($a:ident, $b:ident) = $formula:expr;)*) => { $(
        #[derive(Clone, Copy)]
        struct $name;

        impl Function for $name {
            #[inline(always)]
            fn of(self, $a: f32, $b: f32) -> f32 {
                $formula
            }
        }
    )* };
}

functions! {
    Add(a, b) = a + b;
    Sub(a, b) = a - b;
    Mul(a, b) = a * b;
    Div(a, b) = a / b;
    Pow(a, b) = a.powf(b);
    Min(a, b) = unless_nan(a, if a < b { a } else { b });
    Max(a, b) = unless_nan(a, if a > b { a } else { b });
    PRelu(a, b) = if a < 0.0 { a * b } else { a };
    Cube(a, _b) = a * a * a;
    // The root of negative infinity as a power is infinity, that of -0 is 0.
    Root(a, _b) = if a == f32::NEG_INFINITY { f32::INFINITY } else { (a + 0.0).sqrt() };
}

/// `a` where it is NaN, else `x`. A comparison has already chosen b where that is NaN.
#[inline(always)]
fn unless_nan(a: f32, x: f32) -> f32 {
    if a.is_nan() { a } else { x }
}
