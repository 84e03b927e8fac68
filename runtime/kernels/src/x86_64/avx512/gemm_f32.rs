//! The f32 product in AVX-512: twelve rows by two vectors, and narrower tiles for the columns past the last 32.

use std::arch::x86_64::{__m256, __m512};

use crate::gemm::{GemmF32Args, GemmF32Table};
use crate::x86_64::avx2;
use crate::x86_64::gemm_f32::{self, Columns, Tiles, single};

/// Columns of a full panel.
const PANEL: usize = 32;
/// What panels are padded to: half a vector, so that eight columns do not cost sixteen. AVX2's tiles make them.
const UNIT: usize = 8;

pub(in crate::x86_64) const GEMM_F32: GemmF32Table =
    GemmF32Table { name: "gemm_f32_12x32_avx512", vector: UNIT, panel: PANEL, run };

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have AVX-512.
unsafe fn run(args: &GemmF32Args) {
    // SAFETY: as this function's.
    unsafe {
        if single::is_single(args) {
            run_single(args);
        } else {
            gemm_f32::run(args, PANEL, UNIT, &[TWO, ONE, avx2::gemm_f32::ONE]);
        }
    }
}

/// # Safety
/// As for [`run`], and there must be one pixel and one run.
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn run_single(args: &GemmF32Args) {
    // SAFETY: as this function's.
    unsafe { single::run::<__m512, __m256, 2, 2, 2>(args) }
}

/// # Safety
/// As for [`gemm_f32::tiles`].
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn tiles<const PIXELS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns<'_>,
    a: *const f32,
    c: *mut f32,
    residual: *const f32,
    count: usize,
) {
    // SAFETY: as this function's.
    unsafe { gemm_f32::tiles::<__m512, PIXELS, VECTORS, PHASES>(columns, a, c, residual, count) }
}

const TWO: Tiles = Tiles {
    columns: 32,
    by_pixels: &[
        tiles::<1, 2, 4>,
        tiles::<2, 2, 2>,
        tiles::<3, 2, 1>,
        tiles::<4, 2, 1>,
        tiles::<5, 2, 1>,
        tiles::<6, 2, 1>,
        tiles::<7, 2, 1>,
        tiles::<8, 2, 1>,
        tiles::<9, 2, 1>,
        tiles::<10, 2, 1>,
        tiles::<11, 2, 1>,
        tiles::<12, 2, 1>,
    ],
};

const ONE: Tiles = Tiles {
    columns: 16,
    by_pixels: &[
        tiles::<1, 1, 4>,
        tiles::<2, 1, 4>,
        tiles::<3, 1, 2>,
        tiles::<4, 1, 2>,
        tiles::<5, 1, 1>,
        tiles::<6, 1, 1>,
        tiles::<7, 1, 1>,
        tiles::<8, 1, 1>,
        tiles::<9, 1, 1>,
        tiles::<10, 1, 1>,
        tiles::<11, 1, 1>,
        tiles::<12, 1, 1>,
    ],
};
