//! Block products with AVX2.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_abs_epi8, _mm256_add_epi32, _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_fnmadd_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_sign_epi8, _mm256_storeu_ps,
};

use super::{Along, Dot, half};
use crate::blocks::activations::UNIT;
use crate::blocks::formats::{Format, Half};
use crate::blocks::panel::{self, Across, GROUP, Tile};
use crate::blocks::{BlocksArgs, PANEL_ROWS, for_block_type, rows};

struct Avx2;

impl Dot for Avx2 {
    const WIDE: bool = false;

    #[inline(always)]
    unsafe fn dot(start: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i {
        // SAFETY: as for this function.
        unsafe {
            let pairs = _mm256_maddubs_epi16(unsigned, signed);
            _mm256_add_epi32(start, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }
}

// SAFETY (all of the impl): the trait's conditions are those of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Half for Avx2 {
    #[inline(always)]
    unsafe fn half(bits: u16) -> f32 {
        unsafe { half(bits) }
    }
}

// SAFETY (all of the impl): the trait's conditions are those of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Across for Avx2 {
    const COLUMNS: usize = 8;
    const SIGNED_OFFSET: u8 = 0;
    /// Magnitudes, and what they are the magnitudes of.
    type Quants = [__m256i; 2];
    type Dots = __m256i;
    type Reals = __m256;

    #[inline(always)]
    unsafe fn quants<const SIGNED: bool>(from: *const u8) -> [__m256i; 2] {
        unsafe {
            let quants = _mm256_loadu_si256(from.cast());
            [if SIGNED { _mm256_abs_epi8(quants) } else { quants }, quants]
        }
    }

    #[inline(always)]
    unsafe fn start(with: i32) -> __m256i {
        unsafe { _mm256_set1_epi32(with) }
    }

    #[inline(always)]
    unsafe fn dot<const SIGNED: bool>(dots: __m256i, w: [__m256i; 2], x: *const i8) -> __m256i {
        unsafe {
            let x = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
            <Self as Dot>::dot(dots, w[0], if SIGNED { _mm256_sign_epi8(x, w[1]) } else { x })
        }
    }

    #[inline(always)]
    unsafe fn reals(dots: __m256i) -> __m256 {
        unsafe { _mm256_cvtepi32_ps(dots) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(reals: __m256, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, reals) }
    }

    #[inline(always)]
    unsafe fn product(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn add_product(sum: __m256, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn take_product(sum: __m256, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_fnmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn transpose<F: Format>(columns: *const [u8; UNIT], to: *mut u8) {
        unsafe {
            for column in 0..Self::COLUMNS {
                let groups = columns.add(column).cast::<[u8; GROUP]>();
                for group in 0..UNIT / GROUP {
                    to.cast::<[u8; GROUP]>().add(group * Self::COLUMNS + column).write(groups.add(group).read());
                }
            }
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn tile<const HALVES: bool, const MINIMA: bool, const SIGNED: bool, const R: usize>(tile: &Tile<'_>) {
        unsafe { panel::tile::<Self, HALVES, MINIMA, SIGNED, R>(tile) }
    }
}

/// # Safety
/// As the door checked; the CPU has the instruction set.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn along<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { rows::gemm::<Along<Avx2>, F, 1>(args) }
    }
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn across<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { panel::gemm::<Avx2, F>(args) }
    }
    // SAFETY: as for this function.
    unsafe {
        if args.m < PANEL_ROWS {
            for_block_type!(args.block_type, along, args);
        } else {
            for_block_type!(args.block_type, across, args);
        }
    }
}
