//! A 3x3 window over neighbouring pixels, where two columns of a pixel are the next one's.

use super::Vectors;
use super::access::Whole;
use super::window::column;
use crate::q8::DepthwiseQ8Args;

/// Whether two columns of a pixel are the next one's, in whole blocks of channels.
#[inline(always)]
pub(super) fn slides<V: Vectors>(args: &DepthwiseQ8Args) -> bool {
    let channels = args.taps.len;
    args.taps.cols == 3 && args.taps.col == channels && args.from.pixel == channels && channels & (V::BYTES - 1) == 0
}

/// A line or two that overlap, where columns slide.
#[inline(always)]
pub(super) unsafe fn slide<V: Vectors, const LINES: usize>(
    args: &DepthwiseQ8Args,
    by: V::Requantizer,
    x: *const u8,
    y: *mut u8,
) {
    let mut first = 0;
    while first < args.taps.len {
        // SAFETY: as the caller says.
        unsafe { slide_block::<V, LINES>(args, by, first, x.add(first), y.add(first)) }
        first = first.wrapping_add(V::BYTES);
    }
}

/// The block of channels that starts at `first`.
#[inline(always)]
unsafe fn slide_block<V: Vectors, const LINES: usize>(
    args: &DepthwiseQ8Args,
    by: V::Requantizer,
    first: usize,
    mut x: *const u8,
    mut y: *mut u8,
) {
    let channels = args.taps.len;
    // SAFETY: as the caller says; weights, bias and scale have every block.
    unsafe {
        let weights = args.w.add(first.wrapping_mul(6 * V::WEIGHTS / V::BYTES));
        let (bias, scale) = (args.bias.add(first), args.scale.add(first));
        // As many weights as there are registers left for.
        let mut kept = [V::weights(weights); LINES];
        for (line, kept) in kept.iter_mut().enumerate() {
            *kept = V::weights(weights.add((4 + line) * V::WEIGHTS));
        }
        let second = column::<V, Whole, LINES>(args, Whole, x.add(channels));
        let mut before = [column::<V, Whole, LINES>(args, Whole, x), second];
        x = x.add(channels.wrapping_mul(2));
        for _ in 0..args.grid.pixels {
            let last = column::<V, Whole, LINES>(args, Whole, x);
            let mut made = [V::zero(); LINES];
            for (line, made) in made.iter_mut().enumerate() {
                let sums = V::dot(V::bias(bias), before[0], V::weights(weights.add(line * V::WEIGHTS)));
                let sums = V::dot(sums, before[1], V::weights(weights.add((2 + line) * V::WEIGHTS)));
                *made = V::requantize(by, V::dot(sums, last, kept[line]), scale);
            }
            for (line, made) in made.into_iter().enumerate() {
                V::store(y.add(line.wrapping_mul(args.to.line)), made);
            }
            before = [before[1], last];
            x = x.add(channels);
            y = y.add(args.to.pixel);
        }
    }
}
