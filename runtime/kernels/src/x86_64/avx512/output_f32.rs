//! The sums of an int8 tile as f32.

use super::gemm_q8::VECTOR;
use super::masks;
use super::output_q8::{Output, Target};
use crate::geometry::Place;
use crate::q8::GemmQ8ToF32Args;
use std::arch::x86_64::*;

/// f32.
#[derive(Clone, Copy)]
pub(super) struct ToF32<'a> {
    pub(super) args: &'a GemmQ8ToF32Args,
}

impl Output for ToF32<'_> {
    fn place(&self) -> Place {
        self.args.to
    }

    #[inline(always)]
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target) {
        let args = self.args;
        // SAFETY: as the caller says; scale and bias are padded to whole vectors, and only columns of C are written.
        unsafe {
            let (low, high) = (_mm512_set1_ps(args.clamp.min), _mm512_set1_ps(args.clamp.max));
            for (i, sums) in sums.into_iter().enumerate() {
                let pixel = at.pixel.wrapping_add(i);
                let row = if args.row_scale.is_null() { 1.0 } else { *args.row_scale.add(pixel) };
                for (v, sums) in sums.into_iter().enumerate() {
                    let column = at.first.wrapping_add(v * VECTOR);
                    let scale = _mm512_loadu_ps(args.product.scale.add(column));
                    let real = _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale), _mm512_set1_ps(row));
                    let real = _mm512_add_ps(real, _mm512_loadu_ps(args.bias.add(column)));
                    // The bounds come first, so that NaN passes.
                    let real = _mm512_min_ps(high, _mm512_max_ps(low, real));
                    let mask = masks::of_16(at.columns.wrapping_sub(v * VECTOR));
                    _mm512_mask_storeu_ps(args.c.add(at.c).add(i.wrapping_mul(at.step)).add(column), mask, real);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn store_halves<const MR: usize>(self, sums: [__m512i; 4], at: &Target) {
        // SAFETY: as the caller says; what stands past the columns of a pixel is not stored.
        unsafe {
            let mut pixels = [[_mm512_setzero_si512()]; MR];
            for (i, pixel) in pixels.iter_mut().enumerate() {
                let (pair, half) = (sums[i / 2], i % 2);
                let other = _mm512_castsi256_si512(_mm512_extracti64x4_epi64::<1>(pair));
                *pixel = [if half == 0 { pair } else { other }];
            }
            self.store(pixels, at);
        }
    }
}
