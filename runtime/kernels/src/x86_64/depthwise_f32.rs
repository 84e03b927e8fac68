//! The f32 depthwise convolution for vectors of any width: some pixels at a time of as many channels as a vector has.

use super::lanes::{Lanes, opaque};
use crate::depthwise::DepthwiseF32Args;

/// Makes the channels from `first` to `end` of every pixel, a vector after the other; only the last may be partial.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn channels<V: Lanes>(args: &DepthwiseF32Args, first: usize, end: usize) {
    // Columns of the window from a pixel to the next, where they are a whole number.
    let steps = args.from.pixel.checked_div(args.taps.col);
    let steps = steps.filter(|steps| steps.wrapping_mul(args.taps.col) == args.from.pixel);
    let mut first = first;
    while first < end {
        let left = end.wrapping_sub(first);
        // SAFETY: as this function's.
        unsafe {
            match (args.taps.rows, args.taps.cols, steps) {
                _ if left < V::COUNT => lines::<V, AnyWindow<false>>(args, first, left),
                (3, 3, Some(1)) => lines::<V, Window3<V, 1>>(args, first, V::COUNT),
                (3, 3, Some(2)) => lines::<V, Window3<V, 2>>(args, first, V::COUNT),
                (_, 5, Some(1)) => lines::<V, Rows<5, 1>>(args, first, V::COUNT),
                (_, 5, Some(2)) => lines::<V, Rows<5, 2>>(args, first, V::COUNT),
                _ => lines::<V, AnyWindow<true>>(args, first, V::COUNT),
            }
        }
        first = first.wrapping_add(V::COUNT);
    }
}

/// A vector of channels: what stays the same for all its pixels.
struct Channels<'a, V> {
    args: &'a DepthwiseF32Args,
    w: *const f32,
    bias: V,
    min: V,
    max: V,
    /// Those that are read and written, at most as many as a vector has.
    count: usize,
}

/// Goes through all pixels, some at a time, because the products of one must wait for each other.
///
/// # Safety
/// As for [`channels`].
#[inline(always)]
unsafe fn lines<V: Lanes, W: Window<V>>(args: &DepthwiseF32Args, first: usize, count: usize) {
    // SAFETY: the door checked every pixel of x and y; weights and bias are padded to a multiple of the vector.
    unsafe {
        let (min, max) = (V::splat(args.clamp.min), V::splat(args.clamp.max));
        let bias = V::load(args.bias.add(first));
        let channels = Channels { args, w: args.w.add(first), bias, min, max, count };
        let window = W::new(&channels);
        let mut x_line = args.x.add(args.from.start).add(first);
        let mut y_line = args.y.add(args.to.start).add(first);
        for _ in 0..args.grid.lines {
            let (mut x, mut y, mut left) = (x_line, y_line, args.grid.pixels);
            while W::MOST == 8 && left >= 8 {
                (x, y) = pixels::<V, W, 8>(&channels, &window, x, y);
                left = left.wrapping_sub(8);
            }
            while left >= 4 {
                (x, y) = pixels::<V, W, 4>(&channels, &window, x, y);
                left = left.wrapping_sub(4);
            }
            match left {
                3 => pixels::<V, W, 3>(&channels, &window, x, y),
                2 => pixels::<V, W, 2>(&channels, &window, x, y),
                1 => pixels::<V, W, 1>(&channels, &window, x, y),
                _ => (x, y),
            };
            x_line = x_line.wrapping_add(args.from.line);
            y_line = y_line.wrapping_add(args.to.line);
        }
    }
}

/// Makes some pixels and gives where the next start in x and y.
///
/// # Safety
/// As for [`channels`]; so many pixels must follow.
#[inline(always)]
unsafe fn pixels<V: Lanes, W: Window<V>, const PIXELS: usize>(
    channels: &Channels<'_, V>,
    window: &W,
    x: *const f32,
    mut y: *mut f32,
) -> (*const f32, *mut f32) {
    let args = channels.args;
    // SAFETY: as this function's.
    unsafe {
        let mut sums = [channels.bias; PIXELS];
        window.add_products(channels, x, &mut sums);
        if args.clamp.min > f32::NEG_INFINITY {
            sums = sums.map(|sum| sum.at_least(channels.min));
        }
        if args.clamp.max < f32::INFINITY {
            sums = sums.map(|sum| sum.at_most(channels.max));
        }
        for sum in sums {
            if W::FULL {
                sum.store(y)
            } else {
                sum.store_first(y, channels.count)
            }
            y = y.wrapping_add(args.to.pixel);
        }
    }
    (x.wrapping_add(args.from.pixel.wrapping_mul(PIXELS)), y)
}

/// A window: how its weights are held and its products added up.
trait Window<V: Lanes> {
    /// Whether all lanes are channels.
    const FULL: bool;
    /// Pixels at a time, four or eight.
    const MOST: usize;

    /// # Safety
    /// As for [`channels`].
    unsafe fn new(channels: &Channels<'_, V>) -> Self;

    /// # Safety
    /// As for [`channels`].
    unsafe fn add_products<const PIXELS: usize>(
        &self,
        channels: &Channels<'_, V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    );
}

/// The weights of some neighbouring taps.
///
/// # Safety
/// There must be so many.
#[inline(always)]
unsafe fn load_weights<V: Lanes, const TAPS: usize>(w: *const f32, channels: &Channels<'_, V>) -> [V; TAPS] {
    let mut weights = [channels.bias; TAPS];
    for (tap, weight) in weights.iter_mut().enumerate() {
        // SAFETY: as this function's.
        *weight = unsafe { V::load(w.add(channels.args.w_tap.wrapping_mul(tap))) };
    }
    weights
}

/// Three rows of three, all nine in registers, for pixels that are `STEP` columns apart.
struct Window3<V, const STEP: usize>([V; 9]);

impl<V: Lanes, const STEP: usize> Window<V> for Window3<V, STEP> {
    const FULL: bool = true;
    const MOST: usize = 4;

    #[inline(always)]
    unsafe fn new(channels: &Channels<'_, V>) -> Self {
        // SAFETY: as this function's.
        Self(unsafe { load_weights(channels.w, channels) })
    }

    #[inline(always)]
    unsafe fn add_products<const PIXELS: usize>(
        &self,
        channels: &Channels<'_, V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    ) {
        let taps = &channels.args.taps;
        for row in 0..3 {
            let line = opaque(x.wrapping_add(taps.row.wrapping_mul(row)));
            let weights = &self.0[3 * row..][..3];
            for column in 0..(PIXELS - 1) * STEP + 3 {
                // SAFETY: as this function's.
                let x = unsafe { V::load(line.add(taps.col.wrapping_mul(column))) };
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    if let Some(weight) = weights.get(column.wrapping_sub(pixel * STEP)) {
                        // SAFETY: as this function's.
                        *sum = unsafe { sum.add_product(x, *weight) };
                    }
                }
            }
        }
    }
}

/// Rows of `COLS`, of which one at a time is in registers, for pixels that are `STEP` columns apart.
struct Rows<const COLS: usize, const STEP: usize>;

impl<V: Lanes, const COLS: usize, const STEP: usize> Window<V> for Rows<COLS, STEP> {
    const FULL: bool = true;
    const MOST: usize = 8;

    #[inline(always)]
    unsafe fn new(_: &Channels<'_, V>) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn add_products<const PIXELS: usize>(
        &self,
        channels: &Channels<'_, V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    ) {
        let args = channels.args;
        let (mut w, mut line) = (channels.w, x);
        for _ in 0..args.taps.rows {
            let from = opaque(line);
            // SAFETY: as this function's.
            unsafe {
                let weights = load_weights::<V, COLS>(w, channels);
                // What several pixels see stands here for each of them, but the compiler reads it once.
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    for (tap, weight) in weights.iter().enumerate() {
                        let x = V::load(from.add(args.taps.col.wrapping_mul(pixel * STEP + tap)));
                        *sum = sum.add_product(x, *weight);
                    }
                }
            }
            w = w.wrapping_add(args.w_tap.wrapping_mul(COLS));
            line = line.wrapping_add(args.taps.row);
        }
    }
}

/// Any window, one tap at a time.
struct AnyWindow<const FULL: bool>;

impl<V: Lanes, const FULL: bool> Window<V> for AnyWindow<FULL> {
    const FULL: bool = FULL;
    const MOST: usize = 8;

    #[inline(always)]
    unsafe fn new(_: &Channels<'_, V>) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn add_products<const PIXELS: usize>(
        &self,
        channels: &Channels<'_, V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    ) {
        let args = channels.args;
        let (mut w, mut line) = (channels.w, x);
        for _ in 0..args.taps.rows {
            let mut run = line;
            for _ in 0..args.taps.cols {
                let mut from = opaque(run);
                // SAFETY: as this function's.
                unsafe {
                    let weight = V::load(w);
                    for sum in sums.iter_mut() {
                        let x = if FULL { V::load(from) } else { V::load_first(from, channels.count) };
                        *sum = sum.add_product(x, weight);
                        from = from.wrapping_add(args.from.pixel);
                    }
                }
                w = w.wrapping_add(args.w_tap);
                run = run.wrapping_add(args.taps.col);
            }
            line = line.wrapping_add(args.taps.row);
        }
    }
}
