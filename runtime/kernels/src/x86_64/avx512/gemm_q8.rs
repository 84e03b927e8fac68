//! The int8 matrix product with AVX-512 VNNI: tiles of up to 6 pixels by 64 columns, or 8 by 48.

use super::masks;
use super::requantize::{Requantizer, add_run};
use crate::geometry::Place;
use crate::q8::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};
use crate::x86_64::residual;
use crate::x86_64::tiles::{Pixels, split};
use std::arch::x86_64::*;

/// Columns of a vector of sums.
const VECTOR: usize = 16;
/// Columns of a panel.
const PANEL: usize = 4 * VECTOR;
/// Elements of k that one instruction sums.
const GROUP: usize = 4;
/// Accumulators of each vector of a single pixel, whose sums would else wait for one another.
const CHAINS: usize = 4;

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_6x64_avx512vnni",
    vector: VECTOR,
    panel: PANEL,
    group: GROUP,
    offset: 0,
    to_q8: gemm_q8,
    to_f32: gemm_q8_to_f32,
};

/// # Safety
/// The CPU must have AVX-512 VNNI; all that the arguments point at must be there, as the door checks.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn gemm_q8_to_f32(args: &GemmQ8ToF32Args) {
    // SAFETY: as the caller says.
    unsafe { run(&args.product, ToF32 { args }) }
}

/// What becomes of the sums of a tile.
trait Output: Copy {
    /// Where C's pixels lie.
    fn place(&self) -> Place;

    /// Stores the sums of a tile.
    ///
    /// # Safety
    /// The CPU must have AVX-512 (F, BW, VL), and C the pixels.
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target<MR>);
}

/// Where the sums of a tile go.
struct Target<const MR: usize> {
    /// The offset of each pixel in C.
    c: [usize; MR],
    /// The number of the first pixel, and how many there are; those past the last one repeat it.
    pixel: usize,
    size: usize,
    /// The first column, and how many there are.
    first: usize,
    columns: usize,
}

/// # Safety
/// As for `gemm_q8`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn run<O: Output>(product: &ProductArgs, output: O) {
    let taps = product.taps;
    let k = taps.rows.wrapping_mul(taps.cols).wrapping_mul(taps.len.next_multiple_of(GROUP));
    let mut first = 0;
    while first < product.n {
        let columns = PANEL.min(product.n - first);
        // SAFETY: as the caller says; packed panels are `k` long and as wide as the vectors that their columns take.
        unsafe {
            let b = product.b.add(first.wrapping_mul(k));
            match columns.div_ceil(VECTOR) {
                1 => panel::<1, O>(product, output, b, first, columns),
                2 => panel::<2, O>(product, output, b, first, columns),
                3 => panel::<3, O>(product, output, b, first, columns),
                _ => panel::<4, O>(product, output, b, first, columns),
            }
        }
        first += PANEL;
    }
}

/// All pixels of a panel of `NV` vectors.
///
/// # Safety
/// As for `gemm_q8`; `b` points at the panel.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn panel<const NV: usize, O: Output>(
    product: &ProductArgs,
    output: O,
    b: *const i8,
    first: usize,
    columns: usize,
) {
    let count = product.grid.lines.wrapping_mul(product.grid.pixels);
    let (tiles, least, more) = split(count, if NV == 4 { 6 } else { 8 });
    let mut tile = Tile {
        product,
        output,
        b,
        first,
        columns,
        pixels: Pixels::new(product.grid, [product.from, output.place()]),
        pixel: 0,
    };
    for i in 0..tiles {
        let size = least.wrapping_add(usize::from(i < more));
        // SAFETY: as the caller says.
        unsafe {
            match size {
                1 => tile.single::<NV>(),
                2 => tile.several::<2, NV>(size),
                3 | 4 => tile.several::<4, NV>(size),
                5 if NV == 4 => tile.several::<5, NV>(size),
                5 | 6 => tile.several::<6, NV>(size),
                _ => tile.several::<8, NV>(size),
            }
        }
    }
}

/// Where a panel has come to.
struct Tile<'a, O> {
    product: &'a ProductArgs,
    output: O,
    b: *const i8,
    /// The panel's first column, and its columns.
    first: usize,
    columns: usize,
    pixels: Pixels,
    /// The number of the next pixel.
    pixel: usize,
}

impl<O: Output> Tile<'_, O> {
    /// The next `size` pixels, at most `MR`.
    ///
    /// # Safety
    /// As for `panel`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn several<const MR: usize, const NV: usize>(&mut self, size: usize) {
        let [a, c] = self.pixels.next::<MR>(size);
        // SAFETY: as the caller says: the offsets are of pixels of the grid.
        unsafe {
            let a = a.map(|offset| self.product.a.add(offset));
            let sums = sums::<MR, NV>(self.product, a, self.b, self.first);
            self.output.store(sums, &Target { c, pixel: self.pixel, size, first: self.first, columns: self.columns });
        }
        self.pixel = self.pixel.wrapping_add(size);
    }

    /// The next pixel.
    ///
    /// # Safety
    /// As for `panel`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn single<const NV: usize>(&mut self) {
        let [[a], c] = self.pixels.next::<1>(1);
        // SAFETY: as the caller says: the offsets are of a pixel of the grid.
        unsafe {
            let sums = single_sums::<NV>(self.product, self.product.a.add(a), self.b, self.first);
            let (first, columns) = (self.first, self.columns);
            self.output.store([sums], &Target { c, pixel: self.pixel, size: 1, first, columns });
        }
        self.pixel = self.pixel.wrapping_add(1);
    }
}

/// The sums of `MR` pixels, bias added, which start at `a`.
///
/// # Safety
/// As for `panel`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn sums<const MR: usize, const NV: usize>(
    product: &ProductArgs,
    a: [*const u8; MR],
    mut b: *const i8,
    first: usize,
) -> [[__m512i; NV]; MR] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    // SAFETY: as the caller says: each run is readable to a whole group, the panel has every group, the bias each column.
    unsafe {
        let mut sums = [bias::<NV>(product, first); MR];
        for row in 0..taps.rows {
            for col in 0..taps.cols {
                let run = row.wrapping_mul(taps.row).wrapping_add(col.wrapping_mul(taps.col));
                let a = a.map(|a| a.add(run).cast::<i32>());
                for group in 0..groups {
                    let weights = vectors::<NV>(b.cast());
                    for (sums, a) in sums.iter_mut().zip(a) {
                        let x = _mm512_set1_epi32(a.add(group).read_unaligned());
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = _mm512_dpbusd_epi32(*sum, x, weights);
                        }
                    }
                    b = b.add(NV * 64);
                }
            }
        }
        sums
    }
}

/// The sums of one pixel, bias added, which starts at `a`.
///
/// # Safety
/// As for `panel`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn single_sums<const NV: usize>(
    product: &ProductArgs,
    a: *const u8,
    mut b: *const i8,
    first: usize,
) -> [__m512i; NV] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    // SAFETY: as for `sums`.
    unsafe {
        let mut chains = [[_mm512_setzero_si512(); NV]; CHAINS];
        chains[0] = bias::<NV>(product, first);
        for row in 0..taps.rows {
            for col in 0..taps.cols {
                let run = row.wrapping_mul(taps.row).wrapping_add(col.wrapping_mul(taps.col));
                let mut a = a.add(run).cast::<i32>();
                for _ in 0..groups / CHAINS {
                    for (i, chain) in chains.iter_mut().enumerate() {
                        *chain = dot(*chain, a.add(i), b.add(i * NV * 64));
                    }
                    a = a.add(CHAINS);
                    b = b.add(CHAINS * NV * 64);
                }
                for _ in 0..groups % CHAINS {
                    chains[0] = dot(chains[0], a, b);
                    a = a.add(1);
                    b = b.add(NV * 64);
                }
            }
        }
        let [mut sums, rest @ ..] = chains;
        for chain in rest {
            for (sum, other) in sums.iter_mut().zip(chain) {
                *sum = _mm512_add_epi32(*sum, other);
            }
        }
        sums
    }
}

/// Adds one group of one pixel.
///
/// # Safety
/// As for `panel`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dot<const NV: usize>(mut sums: [__m512i; NV], a: *const i32, b: *const i8) -> [__m512i; NV] {
    // SAFETY: as the caller says.
    let (x, weights) = unsafe { (_mm512_set1_epi32(a.read_unaligned()), vectors::<NV>(b.cast())) };
    for (sum, weights) in sums.iter_mut().zip(weights) {
        *sum = _mm512_dpbusd_epi32(*sum, x, weights);
    }
    sums
}

/// # Safety
/// As for `panel`: bias is padded to whole vectors.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn bias<const NV: usize>(product: &ProductArgs, first: usize) -> [__m512i; NV] {
    // SAFETY: as the caller says.
    unsafe { vectors(product.bias.add(first)) }
}

/// # Safety
/// So many vectors must be readable.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn vectors<const NV: usize>(from: *const i32) -> [__m512i; NV] {
    let mut vectors = [_mm512_setzero_si512(); NV];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller says.
        *vector = unsafe { _mm512_loadu_si512(from.add(v * VECTOR).cast()) };
    }
    vectors
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
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target<MR>) {
        // As many pixels as fill the four vectors that are packed together.
        let together = if NV > 2 { 1 } else { 4 / NV };
        // SAFETY: as the caller says; scale is padded to whole vectors, and only columns of C are written.
        unsafe {
            let (scale, c) = (self.args.product.scale.add(at.first), self.args.c.add(at.first));
            let mut pixel = 0;
            while pixel < MR {
                let count = if together < MR - pixel { together } else { MR - pixel };
                let mut rounded = [_mm512_setzero_si512(); 4];
                for i in 0..count {
                    for v in 0..NV {
                        rounded[i * NV + v] = self.by.round(sums[pixel + i][v], _mm512_loadu_ps(scale.add(v * VECTOR)));
                    }
                }
                // The packed lanes hold four columns of each vector.
                let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
                let bytes = _mm512_permutexvar_epi32(order, self.by.pack(rounded));
                match NV {
                    1 => {
                        for i in 0..count {
                            store_16(c.add(at.c[pixel + i]), quarter(bytes, i), at.columns);
                        }
                    }
                    2 => {
                        store_32(c.add(at.c[pixel]), _mm512_castsi512_si256(bytes), at.columns);
                        if count == 2 {
                            store_32(c.add(at.c[pixel + 1]), _mm512_extracti64x4_epi64::<1>(bytes), at.columns);
                        }
                    }
                    _ if at.columns == PANEL => _mm512_storeu_si512(c.add(at.c[pixel]).cast(), bytes),
                    _ => _mm512_mask_storeu_epi8(c.add(at.c[pixel]).cast(), masks::of_64(at.columns), bytes),
                }
                pixel += together;
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quarter(bytes: __m512i, i: usize) -> __m128i {
    match i {
        0 => _mm512_castsi512_si128(bytes),
        1 => _mm512_extracti32x4_epi32::<1>(bytes),
        2 => _mm512_extracti32x4_epi32::<2>(bytes),
        _ => _mm512_extracti32x4_epi32::<3>(bytes),
    }
}

/// # Safety
/// The first `columns` bytes must be writable.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_16(c: *mut u8, bytes: __m128i, columns: usize) {
    // SAFETY: as the caller says.
    unsafe {
        match columns {
            16 => _mm_storeu_si128(c.cast(), bytes),
            8 => _mm_storel_epi64(c.cast(), bytes),
            _ => _mm_mask_storeu_epi8(c.cast(), masks::of_16(columns), bytes),
        }
    }
}

/// # Safety
/// The first `columns` bytes must be writable.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_32(c: *mut u8, bytes: __m256i, columns: usize) {
    // SAFETY: as the caller says.
    unsafe {
        match columns {
            32 => _mm256_storeu_si256(c.cast(), bytes),
            _ => _mm256_mask_storeu_epi8(c.cast(), masks::of_64(columns) as __mmask32, bytes),
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
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target<MR>) {
        let args = self.args;
        // SAFETY: as the caller says; scale and bias are padded to whole vectors, and only columns of C are written.
        unsafe {
            let (low, high) = (_mm512_set1_ps(args.clamp.min), _mm512_set1_ps(args.clamp.max));
            for (i, sums) in sums.into_iter().enumerate() {
                let pixel = at.pixel.wrapping_add(i.min(at.size.wrapping_sub(1)));
                let row = if args.row_scale.is_null() { 1.0 } else { *args.row_scale.add(pixel) };
                for (v, sums) in sums.into_iter().enumerate() {
                    let column = at.first.wrapping_add(v * VECTOR);
                    let scale = _mm512_loadu_ps(args.product.scale.add(column));
                    let real = _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale), _mm512_set1_ps(row));
                    let real = _mm512_add_ps(real, _mm512_loadu_ps(args.bias.add(column)));
                    // The bounds come first, so that NaN passes.
                    let real = _mm512_min_ps(high, _mm512_max_ps(low, real));
                    let mask = masks::of_16(at.columns.wrapping_sub(v * VECTOR));
                    _mm512_mask_storeu_ps(args.c.add(at.c[i]).add(column), mask, real);
                }
            }
        }
    }
}
