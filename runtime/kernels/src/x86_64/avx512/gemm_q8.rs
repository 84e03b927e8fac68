//! The int8 matrix product with AVX-512 VNNI: tiles of up to 6 pixels by 64 columns, or 8 by 48.

use super::masks;
use super::requantize::{Requantizer, add_run, round};
use crate::geometry::Place;
use crate::q8::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};
use crate::x86_64::residual;
use crate::x86_64::tiles::{Lines, split};
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
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target);
}

/// Where the sums of a tile go.
struct Target {
    /// The offset of the first pixel in C, and from it to the next one.
    c: usize,
    step: usize,
    /// The number of the first pixel.
    pixel: usize,
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
    let lines = Lines::of(product.grid, product.from, output.place());
    if lines.grid.pixels == 0 {
        return;
    }
    let mut first = 0;
    while first < product.n {
        let columns = PANEL.min(product.n.wrapping_sub(first));
        // SAFETY: as the caller says; packed panels are `k` long and as wide as the vectors that their columns take.
        unsafe {
            let panel = Panel { product, output, lines, b: product.b.add(first.wrapping_mul(k)), first, columns };
            match columns.div_ceil(VECTOR) {
                1 => panel.narrow::<1>(),
                2 => panel.narrow::<2>(),
                3 => panel.narrow::<3>(),
                _ => panel.wide(),
            }
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
    /// All pixels, in four vectors of columns.
    ///
    /// # Safety
    /// As for `run`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn wide(&self) {
        let (tiles, least, more) = split(self.lines.grid.pixels, 6);
        for line in 0..self.lines.grid.lines {
            let mut pixel = 0;
            for i in 0..tiles {
                let size = least.wrapping_add(usize::from(i < more));
                // SAFETY: as the caller says.
                let size = unsafe {
                    match size {
                        1 => self.single::<4>(line, pixel),
                        2 => self.tile::<2, 4>(line, pixel),
                        3 => self.tile::<3, 4>(line, pixel),
                        4 => self.tile::<4, 4>(line, pixel),
                        5 => self.tile::<5, 4>(line, pixel),
                        _ => self.tile::<6, 4>(line, pixel),
                    }
                };
                pixel = pixel.wrapping_add(size);
            }
        }
    }

    /// All pixels, in up to three vectors of columns.
    ///
    /// # Safety
    /// As for `run`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn narrow<const NV: usize>(&self) {
        let pixels = self.lines.grid.pixels;
        for line in 0..self.lines.grid.lines {
            let mut pixel = 0;
            while pixel < pixels {
                // SAFETY: as the caller says.
                let size = unsafe {
                    match pixels.wrapping_sub(pixel) {
                        1 => self.single::<NV>(line, pixel),
                        2 | 3 => self.tile::<2, NV>(line, pixel),
                        4..8 => self.tile::<4, NV>(line, pixel),
                        _ => self.tile::<8, NV>(line, pixel),
                    }
                };
                pixel = pixel.wrapping_add(size);
            }
        }
    }

    /// Where a pixel is read and where it goes.
    #[inline(always)]
    fn at(&self, line: usize, pixel: usize) -> (*const u8, Target) {
        let Lines { grid, from, to } = self.lines;
        let offset =
            |at: Place| at.start.wrapping_add(line.wrapping_mul(at.line)).wrapping_add(pixel.wrapping_mul(at.pixel));
        let pixel = line.wrapping_mul(grid.pixels).wrapping_add(pixel);
        let target = Target { c: offset(to), step: to.pixel, pixel, first: self.first, columns: self.columns };
        (self.product.a.wrapping_add(offset(from)), target)
    }

    /// `MR` pixels of a line.
    ///
    /// # Safety
    /// As for `run`; the pixels must be the line's.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn tile<const MR: usize, const NV: usize>(&self, line: usize, pixel: usize) -> usize {
        let (a, target) = self.at(line, pixel);
        // SAFETY: as the caller says.
        unsafe {
            let sums = sums::<MR, NV>(self.product, a, self.lines.from.pixel, self.b, self.first);
            self.output.store(sums, &target);
        }
        MR
    }

    /// One pixel of a line.
    ///
    /// # Safety
    /// As for `tile`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn single<const NV: usize>(&self, line: usize, pixel: usize) -> usize {
        let (a, target) = self.at(line, pixel);
        // SAFETY: as the caller says.
        unsafe {
            let sums = single_sums::<NV>(self.product, a, self.b, self.first);
            self.output.store([sums], &target);
        }
        1
    }
}

/// The sums of `MR` pixels, bias added, of which the first starts at `a` and each next one `step` after it.
///
/// # Safety
/// As for `Panel::tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn sums<const MR: usize, const NV: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    mut b: *const i8,
    first: usize,
) -> [[__m512i; NV]; MR] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    let (mut row, mut rows) = (a, taps.rows);
    // SAFETY: as the caller says: each run is readable to a whole group, the panel has every group, the bias each column.
    unsafe {
        let mut sums = [bias::<NV>(product, first); MR];
        while rows > 0 {
            let (mut col, mut cols) = (row, taps.cols);
            while cols > 0 {
                // Two pointers and multiples of one step reach eight pixels: a pointer each would not fit the registers.
                let (mut low, mut left) = (col, groups);
                let mut high = col.wrapping_add(step.wrapping_mul(4));
                while left > 0 {
                    let weights = vectors::<NV>(b.cast());
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let a = if i < 4 { low } else { high }.wrapping_add(step.wrapping_mul(i % 4));
                        let x = _mm512_set1_epi32(a.cast::<i32>().read_unaligned());
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = _mm512_dpbusd_epi32(*sum, x, weights);
                        }
                    }
                    b = b.add(NV * 64);
                    low = low.wrapping_add(GROUP);
                    high = high.wrapping_add(GROUP);
                    left = left.wrapping_sub(1);
                }
                col = col.wrapping_add(taps.col);
                cols = cols.wrapping_sub(1);
            }
            row = row.wrapping_add(taps.row);
            rows = rows.wrapping_sub(1);
        }
        sums
    }
}

/// The sums of one pixel, bias added, which starts at `a`.
///
/// # Safety
/// As for `Panel::tile`.
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
/// As for `Panel::tile`.
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
/// As for `Panel::tile`: bias is padded to whole vectors.
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
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target) {
        // As many pixels as fill the four vectors that are packed together.
        let together = if NV > 2 { 1 } else { 4 / NV };
        // SAFETY: as the caller says; scale is padded to whole vectors, and only columns of C are written.
        unsafe {
            let (scale, c) = (self.args.product.scale.add(at.first), self.args.c.add(at.c).add(at.first));
            let mut pixel = 0;
            while pixel < MR {
                let count = if together < MR - pixel { together } else { MR - pixel };
                let mut rounded = [_mm512_setzero_si512(); 4];
                for i in 0..count {
                    for v in 0..NV {
                        rounded[i * NV + v] = round(sums[pixel + i][v], _mm512_loadu_ps(scale.add(v * VECTOR)));
                    }
                }
                // The packed lanes hold four columns of each vector.
                let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
                let bytes = _mm512_permutexvar_epi32(order, self.by.pack(rounded));
                match NV {
                    1 => {
                        for i in 0..count {
                            store_16(c.add((pixel + i).wrapping_mul(at.step)), quarter(bytes, i), at.columns);
                        }
                    }
                    2 => {
                        store_32(c.add(pixel.wrapping_mul(at.step)), _mm512_castsi512_si256(bytes), at.columns);
                        if count == 2 {
                            store_32(
                                c.add((pixel + 1).wrapping_mul(at.step)),
                                _mm512_extracti64x4_epi64::<1>(bytes),
                                at.columns,
                            );
                        }
                    }
                    _ if at.columns == PANEL => _mm512_storeu_si512(c.add(pixel.wrapping_mul(at.step)).cast(), bytes),
                    _ => _mm512_mask_storeu_epi8(
                        c.add(pixel.wrapping_mul(at.step)).cast(),
                        masks::of_64(at.columns),
                        bytes,
                    ),
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
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target) {
        let args = self.args;
        // SAFETY: as the caller says; scale and bias are padded to whole vectors, and only columns of C are written.
        unsafe {
            let (low, high) = (_mm512_set1_ps(args.clamp.min), _mm512_set1_ps(args.clamp.max));
            for (i, sums) in sums.into_iter().enumerate() {
                let pixel = at.pixel.wrapping_add(i);
                let row = if args.row_scale.is_null() { 1.0 } else { *args.row_scale.add(pixel) };
                for (v, sums) in sums.into_iter().enumerate() {
                    let column = at.first.wrapping_add(v * VECTOR);
                    let scale = _mm512_loadu_ps(args.product.scale.add(column));
                    let real = _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale), _mm512_set1_ps(row));
                    let real = _mm512_add_ps(real, _mm512_loadu_ps(args.bias.add(column)));
                    // The bounds come first, so that NaN passes.
                    let real = _mm512_min_ps(high, _mm512_max_ps(low, real));
                    let mask = masks::of_16(at.columns.wrapping_sub(v * VECTOR));
                    _mm512_mask_storeu_ps(args.c.add(at.c).add(i.wrapping_mul(at.step)).add(column), mask, real);
                }
            }
        }
    }
}
