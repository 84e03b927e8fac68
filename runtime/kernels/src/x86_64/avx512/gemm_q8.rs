//! The int8 matrix product with AVX-512 VNNI: tiles of up to 6 pixels by 64 columns, or 8 by 48.

use super::output_f32::ToF32;
use super::output_q8::{Output, Target, ToQ8};
use super::requantize::Requantizer;
use super::residual_q8::add_run;
use super::single_q8;
use super::sliding_q8::{slides, sliding_sums};
use super::sums_q8::{SLIM, slim_sums, sums};
use crate::geometry::Place;
use crate::q8::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};
use crate::x86_64::residual;
use crate::x86_64::tiles::{Lines, split};

/// Columns of a vector of sums.
pub(super) const VECTOR: usize = 16;
/// Columns of a panel.
pub(super) const PANEL: usize = 4 * VECTOR;
/// Elements of k that one instruction sums.
pub(super) const GROUP: usize = 4;
pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_6x64_avx512vnni",
    vector: VECTOR,
    panel: PANEL,
    group: GROUP,
    offset: 0,
    slim: SLIM,
    floats: true,
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

/// # Safety
/// As for `gemm_q8`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn run<O: Output>(product: &ProductArgs, output: O) {
    if single_q8::is_single(product) {
        // SAFETY: as the caller says.
        return unsafe { single_q8::run(product, output) };
    }
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
                _ if product.n <= SLIM => panel.slim(),
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
                        1 => self.tile::<1, 4>(line, pixel),
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
        let slides = NV == 1 && slides(self.product, self.lines.from.pixel);
        for line in 0..self.lines.grid.lines {
            let mut pixel = 0;
            while pixel < pixels {
                // SAFETY: as the caller says.
                let size = unsafe {
                    match pixels.wrapping_sub(pixel) {
                        8.. if slides => self.sliding_tile(line, pixel),
                        1 => self.tile::<1, NV>(line, pixel),
                        2 | 3 => self.tile::<2, NV>(line, pixel),
                        4..8 => self.tile::<4, NV>(line, pixel),
                        _ => self.tile::<8, NV>(line, pixel),
                    }
                };
                pixel = pixel.wrapping_add(size);
            }
        }
    }

    /// All pixels, in half a vector of columns.
    ///
    /// # Safety
    /// As for `run`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn slim(&self) {
        let pixels = self.lines.grid.pixels;
        for line in 0..self.lines.grid.lines {
            let mut pixel = 0;
            while pixel < pixels {
                // SAFETY: as the caller says.
                let size = unsafe {
                    match pixels.wrapping_sub(pixel) {
                        1 => self.slim_tile::<1>(line, pixel),
                        2 | 3 => self.slim_tile::<2>(line, pixel),
                        4..8 => self.slim_tile::<4>(line, pixel),
                        _ => self.slim_tile::<8>(line, pixel),
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

    /// Eight pixels of a line whose window slides, in one vector of columns.
    ///
    /// # Safety
    /// As for `tile`; `slides` must be so.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn sliding_tile(&self, line: usize, pixel: usize) -> usize {
        let (a, target) = self.at(line, pixel);
        // SAFETY: as the caller says.
        unsafe {
            let sums = sliding_sums::<8>(self.product, a, self.lines.from.pixel, self.b, self.first);
            self.output.store(sums, &target);
        }
        8
    }

    /// `MR` pixels of a line, in half a vector of columns.
    ///
    /// # Safety
    /// As for `tile`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn slim_tile<const MR: usize>(&self, line: usize, pixel: usize) -> usize {
        let (a, target) = self.at(line, pixel);
        // SAFETY: as the caller says.
        unsafe {
            let sums = slim_sums::<MR>(self.product, a, self.lines.from.pixel, self.b);
            self.output.store_halves::<MR>(sums, &target);
        }
        MR
    }
}
