//! A 3x3 window over neighbouring pixels, whose columns are interleaved once for all the pixels that see them.

use super::access::{Part, Whole};
use super::window::column;
use super::{Vectors, lines_of};
use crate::q8::DepthwiseQ8Args;

/// The vectors of an instruction set that has registers for columns to be kept for the next pixels.
///
/// # Safety
/// As for `Vectors`.
pub(in crate::x86_64) trait Slides: Vectors {
    /// The quads one and two pixels of `C` bytes further on; `next` are those of the block after this one.
    unsafe fn further<const C: usize>(quads: Self::Quads, next: Self::Quads) -> [Self::Quads; 2];
    /// Of two blocks, the pixels of `C` bytes with an even number, then those with an odd one.
    unsafe fn split<const C: usize>(bytes: [Self::Bytes; 2]) -> [Self::Bytes; 2];
}

/// Runs where columns slide; `false`, and nothing done, where they do not.
///
/// # Safety
/// As for `depthwise_q8::run`.
#[inline(always)]
pub(in crate::x86_64) unsafe fn run_sliding<V: Slides>(args: &DepthwiseQ8Args) -> bool {
    let channels = args.taps.len;
    let touch = args.taps.cols == 3 && args.taps.col == channels;
    if args.taps.rows != 3 || !touch || args.grid.pixels == 0 {
        return false;
    }
    let step = match args.from.pixel {
        step if step == channels => 1,
        step if step == 2 * channels => 2,
        _ => return false,
    };
    let side_by_side = args.to.pixel == channels;
    // SAFETY: as the caller says.
    unsafe {
        match (step, channels) {
            (1, 8) if side_by_side => lines_of::<V, Touching<8>>(args),
            (1, 16) if side_by_side => lines_of::<V, Touching<16>>(args),
            (1, 32) if side_by_side => lines_of::<V, Touching<32>>(args),
            (2, 16) if side_by_side => lines_of::<V, EverySecond<16>>(args),
            (2, 32) if side_by_side => lines_of::<V, EverySecond<32>>(args),
            (1, _) if channels & (V::BYTES - 1) == 0 => lines_of::<V, Blocks<1>>(args),
            (2, _) if channels & (V::BYTES - 1) == 0 => lines_of::<V, Blocks<2>>(args),
            _ => return false,
        }
    }
    true
}

/// How one line is made, or two that overlap.
pub(super) trait Lines<V: Vectors> {
    /// Whether two lines that overlap are made at once.
    const PAIRS: bool;

    unsafe fn make<const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8);
}

/// Whole blocks of channels, pixel by pixel, each `STEP` pixels after the one before.
struct Blocks<const STEP: usize>;

impl<V: Slides, const STEP: usize> Lines<V> for Blocks<STEP> {
    const PAIRS: bool = STEP == 1;

    #[inline(always)]
    unsafe fn make<const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
        let mut first = 0;
        while first < args.taps.len {
            // SAFETY: as the caller says.
            unsafe { slide_block::<V, LINES, STEP>(&Block::new(args, by, first), x.add(first), y.add(first)) }
            first = first.wrapping_add(V::BYTES);
        }
    }
}

/// The block of channels of a line or two.
#[inline(always)]
unsafe fn slide_block<V: Slides, const LINES: usize, const STEP: usize>(
    block: &Block<'_, V>,
    mut x: *const u8,
    mut y: *mut u8,
) {
    let args = block.args;
    let channels = args.taps.len;
    // SAFETY: as the caller says.
    unsafe {
        let next = |x: *const u8| column::<V, Whole, LINES>(args, Whole, x);
        let mut columns = [next(x); 3];
        if STEP == 1 {
            columns[1] = next(x.add(channels));
        }
        for _ in 0..args.grid.pixels {
            if STEP == 2 {
                columns[1] = next(x.add(channels));
            }
            columns[2] = next(x.add(channels.wrapping_mul(2)));
            let made = block.make::<LINES>(columns);
            for (line, made) in made.into_iter().enumerate().take(LINES) {
                V::store(y.add(line.wrapping_mul(args.to.line)), made);
            }
            columns = if STEP == 1 { [columns[1], columns[2], columns[2]] } else { [columns[2]; 3] };
            x = x.add(args.from.pixel);
            y = y.add(args.to.pixel);
        }
    }
}

/// Pixels of `C` channels that touch, a vector of them at a time.
struct Touching<const C: usize>;

impl<V: Slides, const C: usize> Lines<V> for Touching<C> {
    const PAIRS: bool = true;

    #[inline(always)]
    unsafe fn make<const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
        let line = Run { bytes: args.grid.pixels.wrapping_add(2).wrapping_mul(C) };
        let len = args.grid.pixels.wrapping_mul(C);
        let mut at = 0;
        // SAFETY: as the caller says; what lies past a line is not read.
        unsafe {
            let block = Block::<V>::new(args, by, 0);
            let mut quads = line.column::<V, LINES>(args, x, 0);
            while at < len {
                let next = line.column::<V, LINES>(args, x, at.wrapping_add(V::BYTES));
                let [second, third] = V::further::<C>(quads, next);
                block.store::<LINES>([quads, second, third], y.wrapping_add(at), len.wrapping_sub(at));
                quads = next;
                at = at.wrapping_add(V::BYTES);
            }
        }
    }
}

/// Pixels of `C` channels that touch, of which every second one starts a window, a vector of results at a time.
struct EverySecond<const C: usize>;

impl<V: Slides, const C: usize> Lines<V> for EverySecond<C> {
    const PAIRS: bool = false;

    #[inline(always)]
    unsafe fn make<const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
        let pixels = args.grid.pixels;
        let line = Run { bytes: pixels.wrapping_mul(2).wrapping_add(1).wrapping_mul(C) };
        let len = pixels.wrapping_mul(C);
        let mut at = 0;
        // SAFETY: as the caller says; what lies past a line is not read.
        unsafe {
            let block = Block::<V>::new(args, by, 0);
            let [mut even, mut odd] = line.columns::<V, C>(args, x, 0);
            while at < len {
                let [next, next_odd] = line.columns::<V, C>(args, x, at.wrapping_add(V::BYTES).wrapping_mul(2));
                let [third, _] = V::further::<C>(even, next);
                block.store::<LINES>([even, odd, third], y.wrapping_add(at), len.wrapping_sub(at));
                (even, odd) = (next, next_odd);
                at = at.wrapping_add(V::BYTES);
            }
        }
    }
}

/// What a line reads of x: so many bytes side by side.
struct Run {
    bytes: usize,
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
    unsafe fn column<V: Slides, const LINES: usize>(
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
    unsafe fn columns<V: Slides, const C: usize>(
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
struct Block<'a, V: Vectors> {
    args: &'a DepthwiseQ8Args,
    by: V::Requantizer,
    weights: *const i8,
    bias: [V::Sums; 4],
    scales: V::Scales,
}

impl<'a, V: Vectors> Block<'a, V> {
    /// The block of the channels from `first` on.
    #[inline(always)]
    unsafe fn new(args: &'a DepthwiseQ8Args, by: V::Requantizer, first: usize) -> Self {
        // SAFETY: as the caller says; weights, bias and scale have every block.
        unsafe {
            let weights = args.w.add(first.wrapping_mul(6 * V::WEIGHTS / V::BYTES));
            Self { args, by, weights, bias: V::bias(args.bias.add(first)), scales: V::scales(args, first) }
        }
    }

    /// The results of one line, or of two, from three columns.
    #[inline(always)]
    unsafe fn make<const LINES: usize>(&self, columns: [V::Quads; 3]) -> [V::Bytes; 2] {
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
    unsafe fn store<const LINES: usize>(&self, columns: [V::Quads; 3], y: *mut u8, left: usize) {
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
