//! The int8 depthwise convolution over eight channels at a time, for every window: activations widen to 16 bits, as the
//! packed weights are, and their products are summed at 32.

use core::arch::aarch64::{
    int16x8_t, int32x4_t, uint8x8_t, vdup_n_u8, veor_u8, vget_high_s16, vget_low_s16, vget_low_u8, vld1_u8, vld1q_s16,
    vld1q_s32, vmlal_s16, vmovl_s8, vmovl_u8, vreinterpret_s8_u8, vreinterpretq_s16_u16,
};

use super::finish::{requantize, scaled};
use super::part::{load_u8, store_u8};
use super::walk::Runs;
use crate::q8::{DepthwiseQ8Args, DepthwiseQ8Table, Window};

/// Channels that bias and scale are padded to.
pub(super) const PADDED: usize = 16;

/// Channels of a vector.
const CHANNELS: usize = 8;

/// Neighbouring pixels that a tile makes.
const PIXELS: usize = 4;

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_4x8_neon",
    entries: padded,
    channel: |_, entry| entry,
    offset: 0,
    floats: false,
    packed,
    pack,
    run: any_window::<false>,
};

/// Entries of bias and scale: the channels in order, padded.
pub(super) fn padded(channels: usize) -> Option<usize> {
    channels.checked_next_multiple_of(PADDED)
}

/// Weights are `[tap][channels, padded]`, 16 bits each.
pub(super) fn packed(window: Window) -> Option<usize> {
    let taps = window.rows.checked_mul(window.cols)?;
    padded(window.channels)?.checked_mul(2)?.checked_mul(taps)
}

pub(super) fn pack(window: Window, weights: &[i8], packed: &mut [i8]) {
    if window.channels == 0 {
        return;
    }
    let line = window.channels.next_multiple_of(PADDED) * 2;
    for (to, from) in packed.chunks_exact_mut(line).zip(weights.chunks_exact(window.channels)) {
        for (to, from) in to.chunks_exact_mut(2).zip(from) {
            let [low, high] = i16::from(*from).to_ne_bytes();
            to.copy_from_slice(&[low.cast_signed(), high.cast_signed()]);
        }
    }
}

/// Where pixels of a line start.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub(super) x: *const u8,
    pub(super) y: *mut u8,
}

impl Cursor {
    /// The first pixel of a line, at a channel.
    #[inline(always)]
    pub(super) fn line(args: &DepthwiseQ8Args, line: usize, channel: usize) -> Self {
        let (from, to) = (&args.from, &args.to);
        let x = from.start.wrapping_add(line.wrapping_mul(from.line)).wrapping_add(channel);
        let y = to.start.wrapping_add(line.wrapping_mul(to.line)).wrapping_add(channel);
        Self { x: args.x.wrapping_add(x), y: args.y.wrapping_add(y) }
    }

    /// The pixel after so many.
    #[inline(always)]
    pub(super) fn after(self, args: &DepthwiseQ8Args, pixels: usize) -> Self {
        let (from, to) = (pixels.wrapping_mul(args.from.pixel), pixels.wrapping_mul(args.to.pixel));
        Self { x: self.x.wrapping_add(from), y: self.y.wrapping_add(to) }
    }
}

/// The kernel for any window; `SIGNED` takes 128 from activations, as other kernels of its table do.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks.
pub(super) unsafe fn any_window<const SIGNED: bool>(args: &DepthwiseQ8Args) {
    let channels = args.taps.len;
    // SAFETY: as for this function; no more channels are made than there are.
    unsafe {
        let mut first = 0;
        while first < channels {
            if channels.wrapping_sub(first) >= CHANNELS {
                eight_channels::<SIGNED, true>(args, first);
            } else {
                eight_channels::<SIGNED, false>(args, first);
            }
            first = first.wrapping_add(CHANNELS);
        }
    }
}

/// # Safety
/// As for the kernel; where the vector is not `FULL` only the channels that are left are touched.
#[inline(never)]
unsafe fn eight_channels<const SIGNED: bool, const FULL: bool>(args: &DepthwiseQ8Args, first: usize) {
    let square = (args.taps.rows, args.taps.cols) == (3, 3) && !SIGNED && FULL;
    for line in 0..args.grid.lines {
        let mut at = Cursor::line(args, line, first);
        // SAFETY: as for this function.
        unsafe {
            for _ in 0..args.grid.pixels / PIXELS {
                if square && args.from.pixel == args.taps.col {
                    square_tile::<1>(args, first, at);
                } else if square && args.from.pixel == args.taps.col.wrapping_mul(2) {
                    square_tile::<2>(args, first, at);
                } else {
                    tile::<SIGNED, FULL, PIXELS>(args, first, at);
                }
                at = at.after(args, PIXELS);
            }
            for _ in 0..args.grid.pixels % PIXELS {
                tile::<SIGNED, FULL, 1>(args, first, at);
                at = at.after(args, 1);
            }
        }
    }
}

/// # Safety
/// As for `eight_channels`; there are `P` pixels.
#[inline(always)]
unsafe fn tile<const SIGNED: bool, const FULL: bool, const P: usize>(args: &DepthwiseQ8Args, first: usize, at: Cursor) {
    let columns = args.taps.len.wrapping_sub(first);
    // SAFETY: as for this function.
    unsafe {
        let mut sums = [bias(args, first); P];
        let mut w = args.w.cast::<i16>().add(first);
        let mut runs = Runs::of(&args.taps);
        while let Some(run) = runs.next() {
            let weights = vld1q_s16(w);
            w = w.wrapping_add(args.taps.len.next_multiple_of(PADDED));
            for (pixel, sums) in sums.iter_mut().enumerate() {
                let x = at.x.add(run.wrapping_add(pixel.wrapping_mul(args.from.pixel)));
                let x = if FULL { vld1_u8(x) } else { vget_low_u8(load_u8(x, columns)) };
                *sums = add(*sums, widen::<SIGNED>(x), weights);
            }
        }
        store(args, sums, first, at, if FULL { CHANNELS } else { columns });
    }
}

/// A tile of windows of 3 by 3 that move on by `S` of their columns: what two pixels read is read once.
///
/// # Safety
/// As for `eight_channels`; there are `PIXELS` pixels and eight channels.
#[inline(always)]
unsafe fn square_tile<const S: usize>(args: &DepthwiseQ8Args, first: usize, at: Cursor) {
    let padded = args.taps.len.next_multiple_of(PADDED);
    // SAFETY: as for this function.
    unsafe {
        let mut sums = [bias(args, first); PIXELS];
        let w = args.w.cast::<i16>().add(first);
        for row in 0..3 {
            let weights: [int16x8_t; 3] =
                core::array::from_fn(|col| vld1q_s16(w.add((3 * row + col).wrapping_mul(padded))));
            let x = at.x.wrapping_add(row.wrapping_mul(args.taps.row));
            for col in 0..S * (PIXELS - 1) + 3 {
                let x = widen::<false>(vld1_u8(x.wrapping_add(col.wrapping_mul(args.taps.col))));
                for (pixel, sums) in sums.iter_mut().enumerate() {
                    if col >= S * pixel && col < S * pixel + 3 {
                        *sums = add(*sums, x, weights[col - S * pixel]);
                    }
                }
            }
        }
        store(args, sums, first, at, CHANNELS);
    }
}

/// # Safety
/// There are eight padded channels from `first` on.
#[inline(always)]
unsafe fn bias(args: &DepthwiseQ8Args, first: usize) -> [int32x4_t; 2] {
    // SAFETY: as for this function.
    unsafe { [vld1q_s32(args.bias.add(first)), vld1q_s32(args.bias.add(first + 4))] }
}

#[inline(always)]
fn widen<const SIGNED: bool>(x: uint8x8_t) -> int16x8_t {
    // SAFETY: NEON is in every CPU of the target.
    unsafe {
        if SIGNED {
            vmovl_s8(vreinterpret_s8_u8(veor_u8(x, vdup_n_u8(128))))
        } else {
            vreinterpretq_s16_u16(vmovl_u8(x))
        }
    }
}

#[inline(always)]
fn add([low, high]: [int32x4_t; 2], x: int16x8_t, w: int16x8_t) -> [int32x4_t; 2] {
    // SAFETY: NEON is in every CPU of the target.
    unsafe {
        let low = vmlal_s16(low, vget_low_s16(x), vget_low_s16(w));
        [low, vmlal_s16(high, vget_high_s16(x), vget_high_s16(w))]
    }
}

/// # Safety
/// `P` pixels of so many channels can be written.
#[inline(always)]
unsafe fn store<const P: usize>(
    args: &DepthwiseQ8Args,
    sums: [[int32x4_t; 2]; P],
    first: usize,
    at: Cursor,
    columns: usize,
) {
    for (pixel, sums) in sums.into_iter().enumerate() {
        // SAFETY: as for this function; scales are padded.
        unsafe {
            let bytes = requantize(scaled(sums, args.scale.add(first)), args.requantize);
            store_u8(at.after(args, pixel).y, bytes, columns);
        }
    }
}
