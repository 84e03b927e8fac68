//! The vector ops in every instruction set of this CPU, against f64 or naive implementations.

mod binary;
mod moving;
mod pool;
mod quantize;
mod rows;
mod trees;
mod unary;

use dunlin_kernels::{Isa, Kernels};

/// Runs a check on the kernels of every instruction set that this CPU has.
fn on_each(check: impl Fn(&'static Kernels)) {
    for isa in Isa::available() {
        check(Kernels::of(isa).expect("it is available"));
    }
}

/// Asserts that a value is what it should be: within `relative` of it or within `absolute`, and the same infinity or NaN.
fn assert_close(found: f32, wanted: f64, relative: f64, absolute: f64, what: impl Fn() -> String) {
    let narrow = wanted as f32;
    let same = if wanted.is_nan() {
        found.is_nan()
    } else if narrow.is_infinite() || found.is_infinite() {
        // Next to the largest float, rounding decides between it and infinity.
        found == narrow || (f64::from(found.abs().min(f32::MAX)) - wanted.abs()).abs() < relative * wanted.abs()
    } else {
        (f64::from(found) - wanted).abs() <= absolute + relative * wanted.abs()
    };
    assert!(same, "{}: {found:?}, should be {wanted:?}", what());
}

/// Numbers at which functions turn, saturate or fail.
const EDGES: [f32; 36] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1e-45,
    -1e-45,
    1e-38,
    -1e-38,
    1.2e-38,
    1e-20,
    -1e-20,
    1e-7,
    -1e-7,
    2.0,
    3.0,
    -3.0,
    -87.3,
    -88.0,
    -103.9,
    -104.0,
    -105.5,
    88.7,
    88.8,
    90.5,
    4.0,
    -4.0,
    9.0,
    -9.1,
    1e10,
    -1e10,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
];
