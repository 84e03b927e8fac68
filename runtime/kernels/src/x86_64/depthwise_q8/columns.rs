//! The columns of a window that slides: how a line's are read, and what they are multiplied with.

use super::Vectors;
use super::access::{Part, Whole};
use super::slide::Slides;
use super::window::column;
use crate::q8::DepthwiseQ8Args;

/// What a line reads of x: so many bytes side by side.
pub(super) struct Run {
    pub(super) bytes: usize,
}

impl Run {
    /// The block that starts at a byte, zeros past the line's end.
    #[inline(always)]
    unsafe fn load<V: Vectors>(&self, x: *const u8, at: usize) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe {
            if at.wrapping_add(V::BYTES) <= self.bytes {
                V::load(x.add(at))
            } else if at < self.bytes {
                V::load_part(x.add(at), self.bytes.wrapping_sub(at))
            } else {
                V::zero()
            }
        }
    }

    /// The column that each pixel of the block at a byte starts with.
    #[inline(always)]
    pub(super) unsafe fn column<V: Slides, const LINES: usize>(
        &self,
        args: &DepthwiseQ8Args,
        x: *const u8,
        at: usize,
    ) -> V::Quads {
        // SAFETY: as the caller says.
        unsafe {
            if at.wrapping_add(V::BYTES) <= self.bytes {
                column::<V, Whole, LINES>(args, Whole, x.add(at))
            } else if at < self.bytes {
                column::<V, Part, LINES>(args, Part(self.bytes.wrapping_sub(at)), x.add(at))
            } else {
                V::interleave([V::zero(); 4])
            }
        }
    }

    /// The columns that start at even and at odd pixels of the two blocks from a byte on, for one line.
    #[inline(always)]
    pub(super) unsafe fn columns<V: Slides, const C: usize>(
        &self,
        args: &DepthwiseQ8Args,
        x: *const u8,
        at: usize,
    ) -> [V::Quads; 2] {
        // SAFETY: as the caller says.
        unsafe {
            let (mut even, mut odd) = ([V::zero(); 4], [V::zero(); 4]);
            for row in 0..3 {
                let x = x.add(args.taps.row.wrapping_mul(row));
                let blocks = [self.load::<V>(x, at), self.load::<V>(x, at.wrapping_add(V::BYTES))];
                [even[row], odd[row]] = V::split::<C>(blocks);
            }
            [V::interleave(even), V::interleave(odd)]
        }
    }
}

/// A block of channels: what its columns are multiplied with. Bias and scales are read once, for they take registers where
/// weights, of which there are too many, do not.
pub(super) struct Block<'a, V: Vectors> {
    pub(super) args: &'a DepthwiseQ8Args,
    by: V::Requantizer,
    weights: *const i8,
    bias: [V::Sums; 4],
    scales: V::Scales,
}

impl<'a, V: Vectors> Block<'a, V> {
    /// The block of the channels from `first` on.
    #[inline(always)]
    pub(super) unsafe fn new(args: &'a DepthwiseQ8Args, by: V::Requantizer, first: usize) -> Self {
        // SAFETY: as the caller says; weights, bias and scale have every block.
        unsafe {
            let weights = args.w.add(first.wrapping_mul(6 * V::WEIGHTS / V::BYTES));
            Self { args, by, weights, bias: V::bias(args.bias.add(first)), scales: V::scales(args, first) }
        }
    }

    /// The results of one line, or of two, from three columns.
    #[inline(always)]
    pub(super) unsafe fn make<const LINES: usize>(&self, columns: [V::Quads; 3]) -> [V::Bytes; 2] {
        // SAFETY: as the caller says; there are weights for every block.
        unsafe {
            let mut made = [V::zero(); 2];
            for (line, made) in made.iter_mut().enumerate().take(LINES) {
                let mut sums = self.bias;
                for (i, column) in columns.into_iter().enumerate() {
                    sums = V::dot(sums, column, V::weights(self.weights.add((2 * i + line) * V::WEIGHTS)));
                }
                *made = V::requantize(self.by, sums, self.scales);
            }
            made
        }
    }

    /// Makes and stores a vector of results, of which `left` bytes are the line's.
    #[inline(always)]
    pub(super) unsafe fn store<const LINES: usize>(&self, columns: [V::Quads; 3], y: *mut u8, left: usize) {
        // SAFETY: as the caller says.
        unsafe {
            for (line, made) in self.make::<LINES>(columns).into_iter().enumerate().take(LINES) {
                let y = y.add(line.wrapping_mul(self.args.to.line));
                if left >= V::BYTES {
                    V::store(y, made);
                } else {
                    V::store_part(y, made, left);
                }
            }
        }
    }
}
