//! Prints nanoseconds an element of the vector ops, by instruction set: the least of many batches.

use std::hint::black_box;
use std::time::Instant;

use dunlin_kernels::vector::{Unary, unary};
use dunlin_kernels::{Isa, Kernels};

fn main() {
    for isa in Isa::available() {
        let Some(kernels) = Kernels::of(isa) else { continue };
        println!("{isa}");
        unaries(kernels);
    }
}

/// Times one call, and prints what an element costs.
fn time(name: &str, elements: usize, mut call: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let start = Instant::now();
        for _ in 0..10 {
            call();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / 10.0);
    }
    println!("  {name:32} {:9.1} ns {:8.3} ns/element", best, best / elements as f64);
}

fn unaries(kernels: &Kernels) {
    let ops = [
        Unary::Relu,
        Unary::HardSwish,
        Unary::Sigmoid,
        Unary::Tanh,
        Unary::Gelu,
        Unary::GeluTanh,
        Unary::Exp,
        Unary::Log,
        Unary::Softplus,
        Unary::Elu { alpha: 1.0 },
    ];
    for op in ops {
        for length in [12, 4096] {
            let x: Vec<f32> = (0..length).map(|i| (i * 37 % 101) as f32 * 0.1 - 5.0).collect();
            let mut y = vec![0.0; length];
            time(&format!("{op:?} {length}"), length, || unary(kernels, black_box(&op), black_box(&x), &mut y));
        }
    }
}
