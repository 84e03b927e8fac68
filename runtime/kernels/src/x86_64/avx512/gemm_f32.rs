//! The f32 product in AVX-512: twelve rows by two vectors, and narrower tiles for the columns past the last 32.

use std::arch::x86_64::{__m256, __m512};

use crate::gemm::{GemmF32Args, GemmF32Table};
use crate::x86_64::gemm_f32::{self, Columns, Tiles};
use crate::x86_64::lanes::Lanes;

/// Columns of a full panel.
const PANEL: usize = 32;
/// What panels are padded to: half a vector, so that eight columns do not cost sixteen.
const UNIT: usize = 8;

pub(in crate::x86_64) const GEMM_F32: GemmF32Table =
    GemmF32Table { name: "gemm_f32_12x32_avx512", vector: UNIT, panel: PANEL, run };

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have AVX-512.
unsafe fn run(args: &GemmF32Args) {
    // SAFETY: as this function's.
    unsafe { gemm_f32::run(args, PANEL, UNIT, &[TWO, ONE, HALF]) }
}

/// # Safety
/// As for [`gemm_f32::tiles`].
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn tiles<V: Lanes, const PIXELS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns<'_>,
    a: *const f32,
    c: *mut f32,
    residual: *const f32,
    count: usize,
) {
    // SAFETY: as this function's.
    unsafe { gemm_f32::tiles::<V, PIXELS, VECTORS, PHASES>(columns, a, c, residual, count) }
}

const TWO: Tiles = Tiles {
    columns: 32,
    by_pixels: &[
        tiles::<__m512, 1, 2, 4>,
        tiles::<__m512, 2, 2, 2>,
        tiles::<__m512, 3, 2, 1>,
        tiles::<__m512, 4, 2, 1>,
        tiles::<__m512, 5, 2, 1>,
        tiles::<__m512, 6, 2, 1>,
        tiles::<__m512, 7, 2, 1>,
        tiles::<__m512, 8, 2, 1>,
        tiles::<__m512, 9, 2, 1>,
        tiles::<__m512, 10, 2, 1>,
        tiles::<__m512, 11, 2, 1>,
        tiles::<__m512, 12, 2, 1>,
    ],
};

const ONE: Tiles = Tiles {
    columns: 16,
    by_pixels: &[
        tiles::<__m512, 1, 1, 4>,
        tiles::<__m512, 2, 1, 4>,
        tiles::<__m512, 3, 1, 2>,
        tiles::<__m512, 4, 1, 2>,
        tiles::<__m512, 5, 1, 1>,
        tiles::<__m512, 6, 1, 1>,
        tiles::<__m512, 7, 1, 1>,
        tiles::<__m512, 8, 1, 1>,
        tiles::<__m512, 9, 1, 1>,
        tiles::<__m512, 10, 1, 1>,
        tiles::<__m512, 11, 1, 1>,
        tiles::<__m512, 12, 1, 1>,
    ],
};

const HALF: Tiles = Tiles {
    columns: 8,
    by_pixels: &[
        tiles::<__m256, 1, 1, 8>,
        tiles::<__m256, 2, 1, 4>,
        tiles::<__m256, 3, 1, 4>,
        tiles::<__m256, 4, 1, 2>,
        tiles::<__m256, 5, 1, 2>,
        tiles::<__m256, 6, 1, 2>,
        tiles::<__m256, 7, 1, 1>,
        tiles::<__m256, 8, 1, 1>,
        tiles::<__m256, 9, 1, 1>,
        tiles::<__m256, 10, 1, 1>,
        tiles::<__m256, 11, 1, 1>,
        tiles::<__m256, 12, 1, 1>,
    ],
};
