//! The int8 depthwise convolution, written once for both instruction sets.
//!
//! Bytes of neighbouring channels are read at four taps and interleaved, so that the four taps of a channel stand side by
//! side, as the instructions that sum them want. A window of three rows is interleaved column by column; its fourth row
//! is the next line's, so that where lines overlap two are made of one interleaving.

use super::pattern::{self, Pattern};
use crate::q8::{DepthwiseQ8Args, Requantize, Window};

/// Taps that are summed together.
const TAPS: usize = 4;

/// The vectors of an instruction set.
///
/// # Safety
/// Every function needs the CPU to have it, and its pointers to be readable or writable as far as it says.
pub(super) trait Vectors {
    /// Whether there are registers for a column of a 3x3 window to be kept for the next pixels.
    const SLIDES: bool;
    /// Bytes of a vector.
    const BYTES: usize;
    /// Bytes of the weights of `BYTES` channels at four taps.
    const WEIGHTS: usize;
    /// `BYTES` channels or pixels.
    type Bytes: Copy;
    /// As many, at four taps.
    type Quads: Copy;
    /// Their weights.
    type Weights: Copy;
    /// A quarter as many sums.
    type Sums: Copy;
    /// What sums are requantised with.
    type Requantizer: Copy;

    unsafe fn zero() -> Self::Bytes;
    unsafe fn load(x: *const u8) -> Self::Bytes;
    /// The first `count` bytes, zeros after them.
    unsafe fn load_part(x: *const u8, count: usize) -> Self::Bytes;
    /// `C` bytes every `step`, the first `count` times; zeros after them. `C` divides `BYTES` and is at least 8.
    unsafe fn gather<const C: usize>(x: *const u8, step: usize, count: usize) -> Self::Bytes;
    unsafe fn store(y: *mut u8, bytes: Self::Bytes);
    /// The first `count` bytes.
    unsafe fn store_part(y: *mut u8, bytes: Self::Bytes, count: usize);
    unsafe fn interleave(taps: [Self::Bytes; TAPS]) -> Self::Quads;
    /// `BYTES` sums.
    unsafe fn bias(bias: *const i32) -> [Self::Sums; 4];
    unsafe fn weights(weights: *const i8) -> Self::Weights;
    unsafe fn dot(sums: [Self::Sums; 4], quads: Self::Quads, weights: Self::Weights) -> [Self::Sums; 4];
    unsafe fn requantizer(by: Requantize) -> Self::Requantizer;
    unsafe fn requantize(by: Self::Requantizer, sums: [Self::Sums; 4], scale: *const f32) -> Self::Bytes;
}

/// Groups of taps of a window, and how often each is packed.
fn groups(window: Window) -> Option<(usize, usize)> {
    // For three rows: one a column, for the line itself and for the one after it.
    if window.rows == 3 {
        Some((window.cols, 2))
    } else {
        Some((window.rows.checked_mul(window.cols)?.div_ceil(TAPS), 1))
    }
}

/// The window's row and column that a byte of the packed weights is for; `time` counts the times a group is packed.
fn tap(window: Window, group: usize, time: usize, tap: usize) -> Option<usize> {
    if window.rows == 3 {
        let row = tap.checked_sub(time)?;
        (row < 3).then_some(row * window.cols + group)
    } else {
        let tap = group * TAPS + tap;
        (tap < window.rows * window.cols).then_some(tap)
    }
}

/// Entries of bias and scale.
pub(super) fn entries<V: Vectors>(channels: usize) -> Option<usize> {
    Pattern::of(channels, V::BYTES).blocks.checked_mul(V::BYTES)
}

/// The channel of an entry.
pub(super) fn channel<V: Vectors>(channels: usize, entry: usize) -> usize {
    pattern::channel(channels, V::BYTES, entry)
}

/// Bytes of the packed weights.
pub(super) fn packed<V: Vectors>(window: Window) -> Option<usize> {
    let (groups, times) = groups(window)?;
    Pattern::of(window.channels, V::BYTES).blocks.checked_mul(groups.checked_mul(times * V::WEIGHTS)?)
}

/// Packs weights: blocks, then groups, then times, then what `put` makes of the weights of four taps for an entry.
pub(super) fn pack<V: Vectors>(
    window: Window,
    weights: &[i8],
    packed: &mut [i8],
    put: fn(&mut [i8], entry: usize, taps: [i8; TAPS]),
) {
    let Some((groups, times)) = groups(window) else { return };
    for (i, packed) in packed.chunks_exact_mut(V::WEIGHTS).enumerate() {
        let (block, group, time) = (i / (groups * times), i / times % groups, i % times);
        for entry in 0..V::BYTES {
            let channel = channel::<V>(window.channels, block * V::BYTES + entry);
            if channel < window.channels {
                let weight = |i| tap(window, group, time, i).map_or(0, |tap| weights[tap * window.channels + channel]);
                put(packed, entry, [weight(0), weight(1), weight(2), weight(3)]);
            }
        }
    }
}

/// How the bytes of a block are read and written.
trait Access<V: Vectors>: Copy {
    unsafe fn load(self, x: *const u8) -> V::Bytes;
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes);
}

/// All of them, side by side.
#[derive(Clone, Copy)]
struct Whole;

impl<V: Vectors> Access<V> for Whole {
    #[inline(always)]
    unsafe fn load(self, x: *const u8) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe { V::load(x) }
    }

    #[inline(always)]
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes) {
        // SAFETY: as the caller says.
        unsafe { V::store(y, bytes) }
    }
}

/// The first ones.
#[derive(Clone, Copy)]
struct Part(usize);

impl<V: Vectors> Access<V> for Part {
    #[inline(always)]
    unsafe fn load(self, x: *const u8) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe { V::load_part(x, self.0) }
    }

    #[inline(always)]
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes) {
        // SAFETY: as the caller says.
        unsafe { V::store_part(y, bytes, self.0) }
    }
}

/// Pixels of `C` channels that lie apart in x and side by side in y.
#[derive(Clone, Copy)]
struct Apart<const C: usize> {
    step: usize,
    count: usize,
}

impl<V: Vectors, const C: usize> Access<V> for Apart<C> {
    #[inline(always)]
    unsafe fn load(self, x: *const u8) -> V::Bytes {
        // SAFETY: as the caller says.
        unsafe { V::gather::<C>(x, self.step, self.count) }
    }

    #[inline(always)]
    unsafe fn store(self, y: *mut u8, bytes: V::Bytes) {
        // SAFETY: as the caller says.
        unsafe { V::store_part(y, bytes, self.count * C) }
    }
}

/// The kernel.
///
/// # Safety
/// The CPU must have the instruction set; all that the arguments point at must be there, as the door checks.
#[inline(always)]
pub(super) unsafe fn run<V: Vectors>(args: &DepthwiseQ8Args) {
    // SAFETY: as the caller says.
    unsafe {
        let by = V::requantizer(args.requantize);
        let overlap = args.taps.rows == 3 && args.from.line == args.taps.row;
        let slides = V::SLIDES && slides::<V>(args);
        let mut line = 0;
        while line < args.grid.lines {
            let x = args.x.add(args.from.start).add(line.wrapping_mul(args.from.line));
            let y = args.y.add(args.to.start).add(line.wrapping_mul(args.to.line));
            let two = overlap && line.wrapping_add(1) < args.grid.lines;
            match (args.taps.rows, two) {
                (3, true) if slides => slide::<V, 2>(args, by, x, y),
                (3, false) if slides => slide::<V, 1>(args, by, x, y),
                (3, true) => lines::<V, Tall<2>>(args, by, x, y),
                (3, false) => lines::<V, Tall<1>>(args, by, x, y),
                _ => lines::<V, Any>(args, by, x, y),
            }
            line = line.wrapping_add(1 + usize::from(two));
        }
    }
}

/// Whether two columns of a pixel are the next one's, in whole blocks of channels.
#[inline(always)]
fn slides<V: Vectors>(args: &DepthwiseQ8Args) -> bool {
    let channels = args.taps.len;
    args.taps.cols == 3 && args.taps.col == channels && args.from.pixel == channels && channels & (V::BYTES - 1) == 0
}

/// A line or two that overlap, where columns slide.
#[inline(always)]
unsafe fn slide<V: Vectors, const LINES: usize>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
    let mut first = 0;
    while first < args.taps.len {
        // SAFETY: as the caller says.
        unsafe { slide_block::<V, LINES>(args, by, first, x.add(first), y.add(first)) }
        first = first.wrapping_add(V::BYTES);
    }
}

/// The block of channels that starts at `first`.
#[inline(always)]
unsafe fn slide_block<V: Vectors, const LINES: usize>(
    args: &DepthwiseQ8Args,
    by: V::Requantizer,
    first: usize,
    mut x: *const u8,
    mut y: *mut u8,
) {
    let channels = args.taps.len;
    // SAFETY: as the caller says; weights, bias and scale have every block.
    unsafe {
        let weights = args.w.add(first.wrapping_mul(6 * V::WEIGHTS / V::BYTES));
        let (bias, scale) = (args.bias.add(first), args.scale.add(first));
        // As many weights as there are registers left for.
        let mut kept = [V::weights(weights); LINES];
        for (line, kept) in kept.iter_mut().enumerate() {
            *kept = V::weights(weights.add((4 + line) * V::WEIGHTS));
        }
        let second = column::<V, Whole, LINES>(args, Whole, x.add(channels));
        let mut before = [column::<V, Whole, LINES>(args, Whole, x), second];
        x = x.add(channels.wrapping_mul(2));
        for _ in 0..args.grid.pixels {
            let last = column::<V, Whole, LINES>(args, Whole, x);
            let mut made = [V::zero(); LINES];
            for (line, made) in made.iter_mut().enumerate() {
                let sums = V::dot(V::bias(bias), before[0], V::weights(weights.add(line * V::WEIGHTS)));
                let sums = V::dot(sums, before[1], V::weights(weights.add((2 + line) * V::WEIGHTS)));
                *made = V::requantize(by, V::dot(sums, last, kept[line]), scale);
            }
            for (line, made) in made.into_iter().enumerate() {
                V::store(y.add(line.wrapping_mul(args.to.line)), made);
            }
            before = [before[1], last];
            x = x.add(channels);
            y = y.add(args.to.pixel);
        }
    }
}

/// A column of three rows, or of four where two lines are made.
#[inline(always)]
unsafe fn column<V: Vectors, A: Access<V>, const LINES: usize>(
    args: &DepthwiseQ8Args,
    access: A,
    x: *const u8,
) -> V::Quads {
    // SAFETY: as the caller says; the fourth row is the third of the second line.
    unsafe {
        let x1 = x.add(args.taps.row);
        let x2 = x1.add(args.taps.row);
        let last = if LINES == 2 { access.load(x2.add(args.taps.row)) } else { V::zero() };
        V::interleave([access.load(x), access.load(x1), access.load(x2), last])
    }
}

/// One line, or as many as the window makes at once.
#[inline(always)]
unsafe fn lines<V: Vectors, W: Shape>(args: &DepthwiseQ8Args, by: V::Requantizer, x: *const u8, y: *mut u8) {
    let channels = args.taps.len;
    let pattern = Pattern::of(channels, V::BYTES);
    let mut line = Line::<V> { args, by, blocks: pattern.blocks, block: 0 };
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
        let window = Window { rows: args.taps.rows, cols: args.taps.cols, channels: args.taps.len };
        let (groups, times) =
            if window.rows == 3 { (window.cols, 2) } else { (window.rows.wrapping_mul(window.cols).div_ceil(TAPS), 1) };
        let at = self.block.wrapping_mul(V::BYTES);
        // SAFETY: as the caller says; weights, bias and scale have every block of the pattern.
        unsafe {
            let weights = args.w.add(self.block.wrapping_mul(groups).wrapping_mul(times * V::WEIGHTS));
            let sums = W::sums::<V, A>(args, access, x, weights, args.bias.add(at));
            // All lines are made before one is stored, so that what they share is read once.
            let mut made = [V::zero(); 2];
            for (made, sums) in made.iter_mut().zip(sums).take(W::LINES) {
                *made = V::requantize(self.by, sums, args.scale.add(at));
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

/// How a window's taps are grouped.
trait Shape {
    /// Lines that are made at once.
    const LINES: usize;

    /// The sums of a block; only those of the lines count.
    unsafe fn sums<V: Vectors, A: Access<V>>(
        args: &DepthwiseQ8Args,
        access: A,
        x: *const u8,
        weights: *const i8,
        bias: *const i32,
    ) -> [[V::Sums; 4]; 2];
}

/// Three rows, of one line or of two that overlap.
struct Tall<const LINES: usize>;

impl<const LINES: usize> Shape for Tall<LINES> {
    const LINES: usize = LINES;

    #[inline(always)]
    unsafe fn sums<V: Vectors, A: Access<V>>(
        args: &DepthwiseQ8Args,
        access: A,
        mut x: *const u8,
        mut weights: *const i8,
        bias: *const i32,
    ) -> [[V::Sums; 4]; 2] {
        // SAFETY: as the caller says.
        unsafe {
            let mut sums = [V::bias(bias); 2];
            for _ in 0..args.taps.cols {
                let quads = column::<V, A, LINES>(args, access, x);
                for (line, sums) in sums.iter_mut().enumerate().take(LINES) {
                    *sums = V::dot(*sums, quads, V::weights(weights.add(line * V::WEIGHTS)));
                }
                weights = weights.add(2 * V::WEIGHTS);
                x = x.add(args.taps.col);
            }
            sums
        }
    }
}

/// Any window, four taps at a time in order.
struct Any;

impl Shape for Any {
    const LINES: usize = 1;

    #[inline(always)]
    unsafe fn sums<V: Vectors, A: Access<V>>(
        args: &DepthwiseQ8Args,
        access: A,
        x: *const u8,
        mut weights: *const i8,
        bias: *const i32,
    ) -> [[V::Sums; 4]; 2] {
        let taps = args.taps;
        // SAFETY: as the caller says: only taps of the window are read.
        unsafe {
            let mut sums = V::bias(bias);
            let (mut row, mut col) = (0_usize, 0_usize);
            while row < taps.rows {
                let mut quads = [V::zero(); TAPS];
                for bytes in &mut quads {
                    if row < taps.rows {
                        *bytes = access.load(x.add(row.wrapping_mul(taps.row)).add(col.wrapping_mul(taps.col)));
                        col = col.wrapping_add(1);
                        if col == taps.cols {
                            (row, col) = (row.wrapping_add(1), 0);
                        }
                    }
                }
                sums = V::dot(sums, V::interleave(quads), V::weights(weights));
                weights = weights.add(V::WEIGHTS);
            }
            [sums; 2]
        }
    }
}
