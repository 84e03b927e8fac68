//! A residual added to a product that stands in C as u8, with AVX-512.

use super::masks;
use super::requantize::{Requantizer, pack_plain};
use crate::q8::{Requantize, ResidualArgs};
use std::arch::x86_64::*;

/// Elements that are added at a time.
const VECTOR: usize = 64;

/// Adds `len` neighbouring elements of a residual to C's.
///
/// # Safety
/// The CPU must have AVX-512 VNNI, and both pointers so many elements.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn add_run(by: Requantize, residual: &ResidualArgs, c: *mut u8, r: *const u8, len: usize) {
    let sum = Sum::new(by, residual);
    // SAFETY: as the caller says.
    unsafe {
        if Sum::is_plain(by, residual) { add_all::<true>(&sum, c, r, len) } else { add_all::<false>(&sum, c, r, len) }
    }
}

/// # Safety
/// As for `add_run`.
#[inline(always)]
unsafe fn add_all<const PLAIN: bool>(sum: &Sum, c: *mut u8, r: *const u8, len: usize) {
    let mut first = 0;
    while first < len {
        // SAFETY: only elements within `len` are touched.
        unsafe {
            let (c, r) = (c.add(first), r.add(first));
            if len.wrapping_sub(first) >= VECTOR {
                let bytes = sum.of::<PLAIN>(_mm512_loadu_si512(c.cast()), _mm512_loadu_si512(r.cast()));
                _mm512_storeu_si512(c.cast(), bytes);
            } else {
                let mask = masks::of_64(len.wrapping_sub(first));
                let (own, other) = (_mm512_maskz_loadu_epi8(mask, c.cast()), _mm512_maskz_loadu_epi8(mask, r.cast()));
                _mm512_mask_storeu_epi8(c.cast(), mask, sum.of::<PLAIN>(own, other));
            }
        }
        first = first.wrapping_add(VECTOR);
    }
}

/// What two activations are added with.
struct Sum {
    /// The zero points of the product and the other, negative.
    zeros: [__m512i; 2],
    scales: [__m512; 2],
    /// The upper bound less the zero point.
    high: __m512,
    by: Requantizer,
}

impl Sum {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(by: Requantize, residual: &ResidualArgs) -> Self {
        let zeros = [i32::from(residual.product.zero), residual.zero];
        Self {
            zeros: [_mm512_set1_epi32(zeros[0].wrapping_neg()), _mm512_set1_epi32(zeros[1].wrapping_neg())],
            scales: [_mm512_set1_ps(residual.product_scale), _mm512_set1_ps(residual.scale)],
            high: _mm512_set1_ps(f32::from(by.max) - f32::from(by.zero)),
            by: Requantizer::new(by),
        }
    }

    /// Whether results start from 0 and fill the bytes, and no sum is past what an i32 has.
    #[inline(always)]
    fn is_plain(by: Requantize, residual: &ResidualArgs) -> bool {
        let most = (residual.product_scale.abs() + residual.scale.abs()) * 255.0;
        by == Requantize { zero: 0, min: 0, max: 255 } && most < 2e9
    }

    /// 64 elements. They are interleaved, so that a sum of products with 1 and 0 takes out one or the other and its zero
    /// point at once.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn of<const PLAIN: bool>(&self, own: __m512i, other: __m512i) -> __m512i {
        let none = _mm512_setzero_si512();
        let (low, high) = (_mm512_unpacklo_epi8(own, other), _mm512_unpackhi_epi8(own, other));
        let mut elements = [
            _mm512_unpacklo_epi16(low, none),
            _mm512_unpackhi_epi16(low, none),
            _mm512_unpacklo_epi16(high, none),
            _mm512_unpackhi_epi16(high, none),
        ];
        for both in &mut elements {
            let own = _mm512_dpbusd_epi32(self.zeros[0], *both, _mm512_set1_epi32(1));
            let other = _mm512_dpbusd_epi32(self.zeros[1], *both, _mm512_set1_epi32(1 << 8));
            let own = _mm512_mul_ps(_mm512_cvtepi32_ps(own), self.scales[0]);
            let sum = _mm512_add_ps(own, _mm512_mul_ps(_mm512_cvtepi32_ps(other), self.scales[1]));
            // Held within what an i32 has; in this order NaN passes, and becomes the least i32 and so the lower bound.
            *both = _mm512_cvtps_epi32(if PLAIN { sum } else { _mm512_min_ps(self.high, sum) });
        }
        if PLAIN { pack_plain(elements) } else { self.by.pack(elements) }
    }
}
