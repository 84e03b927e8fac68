//! Sums to u8 with AVX-512, as `Requantize` says.

use super::masks;
use crate::q8::{Requantize, ResidualArgs};
use std::arch::x86_64::*;

/// Elements that are added at a time.
const VECTOR: usize = 16;

/// What sums are requantised with.
#[derive(Clone, Copy)]
pub(super) struct Requantizer {
    /// The zero point, 16 bits wide.
    zero: __m512i,
    /// The bounds, in bytes.
    low: __m512i,
    high: __m512i,
}

impl Requantizer {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(by: Requantize) -> Self {
        Self {
            zero: _mm512_set1_epi16(i16::from(by.zero)),
            low: _mm512_set1_epi8(by.min.cast_signed()),
            high: _mm512_set1_epi8(by.max.cast_signed()),
        }
    }

    /// Packs what `round` made: within each 128-bit lane, four bytes of each vector.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn pack(self, rounded: [__m512i; 4]) -> __m512i {
        let [a, b, c, d] = rounded;
        let low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), self.zero);
        let high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), self.zero);
        _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low, high), self.low), self.high)
    }
}

/// Sixteen sums times their scales, rounded.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn round(sums: __m512i, scale: __m512) -> __m512i {
    _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale))
}

/// Adds `len` neighbouring elements of a residual to C's.
///
/// # Safety
/// The CPU must have AVX-512 (F, BW, VL), and both pointers so many elements.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) unsafe fn add_run(by: Requantize, residual: &ResidualArgs, c: *mut u8, r: *const u8, len: usize) {
    let own_zero = _mm512_set1_epi32(i32::from(residual.product.zero));
    let zero = _mm512_set1_epi32(residual.zero);
    let (own_scale, scale) = (_mm512_set1_ps(residual.product_scale), _mm512_set1_ps(residual.scale));
    let by_zero = f32::from(by.zero);
    let (low, high) = (_mm512_set1_ps(f32::from(by.min) - by_zero), _mm512_set1_ps(f32::from(by.max) - by_zero));
    let by_zero = _mm512_set1_epi32(i32::from(by.zero));
    let mut first = 0;
    while first < len {
        let mask = masks::of_16(len.wrapping_sub(first));
        // SAFETY: only elements within `len` are touched.
        unsafe {
            let (c, r) = (c.add(first), r.add(first));
            let own = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, c.cast()));
            let other = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, r.cast()));
            let own = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(own, own_zero)), own_scale);
            let other = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(other, zero)), scale);
            // In this order NaN becomes the lower bound.
            let real = _mm512_min_ps(_mm512_max_ps(_mm512_add_ps(own, other), low), high);
            let bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(real), by_zero));
            _mm_mask_storeu_epi8(c.cast(), mask, bytes);
        }
        first = first.wrapping_add(VECTOR);
    }
}
