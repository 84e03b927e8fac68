//! Block products on 64-bit ARM: sums along k in vectors of 16 bytes.

mod dotprod;
mod i8mm;
mod neon;

pub(super) use dotprod::gemm as dotprod;
pub(super) use i8mm::gemm as i8mm;
pub(super) use neon::gemm as neon;

use core::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vaddvq_f32, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s8, vfmaq_n_f32, vld1q_s8,
    vsubq_s8,
};
use core::arch::asm;

use super::activations::{UNIT, Unit};
use super::formats::{Format, Half};
use super::rows::Machine;

/// Rows of a tile.
const ROWS: usize = 4;

/// How bytes are multiplied and summed.
trait Dot {
    /// Sums of the products, which the four lanes share, of the first or the second halves.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn half(w: int8x16_t, x: int8x16_t) -> int32x4_t;

    /// Sums of the products of whole units.
    ///
    /// # Safety
    /// As above.
    unsafe fn whole(w: [int8x16_t; 2], x: [int8x16_t; 2]) -> int32x4_t;
}

/// Sums along k.
struct Along<D>(D);

impl<D> Half for Along<D> {
    #[inline(always)]
    unsafe fn half(bits: u16) -> f32 {
        half(bits)
    }
}

// SAFETY (all of the impl): the trait's condition is that of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl<D: Dot> Machine for Along<D> {
    type Quants = [int8x16_t; 2];
    type Sum = float32x4_t;

    fn offset<F: Format>() -> i32 {
        0
    }

    #[inline(always)]
    unsafe fn quants<F: Format>(quants: [u8; UNIT]) -> [int8x16_t; 2] {
        unsafe { signed::<F>(&quants) }
    }

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn add<F: Format>(sum: float32x4_t, w: [int8x16_t; 2], x: &Unit, scales: [f32; 2]) -> float32x4_t {
        unsafe {
            let quants = activations(x);
            if F::HALVES {
                let sum = vfmaq_n_f32(sum, vcvtq_f32_s32(D::half(w[0], quants[0])), scales[0]);
                vfmaq_n_f32(sum, vcvtq_f32_s32(D::half(w[1], quants[1])), scales[1])
            } else {
                vfmaq_n_f32(sum, vcvtq_f32_s32(D::whole(w, quants)), scales[0])
            }
        }
    }

    #[inline(always)]
    unsafe fn total(sum: float32x4_t) -> f32 {
        unsafe { vaddvq_f32(sum) }
    }
}

/// A f16 in f32.
#[inline(always)]
fn half(bits: u16) -> f32 {
    let whole: f32;
    // SAFETY: every CPU of the target converts, and only registers are read and written.
    unsafe {
        asm!(
            "fcvt {whole:s}, {bits:h}",
            whole = lateout(vreg) whole,
            bits = in(vreg) bits.cast_signed(),
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    whole
}

/// Quants less their offset.
///
/// # Safety
/// None: NEON is in every CPU of the target.
#[inline(always)]
unsafe fn signed<F: Format>(quants: &[u8; UNIT]) -> [int8x16_t; 2] {
    // SAFETY: 32 bytes are read.
    unsafe {
        let quants = [vld1q_s8(quants.as_ptr().cast()), vld1q_s8(quants.as_ptr().add(16).cast())];
        if F::OFFSET == 0 { quants } else { quants.map(|half| vsubq_s8(half, vdupq_n_s8(F::OFFSET.cast_signed()))) }
    }
}

/// The quants of a unit of activations.
///
/// # Safety
/// As for [`signed`].
#[inline(always)]
unsafe fn activations(x: &Unit) -> [int8x16_t; 2] {
    // SAFETY: 32 bytes are read.
    unsafe { [vld1q_s8(x.quants.as_ptr()), vld1q_s8(x.quants.as_ptr().add(16))] }
}
