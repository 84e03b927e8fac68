//! A 3x3 window over neighbouring pixels, whose columns are interleaved once for all the pixels that see them.

use super::access::Whole;
use super::columns::{Block, Run};
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
