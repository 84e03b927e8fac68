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

/// The scales and sums of all units once more, each after its like, for blocks that take eight at once: the scales of
/// `count` units, their first sums, their second ones.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    pub(super) first: *mut f32,
    pub(super) units: *mut Unit,
    pub(super) count: usize,
}

impl Scales {
    /// Numbers to a unit.
    pub(super) const NUMBERS: usize = 3;

    /// The scales, first sums and second sums of `N` units.
    ///
    /// # Safety
    /// They are among the units, and were kept.
    #[inline(always)]
    pub(super) unsafe fn of<const N: usize>(self, unit: *const Unit) -> [[f32; N]; Self::NUMBERS] {
        // SAFETY: as for this function.
        unsafe {
            let at = self.first.cast_const().offset(unit.offset_from(self.units));
            let sums = at.add(self.count);
            [
                at.cast::<[f32; N]>().read(),
                sums.cast::<[f32; N]>().read(),
                sums.add(self.count).cast::<[f32; N]>().read(),
            ]
        }
    }

    /// # Safety
    /// There is such a unit, and it was written.
    #[inline(always)]
    unsafe fn keep(self, i: usize) {
        // SAFETY: as for this function.
        unsafe {
            let unit = &*self.units.add(i);
            let sums = self.first.add(self.count);
            self.first.add(i).write(unit.scale);
            sums.add(i).write(unit.sums[0]);
            sums.add(self.count).add(i).write(unit.sums[1]);
        }
    }
}

/// Quantises all units. One with an element that is not finite gets a scale that is not a number, and so spoils every
/// output of its row. `KEEP` says whether blocks of several units take scales together.
///
/// # Safety
/// As many elements stand at `from`, and there is as much room in `to`.
#[inline(always)]
pub(super) unsafe fn quantise<F: Format, const KEEP: bool>(from: *const f32, to: Scales, offset: i32) {
    for i in 0..to.count {
        // SAFETY: as for this function; an array of f32 is aligned as f32 is.
        unsafe {
            to.units.add(i).write(unit::<F>(&*from.add(i.wrapping_mul(UNIT)).cast(), offset));
            if KEEP && F::UNITS > 1 {
                to.keep(i);
            }
        }
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
