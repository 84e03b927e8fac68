//! Products and convolutions of any geometry, and the layers of known models.

use crate::cases::{clamps, gaps, grids, place, taps};
use crate::guarded::Guarded;
use crate::plain::{Sum, at, compare, each, end, window};
use crate::{Numbers, kernels, untouched};
use dunlin_kernels::{Clamp, GemmF32, Grid, Kernels, Matrix, PackedF32, Place, Taps};
use proptest::prelude::*;

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

/// One row by a matrix of more columns than a kernel makes at once.
fn rows() -> impl Strategy<Value = Product> {
    let sizes = (1_usize..80, prop_oneof![1_usize..300, Just(64), Just(128), Just(256)]);
    (products(), sizes).prop_map(|(product, (k, n))| {
        let (grid, taps) = (Grid { lines: 1, pixels: 1 }, Taps::row(k));
        Product { grid, taps, n, ..product }
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

proptest! {
    #[test]
    fn a_product_is_that_of_plain_loops(product in products()) {
        product.check()?;
    }

    #[test]
    fn a_row_by_a_matrix_is_that_of_plain_loops(product in rows()) {
        product.check()?;
    }

    #[test]
    fn a_matrix_packed_as_it_runs_gives_the_product_of_one_packed_before(
        product in products(),
        factor in prop_oneof![Just(1.0_f32), Just(-0.5)],
    ) {
        let product = Product { bias: false, residual: None, ..product };
        let mut operands = product.operands();
        let elements = operands.weights.to_vec();
        operands.weights.iter_mut().for_each(|weight| *weight *= factor);
        for kernels in kernels() {
            let (k, n, strides) = (operands.k, product.n, operands.strides);
            let matrix = Matrix { elements: &elements, k, n, strides, factor };
            let scratch = Matrix::scratch_elements(kernels, k, n).unwrap();
            let mut scratch = Guarded::new(&vec![f32::NAN; scratch]);
            let mut c = untouched(operands.c_len);
            product.gemm().run_matrix(kernels, &operands.a, &matrix, &mut scratch, &mut c);
            prop_assert_eq!(&c[..], &product.run(kernels, &operands)[..], "{}", GemmF32::kernel(kernels));
        }
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
