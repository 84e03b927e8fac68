//! Block products on x86-64: sums along k for few rows, panels of columns for more.

mod avx2;
mod avx512;

pub(super) use avx2::gemm as avx2;
pub(super) use avx512::gemm as avx512;

use std::arch::x86_64::{
    __m256, __m256i, _mm_add_ps, _mm_cvtph_ps, _mm_cvtsi32_si128, _mm_cvtss_f32, _mm_hadd_ps, _mm_set1_epi16,
    _mm_set1_ps, _mm256_abs_epi8, _mm256_castps256_ps128, _mm256_castsi128_si256, _mm256_cvtepi32_ps,
    _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_load_si256, _mm256_loadu_si256, _mm256_set_m128, _mm256_set_m128i,
    _mm256_set1_epi8, _mm256_set1_ps, _mm256_setzero_ps, _mm256_sign_epi8, _mm256_xor_si256, _mm256_zextsi128_si256,
};

use super::activations::{UNIT, Unit};
use super::formats::{Format, Half};
use super::rows::Machine;

/// How bytes are multiplied and summed by fours.
trait Dot {
    /// Whether unsigned bytes may take all of their range: signed quants are then made unsigned by 128 added.
    const WIDE: bool;

    /// `start`, and in each lane the four products of unsigned by signed bytes, no two of which exceed 2^15.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn dot(start: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i;
}

/// A f16 in f32.
///
/// # Safety
/// The CPU has the instruction.
#[inline(always)]
unsafe fn half(bits: u16) -> f32 {
    // SAFETY: as for this function.
    unsafe { _mm_cvtss_f32(_mm_cvtph_ps(_mm_set1_epi16(bits.cast_signed()))) }
}

/// Sums along k in vectors of 32 bytes.
struct Along<D>(D);

/// Magnitudes, and what they are the magnitudes of.
#[derive(Clone, Copy)]
struct Quants {
    unsigned: __m256i,
    quants: __m256i,
}

// SAFETY (all of the impl): the trait's condition is that of the instructions, and a unit is a cache line.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl<D: Dot> Half for Along<D> {
    #[inline(always)]
    unsafe fn half(bits: u16) -> f32 {
        unsafe { half(bits) }
    }
}

// SAFETY (all of the impl): the trait's condition is that of the instructions, and a unit is a cache line.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl<D: Dot> Machine for Along<D> {
    type Quants = Quants;
    type Sum = __m256;

    fn offset<F: Format>() -> i32 {
        if F::SIGNED && D::WIDE { 128 } else { i32::from(F::OFFSET) }
    }

    #[inline(always)]
    unsafe fn quants<F: Format>(quants: [u8; UNIT]) -> Quants {
        unsafe {
            let quants = _mm256_loadu_si256(quants.as_ptr().cast());
            let unsigned = match (F::SIGNED, D::WIDE) {
                (false, _) => quants,
                (true, false) => _mm256_abs_epi8(quants),
                (true, true) => _mm256_xor_si256(quants, _mm256_set1_epi8(i8::MIN)),
            };
            Quants { unsigned, quants }
        }
    }

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn add<F: Format>(sum: __m256, w: Quants, x: &Unit, scales: [f32; 2]) -> __m256 {
        unsafe {
            let signed = _mm256_load_si256(x.quants.as_ptr().cast());
            let signed = if F::SIGNED && !D::WIDE { _mm256_sign_epi8(signed, w.quants) } else { signed };
            let start = _mm_cvtsi32_si128(x.start[0]);
            let start = if F::HALVES {
                _mm256_set_m128i(_mm_cvtsi32_si128(x.start[1]), start)
            } else {
                _mm256_zextsi128_si256(start)
            };
            let start = if Self::offset::<F>() == 0 { _mm256_castsi128_si256(_mm_cvtsi32_si128(0)) } else { start };
            let scales = if F::HALVES {
                _mm256_set_m128(_mm_set1_ps(scales[1]), _mm_set1_ps(scales[0]))
            } else {
                _mm256_set1_ps(scales[0])
            };
            _mm256_fmadd_ps(_mm256_cvtepi32_ps(D::dot(start, w.unsigned, signed)), scales, sum)
        }
    }

    #[inline(always)]
    unsafe fn total(sum: __m256) -> f32 {
        unsafe {
            let sum = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
            let sum = _mm_hadd_ps(sum, sum);
            _mm_cvtss_f32(_mm_hadd_ps(sum, sum))
        }
    }
}
