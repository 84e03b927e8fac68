//! Sums to u8 with AVX2, as `Requantize` says.

use crate::q8::{Requantize, ResidualArgs};
use std::arch::x86_64::*;

/// Elements that are added at a time.
const VECTOR: usize = 8;

/// What sums are requantised with.
#[derive(Clone, Copy)]
pub(super) struct Requantizer {
    /// The zero point, 16 bits wide.
    zero: __m256i,
    /// The bounds, in bytes.
    low: __m256i,
    high: __m256i,
}

impl Requantizer {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(by: Requantize) -> Self {
        Self {
            zero: _mm256_set1_epi16(i16::from(by.zero)),
            low: _mm256_set1_epi8(by.min.cast_signed()),
            high: _mm256_set1_epi8(by.max.cast_signed()),
        }
    }

    /// Packs what `round` made: within each 128-bit lane, four bytes of each vector.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn pack(self, rounded: [__m256i; 4]) -> __m256i {
        let [a, b, c, d] = rounded;
        let low = _mm256_adds_epi16(_mm256_packs_epi32(a, b), self.zero);
        let high = _mm256_adds_epi16(_mm256_packs_epi32(c, d), self.zero);
        _mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(low, high), self.low), self.high)
    }
}

/// Eight sums times their scales, rounded.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn round(sums: __m256i, scale: __m256) -> __m256i {
    _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), scale))
}

/// Adds `len` neighbouring elements of a residual to C's.
///
/// # Safety
/// The CPU must have AVX2, and both pointers so many elements.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn add_run(by: Requantize, residual: &ResidualArgs, c: *mut u8, r: *const u8, len: usize) {
    let mut first = 0;
    while first < len {
        let count = VECTOR.min(len.wrapping_sub(first));
        // SAFETY: only elements within `len` are touched.
        unsafe {
            let (c, r) = (c.add(first), r.add(first));
            let (mut own, mut other) = ([0; VECTOR], [0; VECTOR]);
            if count == VECTOR {
                (own, other) = (c.cast::<[u8; VECTOR]>().read(), r.cast::<[u8; VECTOR]>().read());
                c.cast::<[u8; VECTOR]>().write(add_vector(by, residual, own, other));
            } else {
                own.as_mut_ptr().copy_from_nonoverlapping(c, count);
                other.as_mut_ptr().copy_from_nonoverlapping(r, count);
                c.copy_from_nonoverlapping(add_vector(by, residual, own, other).as_ptr(), count);
            }
        }
        first = first.wrapping_add(VECTOR);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_vector(by: Requantize, residual: &ResidualArgs, own: [u8; VECTOR], other: [u8; VECTOR]) -> [u8; VECTOR] {
    let real = |bytes: [u8; VECTOR], zero: i32, scale: f32| {
        let wide = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)));
        let wide = _mm256_sub_epi32(wide, _mm256_set1_epi32(zero));
        _mm256_mul_ps(_mm256_cvtepi32_ps(wide), _mm256_set1_ps(scale))
    };
    let own = real(own, i32::from(residual.product.zero), residual.product_scale);
    let sum = _mm256_add_ps(own, real(other, residual.zero, residual.scale));
    let zero = f32::from(by.zero);
    let (low, high) = (_mm256_set1_ps(f32::from(by.min) - zero), _mm256_set1_ps(f32::from(by.max) - zero));
    // In this order NaN becomes the lower bound.
    let held = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(sum, low), high));
    let quanta = _mm256_add_epi32(held, _mm256_set1_epi32(i32::from(by.zero)));
    // The lowest byte of each.
    let lowest = _mm256_shuffle_epi8(quanta, _mm256_set1_epi32(0x0c08_0400));
    let both = _mm_unpacklo_epi32(_mm256_castsi256_si128(lowest), _mm256_extracti128_si256::<1>(lowest));
    _mm_cvtsi128_si64(both).to_le_bytes()
}
