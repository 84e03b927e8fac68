//! One line of pixels, or two, block by block.

use super::Vectors;
use super::access::{Access, Apart, Part, Whole};
use super::pack::groups;
use super::window::Shape;
use crate::q8::DepthwiseQ8Args;
use crate::x86_64::pattern::Pattern;

/// One line, or as many as the window makes at once.
#[inline(always)]
pub(super) unsafe fn lines<V: Vectors, W: Shape>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
    let channels = args.taps.len;
    let pattern = Pattern::of(channels, V::BYTES);
    let (groups, times) = groups(args.taps.rows, args.taps.cols);
    let weights = groups.wrapping_mul(times).wrapping_mul(V::WEIGHTS);
    let mut line = Line::<V> { args, by, weights, blocks: pattern.blocks, block: 0 };
    let (from, pixels) = (args.from.pixel, args.grid.pixels);
    let together = pattern.periodic && args.to.pixel == channels;
    // SAFETY: as the caller says.
    unsafe {
        if together && from == channels {
            line.run::<W>(x, y, pixels.wrapping_mul(channels));
        } else if together && channels == 8 && V::BYTES > 8 {
            line.apart::<W, 8>(x, y, from);
        } else if together && channels == 16 && V::BYTES > 16 {
            line.apart::<W, 16>(x, y, from);
        } else if together && channels == 32 && V::BYTES > 32 {
            line.apart::<W, 32>(x, y, from);
        } else {
            for pixel in 0..pixels {
                line.block = 0;
                let (from, to) = (pixel.wrapping_mul(from), pixel.wrapping_mul(args.to.pixel));
                line.run::<W>(x.add(from), y.add(to), channels);
            }
        }
    }
}

/// Where a line has come to.
struct Line<'a, V: Vectors> {
    args: &'a DepthwiseQ8Args,
    by: V::Requantizer,
    /// Bytes of a block's weights.
    weights: usize,
    /// Blocks of the pattern, and the next one.
    blocks: usize,
    block: usize,
}

impl<V: Vectors> Line<'_, V> {
    /// `len` bytes that lie side by side, in x and in y.
    #[inline(always)]
    unsafe fn run<W: Shape>(&mut self, x: *const u8, y: *mut u8, len: usize) {
        let whole = len & !(V::BYTES - 1);
        let mut at = 0;
        // SAFETY: as the caller says.
        unsafe {
            while at < whole {
                self.block::<W, _>(Whole, x.add(at), y.add(at));
                at = at.wrapping_add(V::BYTES);
            }
            if whole < len {
                self.block::<W, _>(Part(len.wrapping_sub(whole)), x.add(at), y.add(at));
            }
        }
    }

    /// Pixels of `C` channels, `step` apart in x and side by side in y.
    #[inline(always)]
    unsafe fn apart<W: Shape, const C: usize>(&mut self, x: *const u8, y: *mut u8, step: usize) {
        let (pixels, most) = (self.args.grid.pixels, V::BYTES / C);
        let mut pixel = 0;
        while pixel < pixels {
            let access = Apart::<C> { step, count: most.min(pixels.wrapping_sub(pixel)) };
            // SAFETY: as the caller says.
            unsafe { self.block::<W, _>(access, x.add(pixel.wrapping_mul(step)), y.add(pixel.wrapping_mul(C))) }
            pixel = pixel.wrapping_add(most);
        }
    }

    #[inline(always)]
    unsafe fn block<W: Shape, A: Access<V>>(&mut self, access: A, x: *const u8, y: *mut u8) {
        let args = self.args;
        let at = self.block.wrapping_mul(V::BYTES);
        // SAFETY: as the caller says; weights, bias and scale have every block of the pattern.
        unsafe {
            let weights = args.w.add(self.block.wrapping_mul(self.weights));
            let sums = W::sums::<V, A>(args, access, x, weights, args.bias.add(at));
            // All lines are made before one is stored, so that what they share is read once.
            let mut made = [V::zero(); 2];
            for (made, sums) in made.iter_mut().zip(sums).take(W::LINES) {
                *made = V::requantize(self.by, sums, V::scales(args, at));
            }
            for (line, made) in made.into_iter().enumerate().take(W::LINES) {
                access.store(y.add(line.wrapping_mul(args.to.line)), made);
            }
        }
        self.block = self.block.wrapping_add(1);
        if self.block == self.blocks {
            self.block = 0;
        }
    }
}
