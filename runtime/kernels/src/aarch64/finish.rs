//! What becomes of a tile's sums: u8 by the requantisation, with or without a residual, or f32.

use core::arch::aarch64::{
    float32x4_t, int32x4_t, uint8x16_t, vaddq_f32, vcombine_s16, vcombine_u8, vcvtnq_s32_f32, vcvtq_f32_s32, vdup_n_u8,
    vdupq_n_f32, vdupq_n_s16, vdupq_n_s32, vdupq_n_u8, vget_high_s16, vget_high_u8, vget_low_s16, vget_low_u8,
    vld1q_f32, vmaxnmq_f32, vmaxq_f32, vmaxq_u8, vminq_f32, vminq_u8, vmovl_s16, vmulq_f32, vmulq_n_f32, vqaddq_s16,
    vqmovn_s32, vqmovun_s16, vreinterpretq_s16_u16, vrndnq_f32, vsubl_u8,
};

use super::part::{load_u8, store_f32, store_u8};
use super::walk::At;
use crate::q8::{GemmQ8Args, GemmQ8ToF32Args, Requantize, ResidualArgs};

/// What a kernel does with the sums of its pixels.
pub(super) trait Finish {
    /// Whether nothing is added to the sums, so that [`Finish::full_row`] can take them.
    fn plain(&self) -> bool;

    /// Takes `V` vectors of sums, of as many columns from `first` on.
    ///
    /// # Safety
    /// `at` is a pixel of the call that the door checked; scale and bias have `V` vectors from `first` on.
    unsafe fn full_row<const V: usize>(&self, sums: [int32x4_t; V], at: &At, first: usize);

    /// Takes `V` vectors of sums of which only the first `columns` are the row's.
    ///
    /// # Safety
    /// As for [`Finish::full_row`].
    unsafe fn any_row<const V: usize>(&self, sums: [int32x4_t; V], at: &At, first: usize, columns: usize);
}

impl Finish for GemmQ8Args {
    #[inline(always)]
    fn plain(&self) -> bool {
        self.residual.is_none()
    }

    #[inline(always)]
    unsafe fn full_row<const V: usize>(&self, sums: [int32x4_t; V], at: &At, first: usize) {
        // SAFETY: as for this function.
        unsafe {
            let real = scaled(sums, self.product.scale.add(first));
            store_u8(self.c.add(at.c.wrapping_add(first)), requantize(real, self.requantize), 4 * V);
        }
    }

    #[inline(always)]
    unsafe fn any_row<const V: usize>(&self, sums: [int32x4_t; V], at: &At, first: usize, columns: usize) {
        // SAFETY: as for this function.
        unsafe {
            let mut real = scaled(sums, self.product.scale.add(first));
            if let Some(residual) = &self.residual {
                let values = load_u8(residual.r.add(at.r.wrapping_add(first)), columns);
                real = numbers(with_residual(real, residual, values));
            }
            store_u8(
                self.c.add(at.c.wrapping_add(first)),
                requantize(numbers(real), self.requantize),
                columns.min(4 * V),
            );
        }
    }
}

impl Finish for GemmQ8ToF32Args {
    #[inline(always)]
    fn plain(&self) -> bool {
        true
    }

    #[inline(always)]
    unsafe fn full_row<const V: usize>(&self, sums: [int32x4_t; V], at: &At, first: usize) {
        // SAFETY: as for this function.
        unsafe { self.any_row(sums, at, first, 4 * V) }
    }

    #[inline(always)]
    unsafe fn any_row<const V: usize>(&self, sums: [int32x4_t; V], at: &At, first: usize, columns: usize) {
        // SAFETY: as for this function; there is a row scale for each pixel, or none.
        unsafe {
            let mut real = scaled(sums, self.product.scale.add(first));
            if !self.row_scale.is_null() {
                let scale = *self.row_scale.add(at.r);
                real = real.map(|real| vmulq_n_f32(real, scale));
            }
            let (min, max) = (vdupq_n_f32(self.clamp.min), vdupq_n_f32(self.clamp.max));
            for (i, real) in real.iter_mut().enumerate() {
                let biased = vaddq_f32(*real, vld1q_f32(self.bias.add(first.wrapping_add(4 * i))));
                *real = vminq_f32(vmaxq_f32(biased, min), max);
            }
            store_f32(self.c.add(at.c.wrapping_add(first)), real, columns);
        }
    }
}

/// The sums as real values, each column by its own scale.
///
/// # Safety
/// There are `V` vectors of scales.
#[inline(always)]
pub(super) unsafe fn scaled<const V: usize>(sums: [int32x4_t; V], scale: *const f32) -> [float32x4_t; V] {
    // SAFETY: as for this function.
    core::array::from_fn(|i| unsafe { vmulq_f32(vcvtq_f32_s32(sums[i]), vld1q_f32(scale.add(4 * i))) })
}

/// The least number in the place of NaN, which so becomes the lower bound. Only the scales of a residual can bring it:
/// weights with a scale that is not finite are not packed for these kernels.
#[inline(always)]
fn numbers<const V: usize>(real: [float32x4_t; V]) -> [float32x4_t; V] {
    // SAFETY: NEON is in every CPU of the target.
    real.map(|real| unsafe { vmaxnmq_f32(real, vdupq_n_f32(f32::NEG_INFINITY)) })
}

/// Rounds, adds the zero point and bounds: [`Requantize::apply`] on up to four vectors of numbers. The rounded value
/// and its sum with the zero point saturate, first at 32 and then at 16 bits, far outside what the last step bounds to
/// 8.
#[inline(always)]
pub(super) fn requantize<const V: usize>(real: [float32x4_t; V], to: Requantize) -> uint8x16_t {
    // SAFETY: NEON is in every CPU of the target.
    unsafe {
        let zero = vdupq_n_s16(i16::from(to.zero));
        let rounded = |i: usize| if i < V { vcvtnq_s32_f32(real[i]) } else { vdupq_n_s32(0) };
        let half = |i: usize| {
            let whole = vcombine_s16(vqmovn_s32(rounded(i)), vqmovn_s32(rounded(i + 1)));
            vqmovun_s16(vqaddq_s16(whole, zero))
        };
        let bytes = vcombine_u8(half(0), if V > 2 { half(2) } else { half(0) });
        vminq_u8(vmaxq_u8(bytes, vdupq_n_u8(to.min)), vdupq_n_u8(to.max))
    }
}

/// The product rounded to its own u8, and the other activation added to it: see [`crate::q8::Residual`]. The product's
/// u8 is not made: less its zero point it is the rounded value within the bounds less the zero point, all small whole
/// numbers.
#[inline(always)]
fn with_residual<const V: usize>(
    real: [float32x4_t; V],
    residual: &ResidualArgs,
    values: uint8x16_t,
) -> [float32x4_t; V] {
    let bound = |bound: u8| f32::from(bound) - f32::from(residual.product.zero);
    // SAFETY: NEON is in every CPU of the target.
    unsafe {
        let (min, max) = (vdupq_n_f32(bound(residual.product.min)), vdupq_n_f32(bound(residual.product.max)));
        let other = less_zero(values, residual.zero as u8);
        core::array::from_fn(|i| {
            let own = vminq_f32(vmaxq_f32(vrndnq_f32(real[i]), min), max);
            vaddq_f32(vmulq_n_f32(own, residual.product_scale), vmulq_n_f32(other[i], residual.scale))
        })
    }
}

/// 16 bytes less their zero point, as floats.
#[inline(always)]
fn less_zero(x: uint8x16_t, zero: u8) -> [float32x4_t; 4] {
    // SAFETY: NEON is in every CPU of the target.
    unsafe {
        let zero = vdup_n_u8(zero);
        // As 16 bits with a sign these differences are what they should be.
        let low = vreinterpretq_s16_u16(vsubl_u8(vget_low_u8(x), zero));
        let high = vreinterpretq_s16_u16(vsubl_u8(vget_high_u8(x), zero));
        [
            vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))),
            vcvtq_f32_s32(vmovl_s16(vget_high_s16(low))),
            vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))),
            vcvtq_f32_s32(vmovl_s16(vget_high_s16(high))),
        ]
    }
}
