//! The f32 depthwise convolution for vectors of any width: some pixels at a time of as many channels as a vector has.

use super::lanes::Lanes;
use crate::depthwise::DepthwiseF32Args;
use crate::geometry::{Clamp, Taps};

/// A vector of channels: what stays the same for all its pixels.
struct Channels<V> {
    taps: Taps,
    w: *const f32,
    w_tap: usize,
    bias: V,
    /// Those that are read and written, at most as many as a vector has.
    count: usize,
    clamp: Clamp,
    x_pixel: usize,
    y_pixel: usize,
}

/// Makes the channels from `first` on, at most as many as a vector has, of every pixel.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn channels<V: Lanes>(args: &DepthwiseF32Args, first: usize) {
    let left = args.taps.len.wrapping_sub(first);
    // SAFETY: weights and bias are padded to a multiple of the vector.
    let channels = unsafe {
        Channels {
            taps: args.taps,
            w: args.w.add(first),
            w_tap: args.w_tap,
            bias: V::load(args.bias.add(first)),
            count: if left < V::COUNT { left } else { V::COUNT },
            clamp: args.clamp,
            x_pixel: args.from.pixel,
            y_pixel: args.to.pixel,
        }
    };
    let small = args.taps.rows == 3 && args.taps.cols == 3;
    // SAFETY: as this function's.
    unsafe {
        match (small, left >= V::COUNT) {
            (true, true) => lines::<V, Window3<V>, true>(args, &channels, first),
            (true, false) => lines::<V, Window3<V>, false>(args, &channels, first),
            (false, true) => lines::<V, AnyWindow, true>(args, &channels, first),
            (false, false) => lines::<V, AnyWindow, false>(args, &channels, first),
        }
    }
}

/// Goes through all pixels, four at a time, because the products of one must wait for each other.
///
/// # Safety
/// As for [`channels`]. `FULL` says that all lanes are channels.
#[inline(always)]
unsafe fn lines<V: Lanes, W: Window<V>, const FULL: bool>(
    args: &DepthwiseF32Args,
    channels: &Channels<V>,
    first: usize,
) {
    // SAFETY: the door checked every pixel of x and y.
    unsafe {
        let window = W::new(channels);
        let mut x_line = args.x.add(args.from.start).add(first);
        let mut y_line = args.y.add(args.to.start).add(first);
        for _ in 0..args.grid.lines {
            let (mut x, mut y, mut left) = (x_line, y_line, args.grid.pixels);
            while left >= 4 {
                pixels::<V, W, FULL, 4>(channels, &window, &mut x, &mut y);
                left = left.wrapping_sub(4);
            }
            if left >= 2 {
                pixels::<V, W, FULL, 2>(channels, &window, &mut x, &mut y);
            }
            if left & 1 != 0 {
                pixels::<V, W, FULL, 1>(channels, &window, &mut x, &mut y);
            }
            x_line = x_line.wrapping_add(args.from.line);
            y_line = y_line.wrapping_add(args.to.line);
        }
    }
}

/// # Safety
/// As for [`lines`]; so many pixels must follow.
#[inline(always)]
unsafe fn pixels<V: Lanes, W: Window<V>, const FULL: bool, const PIXELS: usize>(
    channels: &Channels<V>,
    window: &W,
    x: &mut *const f32,
    y: &mut *mut f32,
) {
    // SAFETY: as this function's.
    unsafe {
        let mut sums = [channels.bias; PIXELS];
        window.add_products::<FULL, PIXELS>(channels, *x, &mut sums);
        let (min, max) = (V::splat(channels.clamp.min), V::splat(channels.clamp.max));
        for sum in sums {
            let sum = sum.at_least(min).at_most(max);
            if FULL {
                sum.store(*y)
            } else {
                sum.store_first(*y, channels.count)
            }
            *y = y.wrapping_add(channels.y_pixel);
        }
        *x = x.wrapping_add(channels.x_pixel.wrapping_mul(PIXELS));
    }
}

/// Adds the products of one tap for some pixels.
///
/// # Safety
/// As for [`lines`].
#[inline(always)]
unsafe fn add_tap<V: Lanes, const FULL: bool, const PIXELS: usize>(
    channels: &Channels<V>,
    x: *const f32,
    w: V,
    sums: &mut [V; PIXELS],
) {
    // SAFETY: as this function's.
    unsafe {
        for (pixel, sum) in sums.iter_mut().enumerate() {
            let from = x.add(channels.x_pixel.wrapping_mul(pixel));
            let x = if FULL { V::load(from) } else { V::load_first(from, channels.count) };
            *sum = sum.add_product(x, w);
        }
    }
}

/// The weights of a window, however they are held.
trait Window<V: Lanes> {
    unsafe fn new(channels: &Channels<V>) -> Self;

    unsafe fn add_products<const FULL: bool, const PIXELS: usize>(
        &self,
        channels: &Channels<V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    );
}

/// Three rows of three, in registers.
struct Window3<V>([[V; 3]; 3]);

impl<V: Lanes> Window<V> for Window3<V> {
    #[inline(always)]
    unsafe fn new(channels: &Channels<V>) -> Self {
        // SAFETY: weights have nine taps of padded channels.
        unsafe {
            let mut weights = [[channels.bias; 3]; 3];
            for (tap, weight) in weights.as_flattened_mut().iter_mut().enumerate() {
                *weight = V::load(channels.w.add(tap.wrapping_mul(channels.w_tap)));
            }
            Self(weights)
        }
    }

    #[inline(always)]
    unsafe fn add_products<const FULL: bool, const PIXELS: usize>(
        &self,
        channels: &Channels<V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    ) {
        // SAFETY: the door checked that the taps of every pixel lie within x.
        unsafe {
            for row in 0..3 {
                for col in 0..3 {
                    let at = channels.taps.row.wrapping_mul(row).wrapping_add(channels.taps.col.wrapping_mul(col));
                    add_tap::<V, FULL, PIXELS>(channels, x.add(at), self.0[row][col], sums);
                }
            }
        }
    }
}

/// Any other, read again for each pixels.
struct AnyWindow;

impl<V: Lanes> Window<V> for AnyWindow {
    #[inline(always)]
    unsafe fn new(_: &Channels<V>) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn add_products<const FULL: bool, const PIXELS: usize>(
        &self,
        channels: &Channels<V>,
        x: *const f32,
        sums: &mut [V; PIXELS],
    ) {
        let (mut w, mut line) = (channels.w, x);
        // SAFETY: the door checked that the taps of every pixel lie within x; weights have every tap.
        unsafe {
            for _ in 0..channels.taps.rows {
                let mut run = line;
                for _ in 0..channels.taps.cols {
                    add_tap::<V, FULL, PIXELS>(channels, run, V::load(w), sums);
                    w = w.wrapping_add(channels.w_tap);
                    run = run.wrapping_add(channels.taps.col);
                }
                line = line.wrapping_add(channels.taps.row);
            }
        }
    }
}
