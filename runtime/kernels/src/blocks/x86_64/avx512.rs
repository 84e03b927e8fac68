//! Block products with the neural network instructions of AVX-512.

use std::arch::x86_64::{
    __m256i, __m512, __m512i, _mm256_dpbusd_epi32, _mm256_loadu_si256, _mm512_castsi256_si512, _mm512_cvtepi32_ps,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_inserti64x4, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mul_ps, _mm512_permutex2var_epi64, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setr_epi64,
    _mm512_setzero_si512, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::{Along, Dot, half};
use crate::blocks::activations::UNIT;
use crate::blocks::formats::{Format, Half};
use crate::blocks::panel::{self, Across, Tile};
use crate::blocks::{BlocksArgs, PANEL_ROWS, for_block_type, rows};

struct Avx512Vnni;

impl Dot for Avx512Vnni {
    const WIDE: bool = true;

    #[inline(always)]
    unsafe fn dot(start: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i {
        // SAFETY: as for this function.
        unsafe { _mm256_dpbusd_epi32(start, unsigned, signed) }
    }
}

// SAFETY (all of the impl): the trait's conditions are those of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Half for Avx512Vnni {
    #[inline(always)]
    unsafe fn half(bits: u16) -> f32 {
        unsafe { half(bits) }
    }
}

// SAFETY (all of the impl): the trait's conditions are those of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Across for Avx512Vnni {
    const COLUMNS: usize = 16;
    const SIGNED_OFFSET: u8 = 128;
    type Quants = __m512i;
    type Dots = __m512i;
    type Reals = __m512;

    #[inline(always)]
    unsafe fn quants<const SIGNED: bool>(from: *const u8) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn start(with: i32) -> __m512i {
        unsafe { _mm512_set1_epi32(with) }
    }

    #[inline(always)]
    unsafe fn dot<const SIGNED: bool>(dots: __m512i, w: __m512i, x: *const i8) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(dots, w, _mm512_set1_epi32(x.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn reals(dots: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(dots) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(reals: __m512, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, reals) }
    }

    #[inline(always)]
    unsafe fn product(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn add_product(sum: __m512, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn take_product(sum: __m512, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_fnmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn transpose<F: Format>(columns: *const [u8; UNIT], to: *mut u8) {
        unsafe {
            // Columns i and i + 8 side by side; then groups of two columns, and of four.
            let mut pairs = [_mm512_setzero_si512(); 8];
            for (i, pair) in pairs.iter_mut().enumerate() {
                let first = _mm512_castsi256_si512(_mm256_loadu_si256(columns.add(i).cast()));
                *pair = _mm512_inserti64x4::<1>(first, _mm256_loadu_si256(columns.add(i + 8).cast()));
            }
            let mut twos = [_mm512_setzero_si512(); 8];
            for i in 0..4 {
                twos[2 * i] = _mm512_unpacklo_epi32(pairs[2 * i], pairs[2 * i + 1]);
                twos[2 * i + 1] = _mm512_unpackhi_epi32(pairs[2 * i], pairs[2 * i + 1]);
            }
            let mut fours = [[_mm512_setzero_si512(); 4]; 2];
            for (i, fours) in fours.iter_mut().enumerate() {
                for j in 0..2 {
                    fours[2 * j] = _mm512_unpacklo_epi64(twos[4 * i + j], twos[4 * i + 2 + j]);
                    fours[2 * j + 1] = _mm512_unpackhi_epi64(twos[4 * i + j], twos[4 * i + 2 + j]);
                }
            }
            let (low, high) =
                (_mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15));
            let flip = _mm512_set1_epi8(if F::SIGNED { i8::MIN } else { 0 });
            let to: *mut __m512i = to.cast();
            let [left, right] = fours;
            for (i, (left, right)) in left.into_iter().zip(right).enumerate() {
                let first = _mm512_permutex2var_epi64(left, low, right);
                _mm512_storeu_si512(to.add(i), _mm512_xor_si512(first, flip));
                let second = _mm512_permutex2var_epi64(left, high, right);
                _mm512_storeu_si512(to.add(i + 4), _mm512_xor_si512(second, flip));
            }
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn tile<const HALVES: bool, const MINIMA: bool, const SIGNED: bool, const R: usize>(tile: &Tile<'_>) {
        unsafe { panel::tile::<Self, HALVES, MINIMA, SIGNED, R>(tile) }
    }
}

/// # Safety
/// As the door checked; the CPU has the instruction set.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn along<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { rows::gemm::<Along<Avx512Vnni>, F, 1>(args) }
    }
    #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn across<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { panel::gemm::<Avx512Vnni, F>(args) }
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
