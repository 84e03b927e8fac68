//! Prints nanoseconds an element of the vector ops, by instruction set: the least of many batches.

#![allow(clippy::print_stdout, reason = "what it measures is what it prints")]

use std::hint::black_box;
use std::time::Instant;

use dunlin_kernels::q8::Requantize;
use dunlin_kernels::vector::{
    AverageQ8, Pool, Quantized, Reduce, Unary, add_q8, average_pool_f32, average_pool_q8, copy_strided, dequantize,
    layer_norm, max_pool_f32, max_pool_q8, quantize, quantize_rows, reduce, softmax, unary,
};
use dunlin_kernels::{Isa, Kernels, Place};

fn main() {
    for isa in Isa::available() {
        let Some(kernels) = Kernels::of(isa) else { continue };
        println!("{isa}");
        unaries(kernels);
        bytes(kernels);
        pools(kernels);
        rows(kernels);
    }
    println!("any");
    transpositions();
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

fn bytes(kernels: &Kernels) {
    for length in [100, 4096] {
        let x: Vec<f32> = (0..length).map(|i| (i * 37 % 101) as f32 * 0.1 - 5.0).collect();
        let q: Vec<u8> = (0..length).map(|i| (i * 37 % 101) as u8).collect();
        let (mut y, mut real, mut scales) = (vec![0; length], vec![0.0; length], vec![0.0; length]);
        time(&format!("quantize {length}"), length, || quantize(kernels, black_box(&x), 0.03, 100, &mut y));
        time(&format!("dequantize {length}"), length, || dequantize(kernels, black_box(&q), 0.03, 100, &mut real));
        time(&format!("quantize_rows {length}"), length, || {
            quantize_rows(kernels, black_box(&x), length, &mut y, &mut scales);
        });
        let operand = Quantized { values: &q, zero: 3, scale: 0.7 };
        let requantize = Requantize { zero: 3, min: 3, max: 255 };
        time(&format!("add_q8 {length}"), length, || add_q8(kernels, black_box(operand), operand, requantize, &mut y));
    }
}

/// Pools over a whole image of keyword spotting, and of 2 by 2 over one of 32 by 32.
fn pools(kernels: &Kernels) {
    for ([h, w], channels, side) in [([25, 5], 64, 0), ([32, 32], 16, 2)] {
        let (kernel, strides, output) =
            if side == 0 { ([h, w], [1; 2], [1; 2]) } else { ([2; 2], [2; 2], [h / 2, w / 2]) };
        let place = |width: usize| Place { start: 0, line: width * channels, pixel: channels };
        let pool = Pool {
            input: [h, w],
            output,
            channels,
            kernel,
            strides,
            dilations: [1; 2],
            pads: [0; 2],
            pads_after: [0; 2],
            from: place(w),
            to: place(output[1]),
        };
        let count = h * w * channels;
        let (x, mut y) = (vec![0.5; count], vec![0.0; count]);
        let (q, mut z) = (vec![9; count], vec![0; count]);
        let average =
            AverageQ8 { include_pad: false, zero: 3, scale: 0.7, requantize: Requantize { zero: 3, min: 0, max: 255 } };
        time(&format!("max_pool_f32 {h}x{w}x{channels}"), count, || {
            max_pool_f32(kernels, black_box(&pool), &x, &mut y)
        });
        time(&format!("average_pool_f32 {h}x{w}x{channels}"), count, || {
            average_pool_f32(kernels, black_box(&pool), false, &x, &mut y);
        });
        time(&format!("max_pool_q8 {h}x{w}x{channels}"), count, || max_pool_q8(kernels, black_box(&pool), &q, &mut z));
        time(&format!("average_pool_q8 {h}x{w}x{channels}"), count, || {
            average_pool_q8(kernels, black_box(&pool), &average, &q, &mut z);
        });
    }
}

fn rows(kernels: &Kernels) {
    for (rows, row) in [(1, 12), (64, 2), (64, 64), (64, 384)] {
        let count = rows * row;
        let x: Vec<f32> = (0..count).map(|i| (i * 37 % 101) as f32 * 0.1 - 5.0).collect();
        let (scale, mut y) = (vec![0.5; row], vec![0.0; count]);
        time(&format!("softmax {rows}x{row}"), count, || softmax(kernels, black_box(&x), row, &mut y));
        time(&format!("layer_norm {rows}x{row}"), count, || {
            layer_norm(kernels, black_box(&x), row, &scale, Some(&scale), 1e-5, &mut y);
        });
        for op in [Reduce::Mean, Reduce::Max, Reduce::LogSumExp] {
            time(&format!("{op:?} of rows {rows}x{row}"), count, || {
                reduce(kernels, op, black_box(&x), rows, row, 1, &mut y[..rows]);
            });
            time(&format!("{op:?} of columns {rows}x{row}"), count, || {
                reduce(kernels, op, black_box(&x), 1, rows, row, &mut y[..row]);
            });
        }
    }
}

/// Images from channels first to channels last.
fn transpositions() {
    for [c, h, w] in [[3, 96, 96], [64, 25, 5], [64, 64, 6]] {
        let (count, last) = (c * h * w, [1, (w * c) as isize, c as isize]);
        let first = [(h * w) as isize, w as isize, 1];
        let (x, mut y) = (vec![0.5_f32; count], vec![0.0_f32; count]);
        let (q, mut z) = (vec![9_u8; count], vec![0_u8; count]);
        time(&format!("f32 channels last {c}x{h}x{w}"), count, || {
            copy_strided(black_box(&x), &first, 0, &[c, h, w], &mut y, 0, &last);
        });
        time(&format!("f32 channels first {c}x{h}x{w}"), count, || {
            copy_strided(black_box(&x), &last, 0, &[c, h, w], &mut y, 0, &first);
        });
        time(&format!("u8 channels last {c}x{h}x{w}"), count, || {
            copy_strided(black_box(&q), &first, 0, &[c, h, w], &mut z, 0, &last);
        });
    }
}
