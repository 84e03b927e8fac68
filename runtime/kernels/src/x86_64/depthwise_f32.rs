//! The f32 depthwise convolution for vectors of any width: some pixels at a time of as many channels as a vector has.

use super::lanes::{Lanes, opaque};
use crate::depthwise::DepthwiseF32Args;

/// Makes the channels from `first` to `end` of every pixel, a vector after the other. Only the last vector may be partial.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn channels<V: Lanes>(args: &DepthwiseF32Args, first: usize, end: usize) {
    let taps = &args.taps;
    let steps = if taps.rows == 3 && taps.cols == 3 { args.from.pixel.checked_div(taps.col) } else { None };
    let steps = steps.filter(|steps| steps.wrapping_mul(taps.col) == args.from.pixel);
    let mut first = first;
    while first < end {
        let left = end.wrapping_sub(first);
        // SAFETY: as this function's.
        unsafe {
            match steps {
                _ if left < V::COUNT => lines::<V, AnyWindow<false>>(args, first, left),
                Some(1) => lines::<V, Window3<V, 1>>(args, first, V::COUNT),
                Some(2) => lines::<V, Window3<V, 2>>(args, first, V::COUNT),
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

/// Goes through all pixels, four at a time, because the products of one must wait for each other.
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
            while left >= 4 {
                pixels::<V, W, 4>(&channels, &window, x, y);
                x = x.wrapping_add(args.from.pixel.wrapping_mul(4));
                y = y.wrapping_add(args.to.pixel.wrapping_mul(4));
                left = left.wrapping_sub(4);
            }
            match left {
                3 => pixels::<V, W, 3>(&channels, &window, x, y),
                2 => pixels::<V, W, 2>(&channels, &window, x, y),
                1 => pixels::<V, W, 1>(&channels, &window, x, y),
                _ => {}
            }
            x_line = x_line.wrapping_add(args.from.line);
            y_line = y_line.wrapping_add(args.to.line);
        }
    }
}

/// # Safety
/// As for [`channels`]; so many pixels must follow.
#[inline(always)]
unsafe fn pixels<V: Lanes, W: Window<V>, const PIXELS: usize>(
    channels: &Channels<'_, V>,
    window: &W,
    x: *const f32,
    mut y: *mut f32,
) {
    // SAFETY: as this function's.
    unsafe {
        let mut sums = [channels.bias; PIXELS];
        window.add_products(channels, x, &mut sums);
        let clamp = channels.args.clamp;
        if clamp.min > f32::NEG_INFINITY {
            sums = sums.map(|sum| sum.at_least(channels.min));
        }
        if clamp.max < f32::INFINITY {
            sums = sums.map(|sum| sum.at_most(channels.max));
        }
        for sum in sums {
            if W::FULL {
                sum.store(y)
            } else {
                sum.store_first(y, channels.count)
            }
            y = y.wrapping_add(channels.args.to.pixel);
        }
    }
}

/// The weights of a window, however they are held.
trait Window<V: Lanes> {
    /// Whether all lanes are channels.
    const FULL: bool;

    unsafe fn new(channels: &Channels<'_, V>) -> Self;

    unsafe fn add_products<const PIXELS: usize>(
        &self,
        channels: &Channels<'_, V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    );
}

/// Three rows of three in registers, for pixels that are `STEP` columns of the window apart: a column that several of
/// them see is read once.
struct Window3<V, const STEP: usize>([[V; 3]; 3]);

impl<V: Lanes, const STEP: usize> Window<V> for Window3<V, STEP> {
    const FULL: bool = true;

    #[inline(always)]
    unsafe fn new(channels: &Channels<'_, V>) -> Self {
        let mut weights = [[channels.bias; 3]; 3];
        for (tap, weight) in weights.as_flattened_mut().iter_mut().enumerate() {
            // SAFETY: weights have nine taps of padded channels.
            *weight = unsafe { V::load(channels.w.add(tap.wrapping_mul(channels.args.w_tap))) };
        }
        Self(weights)
    }

    #[inline(always)]
    unsafe fn add_products<const PIXELS: usize>(
        &self,
        channels: &Channels<'_, V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    ) {
        let taps = &channels.args.taps;
        for (row, weights) in self.0.iter().enumerate() {
            let line = opaque(x.wrapping_add(taps.row.wrapping_mul(row)));
            for column in 0..(PIXELS - 1) * STEP + 3 {
                // SAFETY: the door checked that the taps of every pixel lie within x.
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

/// Any window, its weights read again for each few pixels.
struct AnyWindow<const FULL: bool>;

impl<V: Lanes, const FULL: bool> Window<V> for AnyWindow<FULL> {
    const FULL: bool = FULL;

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
                // SAFETY: the door checked that the taps of every pixel lie within x; weights have every tap.
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
