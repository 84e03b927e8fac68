//! Sums and other folds over a run of elements, on many lanes at once.

use super::window::Window;

/// Lanes of a fold: several of the widest vectors, so that one addition need not wait for the one before.
pub(super) const LANES: usize = 64;
/// Lanes for what does not fill as many.
pub(super) const FEW: usize = 8;

/// A fold over elements: how one is taken in, and how two results become one.
pub(super) trait Fold: Copy {
    /// The result of no element; it changes no other.
    const START: f32;
    fn add(self, so_far: f32, x: f32) -> f32;
    fn merge(self, a: f32, b: f32) -> f32;
}

/// Defines folds. (Closures would do, were they sure to be compiled within the loop and for its instruction set.)
macro_rules! folds {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($field:ident),* } from $start:expr,
        add($so_far:ident, $x:ident) = $add:expr,
        merge($a:ident, $b:ident) = $merge:expr;
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name { $(pub(super) $field: f32),* }

        impl Fold for $name {
            const START: f32 = $start;

            #[inline(always)]
            fn add(self, $so_far: f32, $x: f32) -> f32 {
                let Self { $($field),* } = self;
                $add
            }

            #[inline(always)]
            fn merge(self, $a: f32, $b: f32) -> f32 {
                $merge
            }
        }
    )* };
}

folds! {
    Sum {} from 0.0, add(sum, x) = sum + x, merge(a, b) = a + b;
    Product {} from 1.0, add(product, x) = product * x, merge(a, b) = a * b;
    /// The sum of absolute values.
    Absolutes {} from 0.0, add(sum, x) = sum + x.abs(), merge(a, b) = a + b;
    /// The sum of squares of what remains after a number is taken from each.
    Squares { mean } from 0.0, add(sum, x) = sum + (x - mean) * (x - mean), merge(a, b) = a + b;
    /// The greatest element that is not NaN.
    Greatest {} from f32::NEG_INFINITY,
        add(max, x) = if x > max { x } else { max },
        merge(a, b) = if b > a { b } else { a };
    /// The greatest element, or NaN: once the result is NaN, no comparison changes it.
    Max {} from f32::NEG_INFINITY,
        add(max, x) = if x > max || x.is_nan() { x } else { max },
        merge(a, b) = if b > a || b.is_nan() { b } else { a };
    /// The least element, or NaN.
    Min {} from f32::INFINITY,
        add(min, x) = if x < min || x.is_nan() { x } else { min },
        merge(a, b) = if b < a || b.is_nan() { b } else { a };
}

/// Folds a run: lane by lane, then the lanes, in a fixed order.
#[inline(always)]
pub(super) fn fold<F: Fold>(x: &[f32], f: F) -> f32 {
    let (blocks, rest) = x.as_chunks();
    let mut lanes = [F::START; LANES];
    for block in blocks {
        add_each(&mut lanes, block, f);
    }
    let (blocks, rest) = rest.as_chunks();
    let mut few = [F::START; FEW];
    for block in blocks {
        add_each(&mut few, block, f);
    }
    if !rest.is_empty() {
        let mut block = [0.0; FEW];
        block[..rest.len()].copy_from_slice(rest);
        for (i, (lane, x)) in few.iter_mut().zip(block).enumerate() {
            let next = f.add(*lane, x);
            *lane = if i < rest.len() { next } else { *lane };
        }
    }
    let halves: [f32; 32] = halve(&lanes, f);
    let quarters: [f32; 16] = halve(&halves, f);
    let mut last: [f32; FEW] = halve(&quarters, f);
    for (lane, few) in last.iter_mut().zip(few) {
        *lane = f.merge(*lane, few);
    }
    let fours: [f32; 4] = halve(&last, f);
    let [low, high] = halve(&fours, f);
    f.merge(low, high)
}

/// Merges the upper half of the lanes into the lower.
#[inline(always)]
fn halve<F: Fold, const N: usize, const HALF: usize>(lanes: &[f32; N], f: F) -> [f32; HALF] {
    let mut merged = [0.0; HALF];
    for ((merged, low), high) in merged.iter_mut().zip(lanes).zip(&lanes[HALF..]) {
        *merged = f.merge(*low, *high);
    }
    merged
}

#[inline(always)]
fn add_each<F: Fold, const N: usize>(lanes: &mut [f32; N], x: &[f32; N], f: F) {
    for (lane, x) in lanes.iter_mut().zip(x) {
        *lane = f.add(*lane, *x);
    }
}

/// Folds the elements of a window, each channel by itself; y has the channels.
#[inline(always)]
pub(super) fn fold_window<F: Fold>(x: &[f32], window: &Window, y: &mut [f32], f: F) {
    let (blocks, rest) = y.as_chunks_mut::<LANES>();
    let mut channel: usize = 0;
    for y in blocks {
        *y = fold_channels(&x[channel..], window, f);
        channel = channel.wrapping_add(LANES);
    }
    let (blocks, rest) = rest.as_chunks_mut::<FEW>();
    for y in blocks {
        *y = fold_channels(&x[channel..], window, f);
        channel = channel.wrapping_add(FEW);
    }
    for y in rest {
        [*y] = fold_channels(&x[channel..], window, f);
        channel = channel.wrapping_add(1);
    }
}

#[inline(always)]
fn fold_channels<F: Fold, const N: usize>(x: &[f32], window: &Window, f: F) -> [f32; N] {
    let mut lanes = [F::START; N];
    for mut at in window.row_starts() {
        for _ in 0..window.cols {
            add_each(&mut lanes, take(x, at), f);
            at = at.wrapping_add(window.col_step);
        }
    }
    lanes
}

/// N neighbouring elements.
#[inline(always)]
pub(super) fn take<T, const N: usize>(x: &[T], at: usize) -> &[T; N] {
    x[at..].first_chunk().expect("every pixel of x was checked to have all channels")
}
