//! Sums that are floats as they stand, so that they need no conversion before they are scaled.
//!
//! From 2^23 to 2^24 neighbouring floats are 1 apart, and so are their bits: a sum that starts from the bits of 2^23 ends as
//! the bits of `2^23 + sum`. A fused multiply-add takes 2^23 out again: `fma(2^23 + sum, scale, -2^23 * scale)` is
//! `sum * scale` rounded once, as that of a converted sum is, for `2^23 * scale` has no digit more than the scale has.
//!
//! A sum below 0 becomes some float below 2^23, and so, by a scale that is not negative, a result that is not above 0. That
//! is all that matters where the least u8 stands for 0, as after `Relu`.

use super::Requantize;

/// The bits of 2^23.
const START: i32 = 0x4b00_0000;
/// 2^23.
const LIMIT: i32 = 1 << 23;

/// What such sums start from, in place of a bias, and what is added to their scaled floats.
pub(super) fn start(bias: i32, scale: f32) -> (i32, f32) {
    (bias.wrapping_add(START), -scale * LIMIT as f32)
}

/// Whether results are such that sums below 0 need not be told apart, and fill the bytes.
pub(super) fn suit(requantize: Requantize) -> bool {
    requantize == Requantize { zero: 0, min: 0, max: 255 }
}

/// The least and the greatest sum of a channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bounds {
    least: i64,
    greatest: i64,
}

impl Bounds {
    /// Takes in the weight of an activation whose zero point is `zero`.
    pub(super) fn add(&mut self, weight: i8, zero: u8) {
        let (weight, zero) = (i64::from(weight), i64::from(zero));
        let (low, high) = (-zero * weight, (255 - zero) * weight);
        self.least += low.min(high);
        self.greatest += low.max(high);
    }

    /// Whether all sums, with a bias, are floats as they stand.
    pub(super) fn fit(self, bias: i32, scale: f32) -> bool {
        let (least, greatest) = (self.least + i64::from(bias), self.greatest + i64::from(bias));
        scale >= 0.0 && greatest < i64::from(LIMIT) && least > -i64::from(START)
    }
}
