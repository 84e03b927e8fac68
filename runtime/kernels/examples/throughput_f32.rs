//! Prints what the f32 kernels reach on layers of known models: microseconds a call and GMAC/s, by instruction set.
//!
//! Times are the least of many short bursts, so that what else runs on the machine does not count. Arguments choose
//! among the instruction sets and layers by parts of their names: `throughput_f32 avx2 pointwise`.

use std::time::{Duration, Instant};

use dunlin_kernels::{
    Aligned, Clamp, DepthwiseF32, GemmF32, Grid, Isa, Kernels, PackedDepthwiseF32, PackedF32, Place, Taps,
};

/// A layer over an image with its border.
struct Layer {
    name: &'static str,
    depthwise: bool,
    /// Height, width and channels of the output.
    to: [usize; 3],
    window: [usize; 2],
    stride: usize,
    /// Channels of the input.
    channels: usize,
}

const fn conv(name: &'static str, to: [usize; 3], window: [usize; 2], stride: usize, channels: usize) -> Layer {
    Layer { name, depthwise: false, to, window, stride, channels }
}

const fn depthwise(name: &'static str, to: [usize; 3], stride: usize) -> Layer {
    Layer { name, depthwise: true, to, window: [3, 3], stride, channels: to[2] }
}

const LAYERS: &[Layer] = &[
    conv("kws stem 10x4 s2 1-64", [25, 5, 64], [10, 4], 2, 1),
    depthwise("kws depthwise 64", [25, 5, 64], 1),
    conv("kws pointwise 64-64", [1, 125, 64], [1, 1], 1, 64),
    conv("kws pointwise 64-64 into a border", [25, 5, 64], [1, 1], 1, 64),
    conv("kws dense 64-12", [1, 1, 12], [1, 1], 1, 64),
    conv("ic stem 3x3 3-16", [32, 32, 16], [3, 3], 1, 3),
    conv("ic conv 3x3 16-16", [32, 32, 16], [3, 3], 1, 16),
    conv("ic conv 3x3 s2 16-32", [16, 16, 32], [3, 3], 2, 16),
    conv("ic conv 3x3 32-32", [16, 16, 32], [3, 3], 1, 32),
    conv("ic conv 1x1 s2 16-32", [16, 16, 32], [1, 1], 2, 16),
    conv("ic conv 3x3 s2 32-64", [8, 8, 64], [3, 3], 2, 32),
    conv("ic conv 3x3 64-64", [8, 8, 64], [3, 3], 1, 64),
    conv("ic conv 1x1 s2 32-64", [8, 8, 64], [1, 1], 2, 32),
    conv("ic dense 64-10", [1, 1, 10], [1, 1], 1, 64),
    conv("vww stem 3x3 s2 3-8", [48, 48, 8], [3, 3], 2, 3),
    depthwise("vww depthwise 8", [48, 48, 8], 1),
    conv("vww pointwise 8-16", [1, 2304, 16], [1, 1], 1, 8),
    depthwise("vww depthwise s2 16", [24, 24, 16], 2),
    conv("vww pointwise 16-32", [1, 576, 32], [1, 1], 1, 16),
    depthwise("vww depthwise 32", [24, 24, 32], 1),
    conv("vww pointwise 32-32", [1, 576, 32], [1, 1], 1, 32),
    depthwise("vww depthwise s2 32", [12, 12, 32], 2),
    conv("vww pointwise 32-64", [1, 144, 64], [1, 1], 1, 32),
    depthwise("vww depthwise 64", [12, 12, 64], 1),
    conv("vww pointwise 64-64", [1, 144, 64], [1, 1], 1, 64),
    depthwise("vww depthwise s2 64", [6, 6, 64], 2),
    conv("vww pointwise 64-128", [1, 36, 128], [1, 1], 1, 64),
    depthwise("vww depthwise 128", [6, 6, 128], 1),
    conv("vww pointwise 128-128", [1, 36, 128], [1, 1], 1, 128),
    depthwise("vww depthwise s2 128", [3, 3, 128], 2),
    conv("vww pointwise 128-256", [1, 9, 256], [1, 1], 1, 128),
    depthwise("vww depthwise 256", [3, 3, 256], 1),
    conv("vww pointwise 256-256", [1, 9, 256], [1, 1], 1, 256),
    conv("vww dense 256-2", [1, 1, 2], [1, 1], 1, 256),
    conv("ad dense 640-128", [1, 1, 128], [1, 1], 1, 640),
    conv("ad dense 128-128", [1, 1, 128], [1, 1], 1, 128),
    conv("ad dense 128-8", [1, 1, 8], [1, 1], 1, 128),
    conv("ad dense 8-128", [1, 1, 128], [1, 1], 1, 8),
    conv("ad dense 128-640", [1, 1, 640], [1, 1], 1, 128),
    conv("mlp dense 32-256", [1, 1, 256], [1, 1], 1, 32),
    conv("mlp dense 256-128", [1, 1, 128], [1, 1], 1, 256),
    conv("mlp dense 128-2", [1, 1, 2], [1, 1], 1, 128),
    conv("mlp x64 32-256", [1, 64, 256], [1, 1], 1, 32),
    conv("mlp x64 256-128", [1, 64, 128], [1, 1], 1, 256),
    conv("mlp x64 128-2", [1, 64, 2], [1, 1], 1, 128),
    conv("minilm x64 384-1536", [1, 64, 1536], [1, 1], 1, 384),
    conv("minilm x64 1536-384", [1, 64, 384], [1, 1], 1, 1536),
];

impl Layer {
    /// The geometry: pixels, where they lie in x, the window, and where they lie in y.
    fn geometry(&self) -> (Grid, Place, Taps, Place) {
        let ([lines, pixels, n], [rows, cols], c) = (self.to, self.window, self.channels);
        let line = ((pixels - 1) * self.stride + cols) * c;
        let taps = if self.depthwise {
            Taps { rows, row: line, cols, col: c, len: c }
        } else {
            Taps { rows, row: line, cols: 1, col: 0, len: cols * c }
        };
        let from = Place { start: 0, line: line * self.stride, pixel: c * self.stride };
        (Grid { lines, pixels }, from, taps, Place { start: 0, line: (pixels + self.border()) * n, pixel: n })
    }

    /// Pixels between the lines of y.
    fn border(&self) -> usize {
        if self.name.ends_with("border") { 2 } else { 0 }
    }

    fn macs(&self) -> f64 {
        let inner = if self.depthwise { 1 } else { self.channels };
        (self.to.iter().product::<usize>() * self.window[0] * self.window[1] * inner) as f64
    }

    /// Elements of x.
    fn inputs(&self) -> usize {
        let [height, width] = [0, 1].map(|i| (self.to[i] - 1) * self.stride + self.window[i]);
        height * width * self.channels
    }

    /// The kernel's name and seconds a call; `None` where the layer could not be packed.
    fn measure(&self, kernels: &Kernels) -> Option<(&'static str, f64)> {
        let (grid, from, taps, to) = self.geometry();
        let mut x = Aligned::new(self.inputs() * 4);
        fill(x.all_mut());
        let mut y = Aligned::new(self.to[0] * (self.to[1] + self.border()) * self.to[2] * 4);
        let mut weights = vec![0.0; taps.rows * taps.cols * taps.len * if self.depthwise { 1 } else { self.to[2] }];
        fill(&mut weights);
        let (x, y, clamp) = (x.all::<f32>(), y.all_mut::<f32>(), Clamp::RELU);
        if self.depthwise {
            let packed = PackedDepthwiseF32::new(kernels, &weights, taps.rows * taps.cols, taps.len, None)?;
            let depthwise = DepthwiseF32 { grid, from, taps, to, clamp };
            Some((DepthwiseF32::kernel(kernels), least(|| depthwise.run(kernels, x, &packed, y))))
        } else {
            let (k, n) = (taps.rows * taps.cols * taps.len, self.to[2]);
            let packed = PackedF32::new(kernels, &weights, k, n, (1, k), None)?;
            let gemm = GemmF32 { grid, from, taps, to, clamp };
            Some((GemmF32::kernel(kernels), least(|| gemm.run(kernels, x, &packed, None, y))))
        }
    }
}

fn fill(values: &mut [f32]) {
    values.iter_mut().enumerate().for_each(|(i, value)| *value = (i % 17) as f32 / 16.0 - 0.5);
}

/// Seconds a call takes at least, over many bursts of about 50 microseconds.
fn least(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    call();
    let first = start.elapsed().as_nanos().max(1);
    let calls = u32::try_from(50_000 / first).unwrap_or(u32::MAX).max(1);
    let until = Instant::now() + Duration::from_millis(100);
    let mut least = f64::INFINITY;
    while Instant::now() < until {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        least = least.min(start.elapsed().as_secs_f64() / f64::from(calls));
    }
    least
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let (sets, layers): (Vec<_>, Vec<_>) = wanted.iter().partition(|word| word.parse::<Isa>().is_ok());
    for isa in Isa::available().filter(|isa| sets.is_empty() || sets.iter().any(|set| *set == isa.name())) {
        let Some(kernels) = Kernels::of(isa) else { continue };
        for layer in LAYERS.iter().filter(|layer| layers.iter().all(|part| layer.name.contains(part.as_str()))) {
            let Some((kernel, seconds)) = layer.measure(kernels) else { continue };
            let rate = layer.macs() / seconds / 1e9;
            #[allow(clippy::print_stdout, reason = "what it is for")]
            {
                println!("{:25} {:33} {:9.3} us {rate:7.1} GMAC/s", kernel, layer.name, seconds * 1e6);
            }
        }
    }
}
