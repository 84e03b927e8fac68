//! The f32 product and depthwise convolution, in every instruction set of this CPU, against plain loops in f64.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod guarded;

use dunlin_kernels::{
    Clamp, DepthwiseF32, GemmF32, Grid, Isa, Kernels, Matrix, PackedDepthwiseF32, PackedF32, Place, Taps,
};
use guarded::Guarded;
use proptest::prelude::*;

/// What stands where no result belongs.
const UNTOUCHED: f32 = -7777.0;

/// Numbers that look random, the same for the same seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    /// From -1 up to 1.
    fn real(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn reals(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.real()).collect()
    }

    fn guarded(&mut self, len: usize) -> Guarded<f32> {
        Guarded::new(&self.reals(len))
    }
}

/// A result to be written, where nothing is yet.
fn untouched(len: usize) -> Guarded<f32> {
    Guarded::new(&vec![UNTOUCHED; len])
}

fn kernels() -> impl Iterator<Item = &'static Kernels> {
    Isa::available().map(|isa| Kernels::of(isa).unwrap())
}

/// A result, and the sum of the magnitudes that it was added up from.
#[derive(Clone, Copy)]
struct Sum {
    value: f64,
    magnitude: f64,
}

impl Sum {
    const ZERO: Self = Self { value: 0.0, magnitude: 0.0 };

    fn add(&mut self, x: f64) {
        self.value += x;
        self.magnitude += x.abs();
    }
}

/// The offset of every element that a window reads, in the order of the weights.
fn window(taps: Taps) -> Vec<usize> {
    let mut offsets = Vec::new();
    for row in 0..taps.rows {
        for col in 0..taps.cols {
            for element in 0..taps.len {
                offsets.push(row * taps.row + col * taps.col + element);
            }
        }
    }
    offsets
}

/// Every pixel of a grid, as line and pixel.
fn each(grid: Grid) -> impl Iterator<Item = (usize, usize)> {
    (0..grid.lines).flat_map(move |line| (0..grid.pixels).map(move |pixel| (line, pixel)))
}

fn at(place: Place, (line, pixel): (usize, usize)) -> usize {
    place.start + line * place.line + pixel * place.pixel
}

/// One past the last element of a grid whose pixels have `reach` elements.
fn end(grid: Grid, place: Place, reach: usize) -> usize {
    each(grid).map(|pixel| at(place, pixel) + reach).max().unwrap_or(0)
}

/// Compares all of an output: sums within rounding, every other element untouched.
fn compare(name: &str, got: &[f32], sums: &[Option<Sum>], clamp: Clamp) -> Result<(), TestCaseError> {
    for (i, (&got, sum)) in got.iter().zip(sums).enumerate() {
        let Some(sum) = sum else {
            prop_assert_eq!(got, UNTOUCHED, "{}: element {} is nobody's", name, i);
            continue;
        };
        let want = sum.value.max(clamp.min.into()).min(clamp.max.into());
        let error = (f64::from(got) - want).abs();
        prop_assert!(error <= 1e-5 * sum.magnitude, "{name}: element {i} is {got}, not {want}");
    }
    Ok(())
}

/// Bounds of every kind that a model has.
fn clamps() -> impl Strategy<Value = Clamp> {
    prop_oneof![
        Just(Clamp::NONE),
        Just(Clamp::RELU),
        Just(Clamp { min: 0.0, max: 0.5 }),
        Just(Clamp { min: f32::NEG_INFINITY, max: 0.25 }),
        Just(Clamp { min: -0.25, max: 0.25 }),
    ]
}

/// Pixels in lines, or lines within pixels, with gaps between.
fn place(grid: Grid, reach: usize, gaps: [usize; 3], lines_within: bool) -> Place {
    let [start, small, large] = gaps;
    if lines_within {
        let line = reach + small;
        Place { start, line, pixel: line * grid.lines + large }
    } else {
        let pixel = reach + small;
        Place { start, line: pixel * grid.pixels + large, pixel }
    }
}

fn gaps() -> impl Strategy<Value = ([usize; 3], bool)> {
    let large = prop_oneof![Just(0), 0_usize..9];
    ((0_usize..3, 0_usize..3, large), any::<bool>())
        .prop_map(|((start, small, large), within)| ([start, small, large], within))
}

/// A window whose runs may overlap, neighbour or lie apart.
fn taps(len: impl Strategy<Value = usize>, rows: usize, cols: usize) -> impl Strategy<Value = Taps> {
    (1..=rows, 1..=cols, len, 0_usize..40, 0_usize..40).prop_map(|(rows, cols, len, row, col)| Taps {
        rows,
        row,
        cols,
        col,
        len,
    })
}

fn grids() -> impl Strategy<Value = Grid> {
    prop_oneof![
        Just(Grid { lines: 1, pixels: 1 }),
        (1_usize..6, 1_usize..9).prop_map(|(lines, pixels)| Grid { lines, pixels }),
        (1_usize..3, 1_usize..40).prop_map(|(lines, pixels)| Grid { lines, pixels }),
    ]
}

/// A product to try.
#[derive(Clone, Debug)]
struct Product {
    grid: Grid,
    /// `pixel` and `line` of A: windows may overlap.
    from: Place,
    taps: Taps,
    n: usize,
    to: Place,
    residual: Option<Place>,
    clamp: Clamp,
    bias: bool,
    transposed: bool,
    seed: u64,
}

fn products() -> impl Strategy<Value = Product> {
    let sizes = (grids(), taps(1_usize..40, 3, 2), 1_usize..70);
    // Where a line follows the one before, a kernel may take them for one.
    let from = (0_usize..3, proptest::option::of(0_usize..90), 0_usize..90);
    let rest = (clamps(), any::<bool>(), any::<bool>(), any::<u64>());
    (sizes, from, gaps(), proptest::option::of(gaps()), rest).prop_map(|(sizes, from, to, residual, rest)| {
        let ((grid, taps, n), (clamp, bias, transposed, seed)) = (sizes, rest);
        let (start, line, pixel) = from;
        let from = Place { start, line: line.unwrap_or(pixel * grid.pixels), pixel };
        let residual = residual.map(|(gaps, within)| place(grid, n, gaps, within));
        let to = place(grid, n, to.0, to.1);
        Product { grid, from, taps, n, to, residual, clamp, bias, transposed, seed }
    })
}

/// The operands of a product.
struct Operands {
    k: usize,
    strides: (usize, usize),
    a: Guarded<f32>,
    weights: Guarded<f32>,
    bias: Option<Vec<f32>>,
    residual: Option<Guarded<f32>>,
    c_len: usize,
}

impl Product {
    fn operands(&self) -> Operands {
        let mut numbers = Numbers(self.seed);
        let (k, n) = (self.taps.rows * self.taps.cols * self.taps.len, self.n);
        let reach = window(self.taps).into_iter().max().unwrap() + 1;
        Operands {
            k,
            strides: if self.transposed { (1, k) } else { (n, 1) },
            a: numbers.guarded(end(self.grid, self.from, reach)),
            weights: numbers.guarded(k * n),
            bias: self.bias.then(|| numbers.reals(n)),
            residual: self.residual.map(|at| numbers.guarded(end(self.grid, at, n))),
            c_len: end(self.grid, self.to, n),
        }
    }

    fn gemm(&self) -> GemmF32 {
        GemmF32 { grid: self.grid, from: self.from, taps: self.taps, to: self.to, clamp: self.clamp }
    }

    /// The sums by three plain loops.
    fn sums(&self, operands: &Operands) -> Vec<Option<Sum>> {
        let mut sums = vec![None; operands.c_len];
        let window = window(self.taps);
        for pixel in each(self.grid) {
            for column in 0..self.n {
                let mut sum = Sum::ZERO;
                sum.add(operands.bias.as_ref().map_or(0.0, |bias| bias[column].into()));
                for (k, offset) in window.iter().enumerate() {
                    let weight = operands.weights[k * operands.strides.0 + column * operands.strides.1];
                    sum.add(f64::from(operands.a[at(self.from, pixel) + offset]) * f64::from(weight));
                }
                if let (Some(place), Some(residual)) = (self.residual, &operands.residual) {
                    sum.add(residual[at(place, pixel) + column].into());
                }
                sums[at(self.to, pixel) + column] = Some(sum);
            }
        }
        sums
    }

    fn run(&self, kernels: &Kernels, operands: &Operands) -> Guarded<f32> {
        let Operands { k, strides, a, weights, bias, residual, c_len } = operands;
        let packed = PackedF32::new(kernels, weights, *k, self.n, *strides, bias.as_deref()).unwrap();
        let mut c = untouched(*c_len);
        let residual = residual.as_ref().map(|residual| &residual[..]).zip(self.residual);
        self.gemm().run(kernels, a, &packed, residual, &mut c);
        c
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let operands = self.operands();
        let sums = self.sums(&operands);
        for kernels in kernels() {
            compare(GemmF32::kernel(kernels), &self.run(kernels, &operands), &sums, self.clamp)?;
        }
        Ok(())
    }
}

/// A depthwise convolution to try; its channels are the elements of a run.
#[derive(Clone, Debug)]
struct Depthwise {
    grid: Grid,
    from: Place,
    taps: Taps,
    to: Place,
    clamp: Clamp,
    bias: bool,
    seed: u64,
}

fn depthwises() -> impl Strategy<Value = Depthwise> {
    let from = (0_usize..3, 0_usize..90, 0_usize..90).prop_map(|(start, line, pixel)| Place { start, line, pixel });
    // Pixels a whole number of columns apart, as in every convolution, share what they read.
    let columns = proptest::option::weighted(0.8, 0_usize..4);
    let size = prop_oneof![Just((3, 3)), (1_usize..=5, Just(5)), (1_usize..=6, 1_usize..=5)];
    let windows = (size, taps(1_usize..40, 1, 1), from, columns).prop_map(|((rows, cols), taps, from, columns)| {
        let pixel = columns.map_or(from.pixel, |columns| columns * taps.col);
        (Taps { rows, cols, ..taps }, Place { pixel, ..from })
    });
    (grids(), windows, gaps(), clamps(), any::<bool>(), any::<u64>()).prop_map(
        |(grid, (taps, from), to, clamp, bias, seed)| {
            let to = place(grid, taps.len, to.0, to.1);
            Depthwise { grid, from, taps, to, clamp, bias, seed }
        },
    )
}

impl Depthwise {
    fn check(&self) -> Result<(), TestCaseError> {
        let (taps, channels) = (self.taps.rows * self.taps.cols, self.taps.len);
        let mut numbers = Numbers(self.seed);
        let reach = window(self.taps).into_iter().max().unwrap() + 1;
        let x = numbers.guarded(end(self.grid, self.from, reach));
        let weights = numbers.reals(taps * channels);
        let bias = self.bias.then(|| numbers.reals(channels));
        let mut sums = vec![None; end(self.grid, self.to, channels)];
        for pixel in each(self.grid) {
            for channel in 0..channels {
                let mut sum = Sum::ZERO;
                sum.add(bias.as_ref().map_or(0.0, |bias| bias[channel].into()));
                for (tap, start) in window(Taps { len: 1, ..self.taps }).into_iter().enumerate() {
                    let x = x[at(self.from, pixel) + start + channel];
                    sum.add(f64::from(x) * f64::from(weights[tap * channels + channel]));
                }
                sums[at(self.to, pixel) + channel] = Some(sum);
            }
        }
        for kernels in kernels() {
            let packed = PackedDepthwiseF32::new(kernels, &weights, taps, channels, bias.as_deref()).unwrap();
            let mut y = untouched(sums.len());
            let Self { grid, from, taps, to, clamp, .. } = *self;
            DepthwiseF32 { grid, from, taps, to, clamp }.run(kernels, &x, &packed, &mut y);
            compare(DepthwiseF32::kernel(kernels), &y, &sums, clamp)?;
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_product_is_that_of_plain_loops(product in products()) {
        product.check()?;
    }

    #[test]
    fn a_matrix_packed_as_it_runs_gives_the_product_of_one_packed_before(product in products()) {
        let product = Product { bias: false, residual: None, ..product };
        let operands = product.operands();
        for kernels in kernels() {
            let matrix = Matrix {
                elements: &operands.weights,
                k: operands.k,
                n: product.n,
                strides: operands.strides,
                factor: 1.0,
            };
            let scratch = Matrix::scratch_elements(kernels, operands.k, product.n).unwrap();
            let mut scratch = Guarded::new(&vec![f32::NAN; scratch]);
            let mut c = untouched(operands.c_len);
            product.gemm().run_matrix(kernels, &operands.a, &matrix, &mut scratch, &mut c);
            prop_assert_eq!(&c[..], &product.run(kernels, &operands)[..], "{}", GemmF32::kernel(kernels));
        }
    }

    #[test]
    fn a_depthwise_convolution_is_that_of_plain_loops(depthwise in depthwises()) {
        depthwise.check()?;
    }
}

/// A layer over an image with its border: `(height, width, channels)` of the output, the window, its stride, and the
/// channels of the input.
fn convolution((h, w, n): (usize, usize, usize), (kh, kw): (usize, usize), stride: usize, c: usize) -> Product {
    let line = ((w - 1) * stride + kw) * c;
    Product {
        grid: Grid { lines: h, pixels: w },
        from: Place { start: 0, line: line * stride, pixel: c * stride },
        taps: Taps { rows: kh, row: line, cols: 1, col: 0, len: kw * c },
        n,
        to: Place { start: 0, line: w * n, pixel: n },
        residual: Some(Place { start: 0, line: w * n, pixel: n }),
        clamp: Clamp::RELU,
        bias: true,
        transposed: true,
        seed: 7,
    }
}

#[test]
fn layers_of_known_models_are_those_of_plain_loops() {
    let layers = [
        convolution((25, 5, 64), (10, 4), 2, 1),
        convolution((1, 125, 64), (1, 1), 1, 64),
        convolution((8, 32, 16), (3, 3), 1, 3),
        convolution((8, 32, 16), (3, 3), 1, 16),
        convolution((8, 8, 64), (3, 3), 2, 32),
        convolution((4, 48, 8), (3, 3), 2, 3),
        convolution((1, 9, 256), (1, 1), 1, 128),
        convolution((1, 1, 128), (1, 1), 1, 640),
        convolution((1, 1, 12), (1, 1), 1, 64),
        convolution((1, 64, 2), (1, 1), 1, 128),
    ];
    for layer in layers {
        layer.check().unwrap();
    }
}

#[test]
fn no_pixel_writes_nothing() {
    for grid in [Grid { lines: 0, pixels: 5 }, Grid { lines: 5, pixels: 0 }, Grid { lines: 0, pixels: 0 }] {
        for kernels in kernels() {
            let clamp = Clamp::NONE;
            let (from, to) = (Place { start: 0, line: 40, pixel: 8 }, Place { start: 1, line: 40, pixel: 8 });
            let packed = PackedF32::new(kernels, &[1.0; 32], 4, 8, (8, 1), None).unwrap();
            GemmF32 { grid, from, taps: Taps::row(4), to, clamp }.run(kernels, &[], &packed, None, &mut []);
            let packed = PackedDepthwiseF32::new(kernels, &[1.0; 32], 4, 8, None).unwrap();
            let taps = Taps { rows: 2, row: 9, cols: 2, col: 9, len: 8 };
            DepthwiseF32 { grid, from, taps, to, clamp }.run(kernels, &[], &packed, &mut []);
        }
    }
}

#[test]
fn a_depthwise_convolution_of_no_channel_writes_nothing() {
    for kernels in kernels() {
        let grid = Grid { lines: 1, pixels: 3 };
        let place = Place { start: 0, line: 0, pixel: 2 };
        let packed = PackedDepthwiseF32::new(kernels, &[], 1, 0, Some(&[])).unwrap();
        let taps = Taps { rows: 1, row: 0, cols: 1, col: 0, len: 0 };
        let mut y = [UNTOUCHED; 6];
        DepthwiseF32 { grid, from: place, taps, to: place, clamp: Clamp::NONE }
            .run(kernels, &[0.0; 4], &packed, &mut y);
        assert_eq!(y, [UNTOUCHED; 6], "{}", DepthwiseF32::kernel(kernels));
    }
}

#[test]
fn weights_without_an_element_are_refused() {
    for kernels in kernels() {
        assert!(PackedF32::new(kernels, &[], 0, 4, (4, 1), None).is_none());
        assert!(PackedF32::new(kernels, &[], 4, 0, (0, 1), None).is_none());
        assert!(PackedF32::new(kernels, &[0.0; 15], 4, 4, (4, 1), None).is_none());
        assert!(PackedF32::new(kernels, &[0.0; 16], 4, 4, (4, 1), Some(&[0.0; 3])).is_none());
        assert!(PackedF32::new(kernels, &[0.0; 16], usize::MAX, 4, (4, 1), None).is_none());
        assert!(PackedDepthwiseF32::new(kernels, &[0.0; 35], 9, 4, None).is_none());
        assert!(PackedDepthwiseF32::new(kernels, &[0.0; 36], 9, 4, Some(&[0.0; 3])).is_none());
        assert!(PackedDepthwiseF32::new(kernels, &[0.0; 36], usize::MAX, 4, None).is_none());
    }
}

#[test]
fn what_is_not_a_number_passes_the_bounds() {
    let clamp = Clamp { min: 0.0, max: 1.0 };
    for kernels in kernels() {
        for n in [1, 8, 16, 24, 33] {
            let packed = PackedF32::new(kernels, &vec![1.0; 2 * n], 2, n, (n, 1), None).unwrap();
            let grid = Grid { lines: 1, pixels: 3 };
            let (from, to) = (Place { pixel: 2, ..Place::default() }, Place { pixel: n, ..Place::default() });
            let mut c = vec![UNTOUCHED; 3 * n];
            let a = [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, 0.0, f32::NEG_INFINITY, 0.0];
            GemmF32 { grid, from, taps: Taps::row(2), to, clamp }.run(kernels, &a, &packed, None, &mut c);
            assert!(c[..n].iter().all(|c| c.is_nan()), "{} {c:?}", GemmF32::kernel(kernels));
            assert_eq!(c[n..2 * n], vec![1.0; n], "{}", GemmF32::kernel(kernels));
            assert_eq!(c[2 * n..], vec![0.0; n], "{}", GemmF32::kernel(kernels));
            let packed = PackedDepthwiseF32::new(kernels, &vec![1.0; n], 1, n, None).unwrap();
            let mut y = vec![UNTOUCHED; 3 * n];
            let x = [vec![f32::NAN; n], vec![f32::INFINITY; n], vec![f32::NEG_INFINITY; n]].concat();
            DepthwiseF32 { grid, from: to, taps: Taps::row(n), to, clamp }.run(kernels, &x, &packed, &mut y);
            assert!(y[..n].iter().all(|y| y.is_nan()), "{} {y:?}", DepthwiseF32::kernel(kernels));
            assert_eq!(y[n..2 * n], vec![1.0; n], "{}", DepthwiseF32::kernel(kernels));
            assert_eq!(y[2 * n..], vec![0.0; n], "{}", DepthwiseF32::kernel(kernels));
        }
    }
}

#[test]
#[should_panic(expected = "C: ")]
fn a_product_that_would_end_past_its_result_is_refused() {
    let kernels = Kernels::of(Isa::best()).unwrap();
    let packed = PackedF32::new(kernels, &[1.0; 12], 4, 3, (3, 1), None).unwrap();
    let grid = Grid { lines: 1, pixels: 2 };
    let (from, to) = (Place { pixel: 4, ..Place::default() }, Place { pixel: 3, ..Place::default() });
    GemmF32 { grid, from, taps: Taps::row(4), to, clamp: Clamp::NONE }.run(
        kernels,
        &[0.0; 8],
        &packed,
        None,
        &mut [0.0; 5],
    );
}

#[test]
#[should_panic(expected = "A: ")]
fn a_product_that_would_read_past_its_operand_is_refused() {
    let kernels = Kernels::of(Isa::best()).unwrap();
    let packed = PackedF32::new(kernels, &[1.0; 12], 4, 3, (3, 1), None).unwrap();
    let grid = Grid { lines: 1, pixels: 2 };
    let (from, to) = (Place { pixel: 4, ..Place::default() }, Place { pixel: 3, ..Place::default() });
    GemmF32 { grid, from, taps: Taps::row(4), to, clamp: Clamp::NONE }.run(
        kernels,
        &[0.0; 7],
        &packed,
        None,
        &mut [0.0; 6],
    );
}
