//! Rows of activations held in 8 bits: units of 32 elements, each with a scale of its own.

use super::formats::Format;

/// Elements of a unit.
pub(super) const UNIT: usize = 32;

/// 32 elements of a row, a cache line: element = scale * quant.
#[repr(C, align(64))]
pub(super) struct Unit {
    /// From -127 to 127.
    pub(super) quants: [i8; UNIT],
    pub(super) scale: f32,
    /// What sums of products start from where the weights' offset is still in them: the sum of the quants by minus the
    /// offset, of each half where those have their own scale, else of all, and zero.
    pub(super) start: [i32; 2],
    /// Sums of elements, what minima are multiplied by: halves as for `start`.
    pub(super) sums: [f32; 2],
}

/// Quantises `count` units. A unit with an element that is not finite gets a scale that is not a number, and so spoils
/// every output of its row.
///
/// # Safety
/// As many elements stand at `from`, and there is as much room at `to`.
#[inline(always)]
pub(super) unsafe fn quantise<F: Format>(from: *const f32, to: *mut Unit, count: usize, offset: i32) {
    for i in 0..count {
        // SAFETY: as for this function; an array of f32 is aligned as f32 is.
        unsafe { to.add(i).write(unit::<F>(&*from.add(i.wrapping_mul(UNIT)).cast(), offset)) };
    }
}

#[inline(always)]
fn unit<F: Format>(elements: &[f32; UNIT], offset: i32) -> Unit {
    /// Added to a number below 2^22, leaves it, rounded to an integer, in the low bits.
    const ROUNDING: f32 = 12_582_912.0;
    // The bits of magnitudes are ordered as the magnitudes are, and those of NaN and infinity are above all.
    let mut largest = 0;
    for x in elements {
        largest = largest.max(x.to_bits() & 0x7fff_ffff);
    }
    let largest = f32::from_bits(largest);
    if !largest.is_finite() {
        return Unit { quants: [0; UNIT], scale: f32::NAN, start: [0; 2], sums: [f32::NAN; 2] };
    }
    let scale = largest / 127.0;
    // Below this the inverse is no longer finite; what vanishes is below any rounding.
    let inverse = if scale < f32::MIN_POSITIVE { 0.0 } else { 127.0 / largest };
    // Loops of one thing each: so they vectorise.
    let mut rounded = [0; UNIT];
    for i in 0..UNIT {
        rounded[i] = (elements[i] * inverse + ROUNDING).to_bits().wrapping_sub(ROUNDING.to_bits()).cast_signed();
    }
    let (first, second) = rounded.split_at(UNIT / 2);
    let mut halves = [0_i32; 2];
    for quant in first {
        halves[0] = halves[0].wrapping_add(*quant);
    }
    for quant in second {
        halves[1] = halves[1].wrapping_add(*quant);
    }
    let mut quants = [0; UNIT];
    for i in 0..UNIT {
        #[allow(clippy::cast_possible_truncation, reason = "within -127 and 127")]
        let quant = rounded[i] as i8;
        quants[i] = quant;
    }
    let sums = if F::HALVES { halves } else { [halves[0].wrapping_add(halves[1]), 0] };
    #[allow(clippy::cast_precision_loss, reason = "at most 32 * 127")]
    Unit {
        quants,
        scale,
        start: [sums[0].wrapping_mul(-offset), sums[1].wrapping_mul(-offset)],
        sums: [scale * sums[0] as f32, scale * sums[1] as f32],
    }
}
