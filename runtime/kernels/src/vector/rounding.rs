//! Floats to the nearest u8, by an addition instead of a conversion, so that it vectorises everywhere.

use crate::q8::Requantize;

/// `1.5 * 2^23`: a float of this size has steps of 1, so adding it rounds to a whole number, ties to even, whose last
/// eight bits are the float's.
const ROUNDER: f32 = 12_582_912.0;

/// [`Requantize`] prepared for loops. Bounds stand before the zero point is added, so that they are applied first.
#[derive(Clone, Copy)]
pub(super) struct Rounding {
    low: f32,
    high: f32,
    zero: u8,
}

impl Rounding {
    #[inline(always)]
    pub(super) fn new(requantize: Requantize) -> Self {
        let Requantize { zero, min, max } = requantize;
        Self { low: f32::from(min) - f32::from(zero), high: f32::from(max) - f32::from(zero), zero }
    }

    /// What [`Requantize::apply`] gives: NaN becomes the lower bound. Bounds are whole, so bounding first changes nothing.
    #[inline(always)]
    pub(super) fn apply(self, x: f32) -> u8 {
        self.apply_with_change(x).0
    }

    /// The same, and by how much rounding changed what was within the bounds.
    #[inline(always)]
    pub(super) fn apply_with_change(self, x: f32) -> (u8, f32) {
        let x = if x > self.low { x } else { self.low };
        let x = if x > self.high { self.high } else { x };
        let moved = x + ROUNDER;
        ((moved.to_bits() as u8).wrapping_add(self.zero), x - (moved - ROUNDER))
    }
}
