//! How the weights of a depthwise window are packed.

use super::{TAPS, Vectors};
use crate::q8::Window;
use crate::x86_64::pattern::{self, Pattern};

/// Groups of taps of a window, and how often each is packed. (The door checked that the taps do not overflow.)
#[inline(always)]
pub(super) fn groups(rows: usize, cols: usize) -> (usize, usize) {
    // For three rows: one a column, for the line itself and for the one after it.
    if rows == 3 { (cols, 2) } else { (rows.wrapping_mul(cols).div_ceil(TAPS), 1) }
}

/// The tap of the window that a byte of the packed weights is for; `time` counts the times a group is packed.
fn tap(window: Window, group: usize, time: usize, tap: usize) -> Option<usize> {
    if window.rows == 3 {
        let row = tap.checked_sub(time)?;
        (row < 3).then_some(row * window.cols + group)
    } else {
        let tap = group * TAPS + tap;
        (tap < window.rows * window.cols).then_some(tap)
    }
}

/// Entries of bias and scale.
pub(in crate::x86_64) fn entries<V: Vectors>(channels: usize) -> Option<usize> {
    Pattern::of(channels, V::BYTES).blocks.checked_mul(V::BYTES)
}

/// The channel of an entry.
pub(in crate::x86_64) fn channel<V: Vectors>(channels: usize, entry: usize) -> usize {
    pattern::channel(channels, V::BYTES, entry)
}

/// Bytes of the packed weights.
pub(in crate::x86_64) fn packed<V: Vectors>(window: Window) -> Option<usize> {
    let (groups, times) = groups(window.rows, window.cols);
    Pattern::of(window.channels, V::BYTES).blocks.checked_mul(groups.checked_mul(times * V::WEIGHTS)?)
}

/// Packs weights: blocks, then groups, then times, then what `put` makes of the weights of four taps for an entry.
pub(in crate::x86_64) fn pack<V: Vectors>(
    window: Window,
    weights: &[i8],
    packed: &mut [i8],
    put: fn(&mut [i8], entry: usize, taps: [i8; TAPS]),
) {
    let (groups, times) = groups(window.rows, window.cols);
    for (i, packed) in packed.chunks_exact_mut(V::WEIGHTS).enumerate() {
        let (block, group, time) = (i / (groups * times), i / times % groups, i % times);
        for entry in 0..V::BYTES {
            let channel = channel::<V>(window.channels, block * V::BYTES + entry);
            if channel < window.channels {
                let weight = |i| tap(window, group, time, i).map_or(0, |tap| weights[tap * window.channels + channel]);
                put(packed, entry, [weight(0), weight(1), weight(2), weight(3)]);
            }
        }
    }
}
