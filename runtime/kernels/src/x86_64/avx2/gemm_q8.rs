//! The int8 matrix product with AVX2: tiles of up to 4 pixels by 16 columns.
//!
//! The instruction that multiplies bytes saturates its sums, so bytes are widened to 16 bits and multiplied there: of four
//! neighbouring elements the even and the odd ones in turn, which takes one operation each for activations and one or two
//! for weights.

use super::requantize::{Requantizer, add_run, round};
use crate::geometry::Place;
use crate::q8::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};
use crate::x86_64::residual;
use crate::x86_64::tiles::Lines;
use std::arch::x86_64::*;

/// Columns of a vector of sums.
const VECTOR: usize = 8;
/// Columns of a panel.
const PANEL: usize = 2 * VECTOR;
/// Elements of k that stand together.
const GROUP: usize = 4;

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_4x16_avx2",
    vector: VECTOR,
    panel: PANEL,
    group: GROUP,
    slim: 0,
    offset: 0,
    floats: false,
    to_q8: gemm_q8,
    to_f32: gemm_q8_to_f32,
};

/// # Safety
/// The CPU must have AVX2; all that the arguments point at must be there, as the door checks.
#[target_feature(enable = "avx2")]
unsafe fn gemm_q8(args: &GemmQ8Args) {
    let by = args.residual.map_or(args.requantize, |residual| residual.product);
    let output = ToQ8 { args, by: Requantizer::new(by) };
    // SAFETY: as the caller says.
    unsafe {
        run(&args.product, output);
        if let Some(other) = &args.residual {
            residual::add(args, other, add_run);
        }
    }
}

/// # Safety
/// As for `gemm_q8`.
#[target_feature(enable = "avx2")]
unsafe fn gemm_q8_to_f32(args: &GemmQ8ToF32Args) {
    // SAFETY: as the caller says.
    unsafe { run(&args.product, ToF32 { args }) }
}

/// What becomes of the sums of a tile.
trait Output: Copy {
    /// Where C's pixels lie.
    fn place(&self) -> Place;

    /// Stores the sums of one pixel: columns `first` on, of which `columns` count. `pixel` is its number and `at` its
    /// offset in C.
    ///
    /// # Safety
    /// The CPU must have AVX2, and C the pixel.
    unsafe fn store<const NV: usize>(self, sums: [__m256i; NV], pixel: usize, at: usize, first: usize, columns: usize);
}

/// # Safety
/// As for `gemm_q8`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn run<O: Output>(product: &ProductArgs, output: O) {
    let taps = product.taps;
    let k = taps.rows.wrapping_mul(taps.cols).wrapping_mul(taps.len.next_multiple_of(GROUP));
    let lines = Lines::of(product.grid, product.from, output.place());
    let mut first = 0;
    while first < product.n {
        let columns = PANEL.min(product.n.wrapping_sub(first));
        // SAFETY: as the caller says; packed panels are `k` long and as wide as the vectors that their columns take.
        unsafe {
            let panel = Panel { product, output, lines, b: product.b.add(first.wrapping_mul(k)), first, columns };
            if columns > VECTOR { panel.run::<2>() } else { panel.run::<1>() }
        }
        first = first.wrapping_add(PANEL);
    }
}

/// The columns that are made together.
struct Panel<'a, O> {
    product: &'a ProductArgs,
    output: O,
    lines: Lines,
    b: *const i8,
    /// The first column, and how many there are.
    first: usize,
    columns: usize,
}

impl<O: Output> Panel<'_, O> {
    /// All pixels, in `NV` vectors of columns.
    ///
    /// # Safety
    /// As for `run`.
    #[target_feature(enable = "avx2")]
    unsafe fn run<const NV: usize>(&self) {
        let pixels = self.lines.grid.pixels;
        for line in 0..self.lines.grid.lines {
            let mut pixel = 0;
            while pixel < pixels {
                // SAFETY: as the caller says.
                let size = unsafe {
                    match pixels.wrapping_sub(pixel) {
                        1 => self.single::<NV>(line, pixel),
                        2 | 3 => self.tile::<2, NV>(line, pixel),
                        _ => self.tile::<4, NV>(line, pixel),
                    }
                };
                pixel = pixel.wrapping_add(size);
            }
        }
    }

    /// One pixel of a line. A function of its own: within the others its few sums are put on the stack.
    ///
    /// # Safety
    /// As for `tile`.
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    unsafe fn single<const NV: usize>(&self, line: usize, pixel: usize) -> usize {
        // SAFETY: as the caller says.
        unsafe { self.tile::<1, NV>(line, pixel) }
    }

    /// `MR` pixels of a line.
    ///
    /// # Safety
    /// As for `run`; the pixels must be the line's.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn tile<const MR: usize, const NV: usize>(&self, line: usize, pixel: usize) -> usize {
        let Lines { grid, from, to } = self.lines;
        let offset =
            |at: Place| at.start.wrapping_add(line.wrapping_mul(at.line)).wrapping_add(pixel.wrapping_mul(at.pixel));
        // SAFETY: as the caller says.
        unsafe {
            let a = self.product.a.add(offset(from));
            let sums = sums::<MR, NV>(self.product, a, from.pixel, self.b, self.first);
            let number = line.wrapping_mul(grid.pixels).wrapping_add(pixel);
            for (i, sums) in sums.into_iter().enumerate() {
                let at = offset(to).wrapping_add(i.wrapping_mul(to.pixel));
                self.output.store(sums, number.wrapping_add(i), at, self.first, self.columns);
            }
        }
        MR
    }
}

/// The sums of `MR` pixels, bias added, of which the first starts at `a` and each next one `step` after it.
///
/// # Safety
/// As for `Panel::tile`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn sums<const MR: usize, const NV: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    b: *const i8,
    first: usize,
) -> [[__m256i; NV]; MR] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    let low = _mm256_set1_epi16(0xff);
    // SAFETY: as the caller says: each run is readable to a whole group, the panel has every group, the bias each column.
    unsafe {
        let mut b = b.cast::<__m256i>();
        let mut sums = [[_mm256_setzero_si256(); NV]; MR];
        for sums in &mut sums {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = _mm256_loadu_si256(product.bias.add(first).cast::<__m256i>().add(v));
            }
        }
        for row in 0..taps.rows {
            for col in 0..taps.cols {
                let mut a = a.add(row.wrapping_mul(taps.row)).add(col.wrapping_mul(taps.col));
                for _ in 0..groups {
                    let mut weights = [[_mm256_setzero_si256(); 2]; NV];
                    for (v, weights) in weights.iter_mut().enumerate() {
                        let all = _mm256_loadu_si256(b.add(v));
                        let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(all));
                        *weights = [even, _mm256_srai_epi16::<8>(all)];
                    }
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let a = a.wrapping_add(i.wrapping_mul(step)).cast::<i32>();
                        let x = _mm256_set1_epi32(a.read_unaligned());
                        let (even, odd) = (_mm256_and_si256(x, low), _mm256_srli_epi16::<8>(x));
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(even, weights[0]));
                            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(odd, weights[1]));
                        }
                    }
                    a = a.wrapping_add(GROUP);
                    b = b.add(NV);
                }
            }
        }
        sums
    }
}

/// u8.
#[derive(Clone, Copy)]
struct ToQ8<'a> {
    args: &'a GemmQ8Args,
    by: Requantizer,
}

impl Output for ToQ8<'_> {
    fn place(&self) -> Place {
        self.args.to
    }

    #[inline(always)]
    unsafe fn store<const NV: usize>(self, sums: [__m256i; NV], _: usize, at: usize, first: usize, columns: usize) {
        // SAFETY: as the caller says; scale is padded to whole vectors, and only columns of C are written.
        unsafe {
            let mut rounded = [_mm256_setzero_si256(); 4];
            for (v, (rounded, sums)) in rounded.iter_mut().zip(sums).enumerate() {
                let scale = _mm256_loadu_ps(self.args.product.scale.add(first).add(v * VECTOR));
                *rounded = round(sums, scale);
            }
            // The packed lanes hold four columns of each vector.
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            let bytes = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(self.by.pack(rounded), order));
            let c = self.args.c.add(at).add(first);
            match columns {
                PANEL => _mm_storeu_si128(c.cast(), bytes),
                VECTOR => _mm_storel_epi64(c.cast(), bytes),
                _ => {
                    let mut all = [0_u8; PANEL];
                    _mm_storeu_si128(all.as_mut_ptr().cast(), bytes);
                    c.copy_from_nonoverlapping(all.as_ptr(), columns);
                }
            }
        }
    }
}

/// f32.
#[derive(Clone, Copy)]
struct ToF32<'a> {
    args: &'a GemmQ8ToF32Args,
}

impl Output for ToF32<'_> {
    fn place(&self) -> Place {
        self.args.to
    }

    #[inline(always)]
    unsafe fn store<const NV: usize>(self, sums: [__m256i; NV], pixel: usize, at: usize, first: usize, columns: usize) {
        let args = self.args;
        // SAFETY: as the caller says; scale and bias are padded to whole vectors, and only columns of C are written.
        unsafe {
            let row = if args.row_scale.is_null() { 1.0 } else { *args.row_scale.add(pixel) };
            let (low, high) = (_mm256_set1_ps(args.clamp.min), _mm256_set1_ps(args.clamp.max));
            for (v, sums) in sums.into_iter().enumerate() {
                let column = first.wrapping_add(v * VECTOR);
                let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_loadu_ps(args.product.scale.add(column)));
                let real = _mm256_mul_ps(scaled, _mm256_set1_ps(row));
                let real = _mm256_add_ps(real, _mm256_loadu_ps(args.bias.add(column)));
                // The bounds come first, so that NaN passes.
                let real = _mm256_min_ps(high, _mm256_max_ps(low, real));
                let (c, left) = (args.c.add(at).add(column), columns.wrapping_sub(v * VECTOR));
                if left >= VECTOR {
                    _mm256_storeu_ps(c, real);
                } else {
                    let mask =
                        _mm256_cmpgt_epi32(_mm256_set1_epi32(left as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
                    _mm256_maskstore_ps(c, mask, real);
                }
            }
        }
    }
}
