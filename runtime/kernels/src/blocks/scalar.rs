//! Sums along k without any special instruction: the oracle of the others.

use super::activations::{UNIT, Unit};
use super::formats::{Format, Half, half_to_f32};
use super::rows::{self, Machine};
use super::{BlocksArgs, for_block_type};

struct Scalar;

impl Half for Scalar {
    #[inline(always)]
    unsafe fn half(bits: u16) -> f32 {
        half_to_f32(bits)
    }
}

impl Machine for Scalar {
    type Quants = [i8; UNIT];
    type Sum = f32;

    fn offset<F: Format>() -> i32 {
        0
    }

    #[inline(always)]
    unsafe fn quants<F: Format>(quants: [u8; UNIT]) -> [i8; UNIT] {
        quants.map(|quant| quant.wrapping_sub(F::OFFSET).cast_signed())
    }

    #[inline(always)]
    unsafe fn zero() -> f32 {
        0.0
    }

    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "at most 32 * 128 * 127")]
    unsafe fn add<F: Format>(sum: f32, w: [i8; UNIT], x: &Unit, scales: [f32; 2]) -> f32 {
        let product = |i: usize| i32::from(w[i]).wrapping_mul(i32::from(x.quants[i]));
        let dot = |from: usize| (from..from + UNIT / 2).fold(0_i32, |dot, i| dot.wrapping_add(product(i)));
        let (first, second) = (dot(0), dot(UNIT / 2));
        if F::HALVES {
            sum + first as f32 * scales[0] + second as f32 * scales[1]
        } else {
            sum + first.wrapping_add(second) as f32 * scales[0]
        }
    }

    #[inline(always)]
    unsafe fn total(sum: f32) -> f32 {
        sum
    }
}

/// # Safety
/// As the door checked.
pub(super) unsafe fn gemm(args: &BlocksArgs) {
    unsafe fn run<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { rows::gemm::<Scalar, F, 1>(args) }
    }
    // SAFETY: as for this function.
    unsafe { for_block_type!(args.block_type, run, args) }
}
