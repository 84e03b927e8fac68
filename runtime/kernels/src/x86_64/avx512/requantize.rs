//! Sums to u8 with AVX-512, as `Requantize` says.

use crate::q8::Requantize;
use std::arch::x86_64::*;

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

/// Sixteen sums that are floats as they stand (see `ProductArgs`), times their scales, rounded.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn round_floats(sums: __m512i, scale: __m512, less: __m512) -> __m512i {
    _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_castsi512_ps(sums), scale, less))
}

/// Packs as `Requantizer::pack` does, where the zero point is 0 and bytes have no other bounds.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn pack_plain(rounded: [__m512i; 4]) -> __m512i {
    let [a, b, c, d] = rounded;
    _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d))
}

/// Sixteen sums times their scales, rounded.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn round(sums: __m512i, scale: __m512) -> __m512i {
    _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale))
}
