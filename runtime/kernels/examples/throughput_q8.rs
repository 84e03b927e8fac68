//! Prints what the int8 kernels reach on the layers of known models, in each instruction set of this CPU: the fastest of
//! many short batches.
//!
//! `cargo run --release -p dunlin-kernels --example throughput_q8 [WORD]`: only layers whose names contain the word.
#![allow(clippy::print_stdout, reason = "its purpose")]

use dunlin_kernels::q8::{
    DepthwiseQ8, GemmQ8, GemmQ8ToF32, PackedDepthwiseQ8, PackedQ8, Requantize, Residual, SourceQ8, Window,
};
use dunlin_kernels::{Aligned, Clamp, Grid, Isa, Kernels, Place, Taps};
use std::time::{Duration, Instant};

/// A layer, by the pixels that it makes: a matrix product is one of a single pixel's window, in one line.
struct Layer {
    name: &'static str,
    kind: Kind,
    /// Lines and pixels.
    out: (usize, usize),
    /// Rows and columns of the window, and its stride.
    window: (usize, usize, usize),
    channels: usize,
    n: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Product,
    Residual,
    ToF32,
    Depthwise,
}

use Kind::{Depthwise, Product, ToF32};

const fn layer(
    name: &'static str,
    kind: Kind,
    out: (usize, usize),
    window: (usize, usize, usize),
    channels: usize,
    n: usize,
) -> Layer {
    Layer { name, kind, out, window, channels, n }
}

const LAYERS: &[Layer] = &[
    layer("kws stem 10x4 s2", Product, (25, 5), (10, 4, 2), 1, 64),
    layer("kws depthwise", Depthwise, (25, 5), (3, 3, 1), 64, 1),
    layer("kws depthwise, 2 lines", Depthwise, (2, 5), (3, 3, 1), 64, 1),
    layer("kws pointwise", Product, (1, 125), (1, 1, 1), 64, 64),
    layer("kws pointwise, 10 px", Product, (1, 10), (1, 1, 1), 64, 64),
    layer("kws fc", Product, (1, 1), (1, 1, 1), 64, 12),
    layer("ic 3x3 3-16", Product, (32, 32), (3, 3, 1), 3, 16),
    layer("ic 3x3 16-16", Product, (32, 32), (3, 3, 1), 16, 16),
    layer("ic 3x3 16-16 residual", Kind::Residual, (32, 32), (3, 3, 1), 16, 16),
    layer("ic 3x3 s2 16-32", Product, (16, 16), (3, 3, 2), 16, 32),
    layer("ic 3x3 32-32", Product, (16, 16), (3, 3, 1), 32, 32),
    layer("ic 1x1 s2 16-32", Product, (16, 16), (1, 1, 2), 16, 32),
    layer("ic 3x3 s2 32-64", Product, (8, 8), (3, 3, 2), 32, 64),
    layer("ic 3x3 64-64", Product, (8, 8), (3, 3, 1), 64, 64),
    layer("vww stem 3x3 s2 3-8", Product, (48, 48), (3, 3, 2), 3, 8),
    layer("vww depthwise 8", Depthwise, (48, 48), (3, 3, 1), 8, 1),
    layer("vww pointwise 8-16", Product, (1, 2304), (1, 1, 1), 8, 16),
    layer("vww depthwise 16 s2", Depthwise, (24, 24), (3, 3, 2), 16, 1),
    layer("vww pointwise 16-32", Product, (1, 576), (1, 1, 1), 16, 32),
    layer("vww depthwise 32", Depthwise, (24, 24), (3, 3, 1), 32, 1),
    layer("vww pointwise 32-32", Product, (1, 576), (1, 1, 1), 32, 32),
    layer("vww depthwise 32 s2", Depthwise, (12, 12), (3, 3, 2), 32, 1),
    layer("vww depthwise 64 s2", Depthwise, (6, 6), (3, 3, 2), 64, 1),
    layer("vww depthwise 128", Depthwise, (6, 6), (3, 3, 1), 128, 1),
    layer("vww pointwise 128-128", Product, (1, 36), (1, 1, 1), 128, 128),
    layer("vww depthwise 256", Depthwise, (3, 3), (3, 3, 1), 256, 1),
    layer("vww pointwise 256-256", Product, (1, 9), (1, 1, 1), 256, 256),
    layer("vww fc", Product, (1, 1), (1, 1, 1), 256, 2),
    layer("ad 640-128", Product, (1, 1), (1, 1, 1), 640, 128),
    layer("ad 128-128", Product, (1, 1), (1, 1, 1), 128, 128),
    layer("ad 128-8", Product, (1, 1), (1, 1, 1), 128, 8),
    layer("ad 128-640", Product, (1, 1), (1, 1, 1), 128, 640),
    layer("mlp 32-256", Product, (1, 1), (1, 1, 1), 32, 256),
    layer("mlp 256-128", Product, (1, 1), (1, 1, 1), 256, 128),
    layer("mlp 256-128 batch 64", Product, (1, 64), (1, 1, 1), 256, 128),
    layer("minilm 384-1536 f32", ToF32, (1, 64), (1, 1, 1), 384, 1536),
    layer("minilm 1536-384 f32", ToF32, (1, 64), (1, 1, 1), 1536, 384),
    layer("depthwise 5x5", Depthwise, (12, 12), (5, 5, 1), 64, 1),
];

impl Layer {
    fn grid(&self) -> Grid {
        Grid { lines: self.out.0, pixels: self.out.1 }
    }

    /// Bytes of a line of the input, padded as the window needs.
    fn line(&self) -> usize {
        let (_, cols, stride) = self.window;
        ((self.out.1 - 1) * stride + cols) * self.channels
    }

    fn from(&self) -> Place {
        let stride = self.window.2;
        Place { start: 0, line: stride * self.line(), pixel: stride * self.channels }
    }

    fn input(&self) -> Aligned {
        let (rows, _, stride) = self.window;
        let len = ((self.out.0 - 1) * stride + rows) * self.line() + 8;
        let mut input = Aligned::new(len);
        input.all_mut::<u8>().iter_mut().enumerate().for_each(|(i, x)| *x = (i * 37 % 251) as u8);
        input
    }

    fn macs(&self) -> usize {
        self.out.0 * self.out.1 * self.window.0 * self.window.1 * self.channels * self.n
    }

    /// Seconds of a run.
    fn measure(&self, kernels: &Kernels) -> f64 {
        if self.kind == Depthwise { self.depthwise(kernels) } else { self.product(kernels) }
    }

    fn depthwise(&self, kernels: &Kernels) -> f64 {
        let (rows, cols, _) = self.window;
        let c = self.channels;
        let x = self.input();
        let weights: Vec<i8> = (0..rows * cols * c).map(|i| (i * 53 % 255) as i8).collect();
        let window = Window { rows, cols, channels: c };
        let packed =
            PackedDepthwiseQ8::new(kernels, window, &weights, 3, None, &vec![0.001; c]).expect("sizes are right");
        let mut y = Aligned::new(self.out.0 * self.out.1 * c);
        let depthwise = DepthwiseQ8 {
            grid: self.grid(),
            from: self.from(),
            taps: Taps { rows, row: self.line(), cols, col: c, len: c },
            to: Place { start: 0, line: self.out.1 * c, pixel: c },
            requantize: Requantize { zero: 0, min: 0, max: 255 },
        };
        fastest(|| depthwise.run(kernels, x.all(), &packed, y.all_mut()))
    }

    fn product(&self, kernels: &Kernels) -> f64 {
        let (rows, cols, _) = self.window;
        let (len, n) = (cols * self.channels, self.n);
        let a = self.input();
        let weights: Vec<i8> = (0..rows * len * n).map(|i| (i * 53 % 255) as i8).collect();
        let source = SourceQ8 {
            weights: &weights,
            strides: (n, 1),
            runs: (rows, len),
            n,
            zero: 3,
            bias: None,
            scale: &vec![0.0001; n],
            bias_f32: None,
        };
        let packed = PackedQ8::new(kernels, &source).expect("sizes are right");
        let taps = Taps { rows, row: self.line(), cols: 1, col: 0, len };
        let (grid, from) = (self.grid(), self.from());
        let to = Place { start: 0, line: self.out.1 * n, pixel: n };
        let requantize = Requantize { zero: 0, min: 0, max: 255 };
        let count = self.out.0 * self.out.1 * n;
        if self.kind == ToF32 {
            let mut c = Aligned::new(4 * count);
            let scale = vec![0.5; self.out.0 * self.out.1];
            let gemm = GemmQ8ToF32 { grid, from, taps, to, clamp: Clamp::NONE };
            return fastest(|| gemm.run(kernels, a.all(), &packed, Some(&scale), c.all_mut()));
        }
        let (mut c, values) = (Aligned::new(count), vec![9; count]);
        let residual =
            Residual { values: &values, at: to, product: requantize, product_scale: 0.5, zero: 3, scale: 0.7 };
        let residual = (self.kind == Kind::Residual).then_some(residual);
        let gemm = GemmQ8 { grid, from, taps, to, requantize };
        fastest(|| gemm.run(kernels, a.all(), &packed, residual, c.all_mut()))
    }
}

/// Seconds of a run, in the fastest of many batches of some 50 microseconds.
fn fastest(mut run: impl FnMut()) -> f64 {
    let mut batch = |count: u32| {
        let start = Instant::now();
        (0..count).for_each(|_| run());
        start.elapsed().as_secs_f64() / f64::from(count)
    };
    let count = (50e-6 / batch(10)).max(1.0) as u32;
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < Duration::from_millis(150) {
        best = best.min(batch(count));
    }
    best
}

fn main() {
    let word = std::env::args().nth(1).unwrap_or_default();
    for isa in Isa::available().filter(|isa| *isa != Isa::Scalar) {
        let Some(kernels) = Kernels::of(isa) else { continue };
        println!("{isa}: {}, {}", GemmQ8::kernel(kernels), DepthwiseQ8::kernel(kernels));
        for layer in LAYERS.iter().filter(|layer| layer.name.contains(&word)) {
            let seconds = layer.measure(kernels);
            println!(
                "  {:24} {:9.3} us {:7.1} GMAC/s",
                layer.name,
                seconds * 1e6,
                layer.macs() as f64 / seconds * 1e-9
            );
        }
    }
}
