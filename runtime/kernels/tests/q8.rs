//! The int8 kernels of every instruction set that this CPU has, against loops that know nothing of packing or vectors.

mod guarded;

use dunlin_kernels::q8::{
    DepthwiseQ8, GemmQ8, GemmQ8ToF32, PackedDepthwiseQ8, PackedQ8, Requantize, Residual, SourceQ8, Window,
};
use dunlin_kernels::{Clamp, Grid, Isa, Kernels, Place, Taps};
use guarded::Guarded;
use proptest::prelude::*;

/// Every instruction set of this CPU; the scalar kernels, which the others are measured by elsewhere, are tested too.
fn every_isa() -> impl Iterator<Item = &'static Kernels> {
    Isa::available().map(|isa| Kernels::of(isa).expect("it is available"))
}

/// Numbers for the data of a case, which proptest need not shrink one by one.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as u32
    }

    /// Activations; where `extreme`, the ones whose products are largest.
    fn u8s(&mut self, len: usize, extreme: bool) -> Vec<u8> {
        (0..len)
            .map(|_| if extreme { [0, 255, 255, 255][self.next() as usize % 4] } else { self.next() as u8 })
            .collect()
    }

    fn i8s(&mut self, len: usize, extreme: bool) -> Vec<i8> {
        (0..len)
            .map(|_| if extreme { [-128, -128, -128, 127][self.next() as usize % 4] } else { self.next() as i8 })
            .collect()
    }

    fn i32s(&mut self, len: usize) -> Vec<i32> {
        (0..len).map(|_| self.next() as i32 % 20_000 - 10_000).collect()
    }

    /// Scales such that a sum of `k` products spreads over a few hundred quanta, some much larger; in half of all cases some
    /// are negative, and in one of six some so large that scaled sums are past what an i32 holds, or no number.
    fn scales(&mut self, len: usize, k: usize) -> Vec<f32> {
        let usual = 1.0 / (40.0 * (k as f32).sqrt());
        let (wild, signed) = (self.next().is_multiple_of(6), self.next().is_multiple_of(2));
        let one = |number| match number % 40 {
            0 => 0.0,
            1 => 50.0 * usual,
            2 if signed => -usual,
            3 if wild => 1e9,
            4 if wild => f32::INFINITY,
            5 if wild => f32::NAN,
            _ => usual * (number % 1000) as f32 / 1000.0,
        };
        (0..len).map(|_| one(self.next())).collect()
    }
}

/// A grid, the place and window it is read from, and the place it is written to.
#[derive(Clone, Debug)]
struct Shape {
    grid: Grid,
    from: Place,
    taps: Taps,
    /// Elements that A needs, where runs are read to their end and no further.
    a: usize,
    to: Place,
    c: usize,
}

/// How a grid of pixels lies: a start, and gaps after pixels and lines.
type Gaps = (usize, usize, usize);

fn place(grid: Grid, pixel: usize, (start, after, line): Gaps) -> Place {
    let pixel = pixel + after;
    Place { start, pixel, line: grid.pixels * pixel + line }
}

fn end(grid: Grid, at: Place, reach: usize) -> usize {
    at.start + (grid.lines - 1) * at.line + (grid.pixels - 1) * at.pixel + reach
}

fn gaps() -> impl Strategy<Value = Gaps> {
    prop_oneof![Just((0, 0, 0)), (0..4_usize, 0..4_usize, 0..9_usize)]
}

/// Convolutions and products of `n` columns: windows overlap as strides and dilations make them.
fn products() -> impl Strategy<Value = (Shape, usize)> {
    let grid = prop_oneof![(Just(1_usize), Just(1_usize)), (Just(1_usize), 1..20_usize), (1..5_usize, 1..12_usize)];
    let taps = prop_oneof![
        (Just(1_usize), Just(1_usize), 1..150_usize),
        (1..4_usize, 1..4_usize, 1..20_usize),
        (1..4_usize, Just(1_usize), prop_oneof![Just(8_usize), Just(9), Just(12), Just(48)])
    ];
    // From a pixel to the next: half a run or none, or as many; or a third, as in a window of three columns.
    let step = prop_oneof![3 => (0..3_usize).prop_map(|halves| (halves, 2_usize)), 1 => Just((1, 3))];
    let n = prop_oneof![1..40_usize, 41..300_usize, Just(8), Just(16), Just(64), Just(128)];
    (grid, taps, (step, 0..20_usize, 0..3_usize), n, gaps()).prop_map(
        |((lines, pixels), (rows, cols, len), ((times, of), row_gap, down), n, gaps)| {
            let grid = Grid { lines, pixels };
            let pixel = times * len / of;
            let row = pixels * pixel + cols * len + row_gap;
            let taps = Taps { rows, row, cols, col: len + row_gap / 3, len };
            let from = Place { start: row_gap, line: down * row, pixel };
            let reach = (rows - 1) * row + (cols - 1) * taps.col + len;
            let to = place(grid, n, gaps);
            let shape = Shape { grid, from, taps, a: end(grid, from, reach), to, c: end(grid, to, n) };
            (shape, n)
        },
    )
}

/// Depthwise convolutions: 3x3 most of all, strides 1 to 3, dilations 1 and 2.
fn depthwise() -> impl Strategy<Value = Shape> {
    let window = prop_oneof![3 => Just((3_usize, 3_usize)), 1 => (Just(3), 1..6_usize), 1 => (1..6_usize, 1..6_usize)];
    let steps = prop_oneof![
        3 => Just((1_usize, 1_usize, 1_usize)),
        1 => Just((2, 2, 1)),
        2 => (1..4_usize, 1..4_usize, 1..3_usize)
    ];
    let some = prop_oneof![Just(8_usize), Just(16), Just(24), Just(32), Just(64), Just(128)];
    let channels = prop_oneof![2 => some, 1 => 1..10_usize, 1 => 11..140_usize];
    (1..6_usize, 1..20_usize, window, channels, steps, gaps(), 0..30_usize).prop_map(
        |(lines, pixels, (rows, cols), channels, (down, across, dilation), gaps, gap)| {
            let grid = Grid { lines, pixels };
            let width = (pixels - 1) * across + (cols - 1) * dilation + 1;
            let line = width * channels + gap;
            let taps = Taps { rows, row: dilation * line, cols, col: dilation * channels, len: channels };
            let from = Place { start: gap, line: down * line, pixel: across * channels };
            let reach = (rows - 1) * taps.row + (cols - 1) * taps.col + channels;
            let to = place(grid, channels, gaps);
            Shape { grid, from, taps, a: end(grid, from, reach), to, c: end(grid, to, channels) }
        },
    )
}

fn requantize() -> impl Strategy<Value = Requantize> {
    let bounds = (any::<u8>(), any::<u8>(), any::<u8>());
    let bounded = bounds.prop_map(|(zero, a, b)| Requantize { zero, min: a.min(b), max: a.max(b) });
    let whole = |zero| Requantize { zero, min: 0, max: 255 };
    prop_oneof![bounded, any::<u8>().prop_map(whole), Just(whole(0))]
}

impl Shape {
    /// Each pixel's number, and its offsets in A, in C and at another place.
    fn pixels(&self, other: Place) -> impl Iterator<Item = (usize, [usize; 3])> {
        let (grid, places) = (self.grid, [self.from, self.to, other]);
        let all = (0..grid.lines).flat_map(move |line| (0..grid.pixels).map(move |pixel| (line, pixel)));
        all.map(move |(line, pixel)| places.map(|at| at.start + line * at.line + pixel * at.pixel)).enumerate()
    }

    /// The offset of each element that is read at a pixel, in order.
    fn elements(&self) -> Vec<usize> {
        let Taps { rows, row, cols, col, len } = self.taps;
        let all = (0..rows).flat_map(|r| (0..cols).flat_map(move |c| (0..len).map(move |i| r * row + c * col + i)));
        all.collect()
    }
}

/// A product's operands, but for A's place in memory.
struct Product {
    shape: Shape,
    n: usize,
    k: usize,
    a: Vec<u8>,
    zero: u8,
    weights: Vec<i8>,
    bias: Option<Vec<i32>>,
    scale: Vec<f32>,
}

impl Product {
    fn new(shape: &Shape, n: usize, numbers: &mut Numbers) -> Self {
        let k = shape.elements().len();
        let (extreme, zero) = (numbers.next().is_multiple_of(4), numbers.next() as u8);
        // Runs may be read to a multiple of 8 elements.
        let past = shape.taps.len.next_multiple_of(8) - shape.taps.len;
        let a = numbers.u8s(shape.a + past, extreme);
        let weights = numbers.i8s(k * n, extreme);
        let bias = numbers.next().is_multiple_of(2).then(|| numbers.i32s(n));
        let scale = numbers.scales(n, k);
        Self { shape: shape.clone(), n, k, a, zero, weights, bias, scale }
    }

    fn pack(&self, kernels: &Kernels, bias_f32: Option<&[f32]>) -> PackedQ8 {
        let Taps { rows, cols, len, .. } = self.shape.taps;
        let source = SourceQ8 {
            weights: &self.weights,
            // Weights of a pixel's column stand side by side, as ONNX has them.
            strides: (1, self.k),
            runs: (rows * cols, len),
            n: self.n,
            zero: self.zero,
            bias: self.bias.as_deref(),
            scale: &self.scale,
            bias_f32,
        };
        PackedQ8::new(kernels, &source).expect("sizes are right")
    }

    /// The sum of a pixel that starts at `a`, scaled.
    fn real(&self, elements: &[usize], a: usize, column: usize) -> f32 {
        let weights = &self.weights[column * self.k..][..self.k];
        let products = elements.iter().zip(weights);
        let sum: i32 = products.map(|(at, w)| (i32::from(self.a[a + at]) - i32::from(self.zero)) * i32::from(*w)).sum();
        (sum + self.bias.as_ref().map_or(0, |bias| bias[column])) as f32 * self.scale[column]
    }
}

/// u8 by the definition: rounded to even, moved to the zero point, held within bounds, NaN at the lower one.
fn quantum(by: Requantize, real: f32) -> u8 {
    let moved = f64::from(real.round_ties_even()) + f64::from(by.zero);
    if moved.is_nan() { by.min } else { moved.clamp(f64::from(by.min), f64::from(by.max)) as u8 }
}

fn add(residual: &Residual<'_>, by: Requantize, real: f32, r: u8) -> u8 {
    let own = f32::from(quantum(residual.product, real)) - f32::from(residual.product.zero);
    let other = f32::from(r) - f32::from(residual.zero);
    quantum(by, own * residual.product_scale + other * residual.scale)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_product_is_exact_and_rounds_as_the_definition_says(
        (shape, n) in products(), by in requantize(), product in requantize(), gaps in gaps(), with in any::<bool>(), seed in any::<u64>()
    ) {
        let numbers = &mut Numbers(seed);
        let case = Product::new(&shape, n, numbers);
        let at = place(shape.grid, n, gaps);
        let values = Guarded::new(&numbers.u8s(end(shape.grid, at, n), false));
        let (zero, scales) = (numbers.next() as u8, [0.3, 0.7, 1.9, -0.4, f32::NAN]);
        let (product_scale, scale) = (scales[numbers.next() as usize % 5], scales[numbers.next() as usize % 5]);
        let residual = with.then_some(Residual { values: &values, at, product, product_scale, zero, scale });
        let before = numbers.u8s(shape.c, false);

        let mut expected = before.clone();
        let elements = shape.elements();
        for (_, [a, c, r]) in shape.pixels(at) {
            for column in 0..n {
                let real = case.real(&elements, a, column);
                expected[c + column] = match &residual {
                    Some(residual) => add(residual, by, real, values[r + column]),
                    None => quantum(by, real),
                };
            }
        }
        let a = Guarded::new(&case.a);
        for kernels in every_isa() {
            let mut c = Guarded::new(&before);
            let gemm = GemmQ8 { grid: shape.grid, from: shape.from, taps: shape.taps, to: shape.to, requantize: by };
            gemm.run(kernels, &a, &case.pack(kernels, None), residual, &mut c);
            prop_assert_eq!(&*c, &expected[..], "{}", GemmQ8::kernel(kernels));
        }
    }

    #[test]
    fn a_product_to_floats_is_exact_but_for_rounding(
        (shape, n) in products(), relu in any::<bool>(), rows in any::<bool>(), seed in any::<u64>()
    ) {
        let numbers = &mut Numbers(seed);
        let case = Product::new(&shape, n, numbers);
        let count = shape.grid.lines * shape.grid.pixels;
        let row_scale = rows.then(|| (0..count).map(|_| (numbers.next() % 100) as f32 / 50.0).collect::<Vec<_>>());
        let bias = numbers.next().is_multiple_of(2).then(|| (0..n).map(|i| i as f32 - 20.0).collect::<Vec<_>>());
        let clamp = if relu { Clamp::RELU } else { Clamp::NONE };

        let before = vec![-7.5_f32; shape.c];
        let mut expected = before.clone();
        let elements = shape.elements();
        for (pixel, [a, c, _]) in shape.pixels(shape.to) {
            for column in 0..n {
                let real = case.real(&elements, a, column) * row_scale.as_ref().map_or(1.0, |scale| scale[pixel]);
                let real = real + bias.as_ref().map_or(0.0, |bias| bias[column]);
                expected[c + column] = if real < clamp.min { clamp.min } else { real };
            }
        }
        let a = Guarded::new(&case.a);
        for kernels in every_isa() {
            let mut c = Guarded::new(&before);
            let gemm = GemmQ8ToF32 { grid: shape.grid, from: shape.from, taps: shape.taps, to: shape.to, clamp };
            gemm.run(kernels, &a, &case.pack(kernels, bias.as_deref()), row_scale.as_deref(), &mut c);
            for (made, expected) in c.iter().zip(&expected) {
                // A fused multiply and add rounds once where the definition rounds twice.
                let close = (made - expected).abs() <= 1e-6 * (1.0 + expected.abs());
                let same = made == expected || made.is_nan() && expected.is_nan();
                prop_assert!(close || same, "{}: {} for {}", GemmQ8ToF32::kernel(kernels), made, expected);
            }
        }
    }

    #[test]
    fn a_depthwise_convolution_is_exact_and_rounds_as_the_definition_says(
        shape in depthwise(), by in requantize(), seed in any::<u64>()
    ) {
        let numbers = &mut Numbers(seed);
        let (extreme, zero) = (numbers.next().is_multiple_of(4), numbers.next() as u8);
        let window = Window { rows: shape.taps.rows, cols: shape.taps.cols, channels: shape.taps.len };
        let taps = window.rows * window.cols;
        let x = numbers.u8s(shape.a, extreme);
        let weights = numbers.i8s(taps * window.channels, extreme);
        let bias = numbers.next().is_multiple_of(2).then(|| numbers.i32s(window.channels));
        let scale = numbers.scales(window.channels, taps);
        let before = numbers.u8s(shape.c, false);

        let mut expected = before.clone();
        let elements = shape.elements();
        for (_, [from, to, _]) in shape.pixels(shape.to) {
            for channel in 0..window.channels {
                let product = |tap: usize| {
                    let at = tap * window.channels + channel;
                    (i32::from(x[from + elements[at]]) - i32::from(zero)) * i32::from(weights[at])
                };
                let sum = (0..taps).map(product).sum::<i32>() + bias.as_ref().map_or(0, |bias| bias[channel]);
                expected[to + channel] = quantum(by, sum as f32 * scale[channel]);
            }
        }
        let x = Guarded::new(&x);
        for kernels in every_isa() {
            let packed = PackedDepthwiseQ8::new(kernels, window, &weights, zero, bias.as_deref(), &scale).unwrap();
            let mut y = Guarded::new(&before);
            let depthwise =
                DepthwiseQ8 { grid: shape.grid, from: shape.from, taps: shape.taps, to: shape.to, requantize: by };
            depthwise.run(kernels, &x, &packed, &mut y);
            prop_assert_eq!(&*y, &expected[..], "{}", DepthwiseQ8::kernel(kernels));
        }
    }
}

/// Two columns of eight weights.
const SOURCE: SourceQ8<'_> = SourceQ8 {
    weights: &[1; 16],
    strides: (2, 1),
    runs: (1, 8),
    n: 2,
    zero: 3,
    bias: None,
    scale: &[0.5; 2],
    bias_f32: None,
};

#[test]
fn a_grid_without_pixels_writes_nothing() {
    for kernels in every_isa() {
        let packed = PackedQ8::new(kernels, &SOURCE).unwrap();
        let requantize = Requantize { zero: 0, min: 0, max: 255 };
        for grid in [Grid { lines: 0, pixels: 4 }, Grid { lines: 4, pixels: 0 }] {
            let gemm = GemmQ8 { grid, from: Place::default(), taps: Taps::row(8), to: Place::default(), requantize };
            gemm.run(kernels, &[], &packed, None, &mut []);
        }
    }
}

#[test]
fn a_slice_that_is_too_short_is_not_packed() {
    let window = Window { rows: 3, cols: 3, channels: 2 };
    for kernels in every_isa() {
        let packs = |source: SourceQ8<'_>| PackedQ8::new(kernels, &source).is_some();
        assert!(packs(SOURCE));
        assert!(!packs(SourceQ8 { weights: &[1; 15], ..SOURCE }));
        assert!(!packs(SourceQ8 { bias: Some(&[1]), ..SOURCE }));
        assert!(!packs(SourceQ8 { scale: &[0.5], ..SOURCE }));
        assert!(!packs(SourceQ8 { bias_f32: Some(&[1.0]), ..SOURCE }));
        assert!(!packs(SourceQ8 { runs: (usize::MAX, 8), ..SOURCE }));
        let packs = |weights: usize, bias: &[i32], scale: &[f32]| {
            PackedDepthwiseQ8::new(kernels, window, &vec![1; weights], 0, Some(bias), scale).is_some()
        };
        assert!(packs(18, &[1; 2], &[0.5; 2]));
        assert!(!packs(17, &[1; 2], &[0.5; 2]));
        assert!(!packs(18, &[1; 1], &[0.5; 2]));
        assert!(!packs(18, &[1; 2], &[0.5; 1]));
    }
}

#[test]
fn a_call_past_its_slices_is_refused() {
    for kernels in every_isa() {
        let packed = PackedQ8::new(kernels, &SOURCE).unwrap();
        let grid = Grid { lines: 1, pixels: 3 };
        let (from, to) = (Place { start: 0, line: 0, pixel: 8 }, Place { start: 0, line: 0, pixel: 2 });
        let requantize = Requantize { zero: 0, min: 0, max: 255 };
        let gemm = GemmQ8 { grid, from, taps: Taps::row(8), to, requantize };
        let refused = |a: usize, c: usize| {
            let (a, mut c) = (vec![1; a], vec![0; c]);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gemm.run(kernels, &a, &packed, None, &mut c)))
                .is_err()
        };
        assert!(!refused(24, 6));
        assert!(refused(23, 6));
        assert!(refused(24, 5));
    }
}
