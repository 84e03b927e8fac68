//! Max and average pools, channels last.

use super::lanes::{FEW, LANES, Max, Sum, fold_window, take};
use super::rounding::Rounding;
use super::window::{Pool, Window};
use crate::dispatch::Kernels;
use crate::q8::Requantize;

/// So many u8 add up to less than 2^16.
const SHORT: usize = 256;

/// The greatest element of each window; NaN where one is, negative infinity for a window that lies in the padding.
///
/// # Panics
/// When x or y is smaller than the pool says.
pub fn max_pool_f32(kernels: &Kernels, pool: &Pool, x: &[f32], y: &mut [f32]) {
    pool.check(x.len(), y.len());
    max_f32(kernels.isa(), pool, x, y);
}

/// The average of each window's elements, with the zeros of its padding where that is included. 0 for a window that lies
/// in the padding.
///
/// # Panics
/// When x or y is smaller than the pool says.
pub fn average_pool_f32(kernels: &Kernels, pool: &Pool, include_pad: bool, x: &[f32], y: &mut [f32]) {
    pool.check(x.len(), y.len());
    average_f32(kernels.isa(), pool, include_pad, x, y);
}

/// The greatest element of each window; 0 for a window that lies in the padding.
///
/// # Panics
/// When x or y is smaller than the pool says.
pub fn max_pool_q8(kernels: &Kernels, pool: &Pool, x: &[u8], y: &mut [u8]) {
    pool.check(x.len(), y.len());
    max_pool_bytes(kernels.isa(), pool, x, y);
}

/// The average of each window's elements, whose zero point and scale (in units of the result's) are given, with the zeros
/// of its padding where that is included: `requantize((sum of x - zero) * (scale / count))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AverageQ8 {
    /// Whether padding counts.
    pub include_pad: bool,
    /// x's zero point.
    pub zero: u8,
    /// x's scale over the result's.
    pub scale: f32,
    /// How the result becomes u8.
    pub requantize: Requantize,
}

/// Averages of u8.
///
/// # Panics
/// When x or y is smaller than the pool says.
pub fn average_pool_q8(kernels: &Kernels, pool: &Pool, average: &AverageQ8, x: &[u8], y: &mut [u8]) {
    pool.check(x.len(), y.len());
    average_pool_bytes(kernels.isa(), pool, average, x, y);
}

vectorised! {
    fn max_f32(pool: &Pool, x: &[f32], y: &mut [f32]) {
        for line in 0..pool.output[0] {
            let rows = pool.rows(line);
            for pixel in 0..pool.output[1] {
                let y = &mut y[pool.target(line, pixel)..][..pool.channels];
                fold_window(x, &pool.window(rows, pixel), y, Max {});
            }
        }
    }
}

vectorised! {
    fn average_f32(pool: &Pool, include_pad: bool, x: &[f32], y: &mut [f32]) {
        for line in 0..pool.output[0] {
            let rows = pool.rows(line);
            for pixel in 0..pool.output[1] {
                let y = &mut y[pool.target(line, pixel)..][..pool.channels];
                let window = pool.window(rows, pixel);
                fold_window(x, &window, y, Sum {});
                let weight = window.weight(include_pad);
                for y in y {
                    *y *= weight;
                }
            }
        }
    }
}

vectorised! {
    fn max_pool_bytes(pool: &Pool, x: &[u8], y: &mut [u8]) {
        for line in 0..pool.output[0] {
            let rows = pool.rows(line);
            for pixel in 0..pool.output[1] {
                let y = &mut y[pool.target(line, pixel)..][..pool.channels];
                y.fill(0);
                let window = pool.window(rows, pixel);
                for mut at in window.row_starts() {
                    for _ in 0..window.cols {
                        for (y, x) in y.iter_mut().zip(&x[at..][..pool.channels]) {
                            *y = (*y).max(*x);
                        }
                        at = at.wrapping_add(window.col_step);
                    }
                }
            }
        }
    }
}

vectorised! {
    fn average_pool_bytes(pool: &Pool, average: &AverageQ8, x: &[u8], y: &mut [u8]) {
        let rounding = Rounding::new(average.requantize);
        for line in 0..pool.output[0] {
            let rows = pool.rows(line);
            for pixel in 0..pool.output[1] {
                let window = pool.window(rows, pixel);
                let scale = average.scale * window.weight(average.include_pad);
                let count = window.rows.wrapping_mul(window.cols) as i32;
                let finish = Finish { zeros: count.wrapping_mul(i32::from(average.zero)), scale, rounding };
                average_pixel(&window, x, &mut y[pool.target(line, pixel)..][..pool.channels], finish);
            }
        }
    }
}

#[inline(always)]
fn average_pixel(window: &Window, x: &[u8], y: &mut [u8], finish: Finish) {
    let (wide, rest) = y.as_chunks_mut::<LANES>();
    let mut channel: usize = 0;
    for y in wide {
        *y = sum_bytes::<LANES>(window, &x[channel..], finish);
        channel = channel.wrapping_add(LANES);
    }
    let (narrow, rest) = rest.as_chunks_mut::<FEW>();
    for y in narrow {
        *y = sum_bytes::<FEW>(window, &x[channel..], finish);
        channel = channel.wrapping_add(FEW);
    }
    for y in rest {
        [*y] = sum_bytes::<1>(window, &x[channel..], finish);
        channel = channel.wrapping_add(1);
    }
}

/// How a sum of u8 becomes their average.
#[derive(Clone, Copy)]
struct Finish {
    /// The zero points of all elements.
    zeros: i32,
    scale: f32,
    rounding: Rounding,
}

impl Finish {
    #[inline(always)]
    fn apply(self, sum: u32) -> u8 {
        self.rounding.apply(sum.cast_signed().wrapping_sub(self.zeros) as f32 * self.scale)
    }
}

/// Sums in 16 bits for as long as they fit, then in 32.
#[inline(always)]
fn sum_bytes<const N: usize>(window: &Window, x: &[u8], finish: Finish) -> [u8; N] {
    let mut sums = [0_u32; N];
    for mut at in window.row_starts() {
        let mut left = window.cols;
        while left > 0 {
            let mut short = [0_u16; N];
            let count = left.min(SHORT);
            for _ in 0..count {
                for (sum, x) in short.iter_mut().zip(take::<_, N>(x, at)) {
                    *sum = sum.wrapping_add(u16::from(*x));
                }
                at = at.wrapping_add(window.col_step);
            }
            for (sum, short) in sums.iter_mut().zip(short) {
                *sum = sum.wrapping_add(u32::from(short));
            }
            left = left.wrapping_sub(count);
        }
    }
    let mut averages = [0; N];
    for (y, sum) in averages.iter_mut().zip(sums) {
        *y = finish.apply(sum);
    }
    averages
}
