//! The f32 depthwise convolution over vectors of channels; windows of 3 by 3 share what neighbouring pixels read.

use core::arch::aarch64::{float32x4_t, vdupq_n_f32, vfmaq_f32, vld1q_f32, vmaxq_f32, vminq_f32, vst1q_f32};

use super::walk::Runs;
use crate::depthwise::{DepthwiseF32Args, DepthwiseF32Table};

pub(crate) const DEPTHWISE_F32: DepthwiseF32Table =
    DepthwiseF32Table { name: "depthwise_f32_4x8_neon", vector: 4, run: depthwise_f32 };

/// Neighbouring pixels that a tile makes.
const PIXELS: usize = 4;

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn depthwise_f32(args: &DepthwiseF32Args) {
    let channels = args.taps.len;
    let (pairs, left) = (channels / 8, channels % 8);
    let done = pairs.wrapping_mul(8).wrapping_add(left & 4);
    // SAFETY: as for this function; no more channels are made than there are.
    unsafe {
        for pair in 0..pairs {
            vectors::<2>(args, pair.wrapping_mul(8));
        }
        if left >= 4 {
            vectors::<1>(args, pairs.wrapping_mul(8));
        }
        for channel in done..channels {
            one_channel(args, channel);
        }
    }
}

/// # Safety
/// As for the kernel; there are `V` vectors of channels from `first` on.
#[inline(never)]
unsafe fn vectors<const V: usize>(args: &DepthwiseF32Args, first: usize) {
    let taps = &args.taps;
    let square = (taps.rows, taps.cols) == (3, 3);
    // SAFETY: as for this function.
    unsafe {
        if square && args.from.pixel == taps.col {
            three_by_three::<V, 1>(args, first);
        } else if square && args.from.pixel == taps.col.wrapping_mul(2) {
            three_by_three::<V, 2>(args, first);
        } else {
            for line in 0..args.grid.lines {
                let (mut x, mut y) = start(args, line, first);
                for _ in 0..args.grid.pixels / PIXELS {
                    any_window::<V, PIXELS>(args, first, x, y);
                    (x, y) = after(args, PIXELS, x, y);
                }
                for _ in 0..args.grid.pixels % PIXELS {
                    any_window::<V, 1>(args, first, x, y);
                    (x, y) = after(args, 1, x, y);
                }
            }
        }
    }
}

/// Where a line starts.
#[inline(always)]
fn start(args: &DepthwiseF32Args, line: usize, first: usize) -> (*const f32, *mut f32) {
    let (from, to) = (&args.from, &args.to);
    let x = from.start.wrapping_add(line.wrapping_mul(from.line)).wrapping_add(first);
    let y = to.start.wrapping_add(line.wrapping_mul(to.line)).wrapping_add(first);
    (args.x.wrapping_add(x), args.y.wrapping_add(y))
}

/// Where the pixel after so many starts.
#[inline(always)]
fn after(args: &DepthwiseF32Args, pixels: usize, x: *const f32, y: *mut f32) -> (*const f32, *mut f32) {
    (x.wrapping_add(pixels.wrapping_mul(args.from.pixel)), y.wrapping_add(pixels.wrapping_mul(args.to.pixel)))
}

/// # Safety
/// As for `vectors`; a window of 3 by 3 moves on by `S` of its columns from pixel to pixel.
#[inline(always)]
unsafe fn three_by_three<const V: usize, const S: usize>(args: &DepthwiseF32Args, first: usize) {
    // SAFETY: as for this function.
    unsafe {
        let w = args.w.add(first);
        let weights: [[[float32x4_t; V]; 3]; 3] = core::array::from_fn(|row| {
            core::array::from_fn(|col| load(w.add((3 * row + col).wrapping_mul(args.w_tap))))
        });
        for line in 0..args.grid.lines {
            let (mut x, mut y) = start(args, line, first);
            for _ in 0..args.grid.pixels / PIXELS {
                square_tile::<V, S, PIXELS>(args, &weights, first, x, y);
                (x, y) = after(args, PIXELS, x, y);
            }
            for _ in 0..args.grid.pixels % PIXELS {
                square_tile::<V, S, 1>(args, &weights, first, x, y);
                (x, y) = after(args, 1, x, y);
            }
        }
    }
}

/// # Safety
/// As for `three_by_three`; there are `P` pixels from `x` and `y` on.
#[inline(always)]
unsafe fn square_tile<const V: usize, const S: usize, const P: usize>(
    args: &DepthwiseF32Args,
    weights: &[[[float32x4_t; V]; 3]; 3],
    first: usize,
    x: *const f32,
    y: *mut f32,
) {
    // SAFETY: as for this function.
    unsafe {
        let mut sums = [load::<V>(args.bias.add(first)); P];
        for (row, weights) in weights.iter().enumerate() {
            let line = x.wrapping_add(row.wrapping_mul(args.taps.row));
            for col in 0..S * (P - 1) + 3 {
                let read: [float32x4_t; V] = load(line.wrapping_add(col.wrapping_mul(args.taps.col)));
                for (pixel, sums) in sums.iter_mut().enumerate() {
                    if col >= S * pixel && col < S * pixel + 3 {
                        *sums = add(*sums, read, weights[col - S * pixel]);
                    }
                }
            }
        }
        store(args, sums, y);
    }
}

/// # Safety
/// As for `vectors`; there are `P` pixels from `x` and `y` on.
#[inline(always)]
unsafe fn any_window<const V: usize, const P: usize>(
    args: &DepthwiseF32Args,
    first: usize,
    x: *const f32,
    y: *mut f32,
) {
    // SAFETY: as for this function.
    unsafe {
        let mut sums = [load::<V>(args.bias.add(first)); P];
        let mut w = args.w.add(first);
        let mut runs = Runs::of(&args.taps);
        while let Some(at) = runs.next() {
            let weights = load::<V>(w);
            w = w.wrapping_add(args.w_tap);
            for (pixel, sums) in sums.iter_mut().enumerate() {
                let read = load(x.add(at.wrapping_add(pixel.wrapping_mul(args.from.pixel))));
                *sums = add(*sums, read, weights);
            }
        }
        store(args, sums, y);
    }
}

/// The channels that fill no vector.
///
/// # Safety
/// As for the kernel.
unsafe fn one_channel(args: &DepthwiseF32Args, channel: usize) {
    for line in 0..args.grid.lines {
        let (mut x, mut y) = start(args, line, channel);
        for _ in 0..args.grid.pixels {
            // SAFETY: as for this function.
            unsafe {
                let mut sum = *args.bias.add(channel);
                let mut w = args.w.add(channel);
                let mut runs = Runs::of(&args.taps);
                while let Some(at) = runs.next() {
                    sum = (*x.add(at)).mul_add(*w, sum);
                    w = w.wrapping_add(args.w_tap);
                }
                *y = args.clamp.apply(sum);
            }
            (x, y) = after(args, 1, x, y);
        }
    }
}

#[inline(always)]
fn add<const V: usize>(sums: [float32x4_t; V], x: [float32x4_t; V], w: [float32x4_t; V]) -> [float32x4_t; V] {
    // SAFETY: NEON is in every CPU of the target.
    core::array::from_fn(|i| unsafe { vfmaq_f32(sums[i], x[i], w[i]) })
}

/// # Safety
/// There are `V` vectors.
#[inline(always)]
unsafe fn load<const V: usize>(from: *const f32) -> [float32x4_t; V] {
    // SAFETY: as for this function.
    core::array::from_fn(|i| unsafe { vld1q_f32(from.add(4 * i)) })
}

/// # Safety
/// `P` pixels of `V` vectors can be written.
#[inline(always)]
unsafe fn store<const V: usize, const P: usize>(args: &DepthwiseF32Args, sums: [[float32x4_t; V]; P], y: *mut f32) {
    // SAFETY: as for this function.
    unsafe {
        let (min, max) = (vdupq_n_f32(args.clamp.min), vdupq_n_f32(args.clamp.max));
        for (pixel, sums) in sums.into_iter().enumerate() {
            let y = y.wrapping_add(pixel.wrapping_mul(args.to.pixel));
            for (i, sum) in sums.into_iter().enumerate() {
                // Maximum and minimum give NaN where either is NaN, and no bound is.
                vst1q_f32(y.add(4 * i), vminq_f32(vmaxq_f32(sum, min), max));
            }
        }
    }
}
