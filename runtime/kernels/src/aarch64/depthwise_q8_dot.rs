//! The int8 depthwise convolution with windows of 3 by 3, by dot products: a column of the window is three of the four
//! bytes that a lane multiplies, interleaved once and used for each of the three pixels whose windows it is in.

use core::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, uint16x8_t, vcombine_u8, vdup_n_u8, vdupq_n_u8, veorq_u8, vld1_u8, vld1q_s8,
    vld1q_s32, vreinterpretq_u8_u16, vreinterpretq_u16_u8, vzip1q_u8, vzip1q_u16, vzip2q_u8, vzip2q_u16,
};

use core::arch::asm;

use super::depthwise_q8::{Cursor, PADDED, any_window};
use super::finish::{requantize, scaled};
use super::part::{load_u8, store_u8};
use crate::geometry::{Grid, Place, Taps};
use crate::q8::{DepthwiseQ8Args, Window};

/// Bytes of weights for 16 channels: three columns of four vectors.
const BLOCK: usize = 192;

/// Pixels of a line from which its first two columns, which end no pixel, do not count.
const SHORT: usize = 16;

/// How an instruction set sums four neighbouring products of bytes.
pub(super) trait FourBytes: Sized {
    /// Whether it multiplies signed by signed, so that activations lose 128.
    const SIGNED: bool;

    /// Adds to each lane the products of its four bytes.
    ///
    /// # Safety
    /// The CPU has the instruction.
    unsafe fn add(sum: int32x4_t, x: uint8x16_t, w: int8x16_t) -> int32x4_t;
}

fn is_square(rows: usize, cols: usize) -> bool {
    (rows, cols) == (3, 3)
}

pub(super) fn packed(window: Window) -> Option<usize> {
    if is_square(window.rows, window.cols) {
        window.channels.div_ceil(PADDED).checked_mul(2 * BLOCK)
    } else {
        super::depthwise_q8::packed(window)
    }
}

/// Windows of 3 by 3 are packed `[16 channels][column][channel][row, and a zero]`, and once more with rows and columns
/// exchanged.
pub(super) fn pack(window: Window, weights: &[i8], packed: &mut [i8]) {
    if !is_square(window.rows, window.cols) {
        return super::depthwise_q8::pack(window, weights, packed);
    }
    let (upright, turned) = packed.split_at_mut(packed.len() / 2);
    for channel in 0..window.channels {
        for tap in 0..9 {
            let (row, col) = (tap / 3, tap % 3);
            let at = |row, col| channel / PADDED * BLOCK + col * 4 * PADDED + channel % PADDED * 4 + row;
            let weight = weights[tap * window.channels + channel];
            upright[at(row, col)] = weight;
            turned[at(col, row)] = weight;
        }
    }
}

/// The same call with rows and columns, lines and pixels exchanged, and the weights for it.
fn turned(args: &DepthwiseQ8Args) -> DepthwiseQ8Args {
    let exchanged = |place: Place| Place { start: place.start, line: place.pixel, pixel: place.line };
    DepthwiseQ8Args {
        grid: Grid { lines: args.grid.pixels, pixels: args.grid.lines },
        from: exchanged(args.from),
        taps: Taps { row: args.taps.col, col: args.taps.row, ..args.taps },
        w: args.w.wrapping_add(args.taps.len.div_ceil(PADDED).wrapping_mul(BLOCK)),
        to: exchanged(args.to),
        ..*args
    }
}

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU must have the instruction set.
pub(super) unsafe fn depthwise_q8<D: FourBytes>(args: &DepthwiseQ8Args) {
    let channels = args.taps.len;
    // SAFETY: as for this function; no more channels are made than there are.
    unsafe {
        if !is_square(args.taps.rows, args.taps.cols) {
            return if D::SIGNED { any_window::<true>(args) } else { any_window::<false>(args) };
        }
        let turned = turned(args);
        let args = if args.grid.pixels < SHORT.min(args.grid.lines) { &turned } else { args };
        let mut first = 0;
        while first < channels {
            match channels.wrapping_sub(first) {
                8 => block::<D, 2, true>(args, first),
                0..8 => block::<D, 2, false>(args, first),
                9..16 => block::<D, 4, false>(args, first),
                _ => block::<D, 4, true>(args, first),
            }
            first = first.wrapping_add(PADDED);
        }
    }
}

/// One block of channels, in `V` vectors; where they are not `FULL` only the channels that are left are touched.
struct Block<'a, const V: usize> {
    args: &'a DepthwiseQ8Args,
    first: usize,
    columns: usize,
    weights: [[int8x16_t; V]; 3],
}

/// # Safety
/// As for the kernel.
#[inline(never)]
unsafe fn block<D: FourBytes, const V: usize, const FULL: bool>(args: &DepthwiseQ8Args, first: usize) {
    // SAFETY: as for this function.
    unsafe {
        let w = args.w.add(first / PADDED * BLOCK);
        let weights = core::array::from_fn(|col| core::array::from_fn(|i| vld1q_s8(w.add(col * 4 * PADDED + 16 * i))));
        let columns = if FULL { 4 * V } else { args.taps.len.wrapping_sub(first) };
        let block = Block::<V> { args, first, columns, weights };
        for line in 0..args.grid.lines {
            let at = Cursor::line(args, line, first);
            if FULL && args.from.pixel == args.taps.col {
                block.line_by_one::<D, FULL>(at);
            } else if FULL && args.from.pixel == args.taps.col.wrapping_mul(2) {
                block.line_by_two::<D, FULL>(at);
            } else {
                block.line::<D, FULL>(at);
            }
        }
    }
}

impl<const V: usize> Block<'_, V> {
    /// Windows that move on by one column: each column ends one pixel, is the middle of the next and starts a third.
    ///
    /// # Safety
    /// The line's pixels are there.
    #[inline(always)]
    unsafe fn line_by_one<D: FourBytes, const FULL: bool>(&self, mut at: Cursor) {
        let pixels = self.args.grid.pixels;
        // SAFETY: as for this function.
        unsafe {
            let (one, two) = (self.column::<D, FULL>(at.x, 0), self.column::<D, FULL>(at.x, 1));
            let mut a = self.add::<D>(self.add::<D>(self.bias(), one, 0), two, 1);
            let mut b = self.add::<D>(self.bias(), two, 0);
            // Three at a time, so that sums change their part without being moved.
            for _ in 0..pixels / 3 {
                let mut c = self.end_pixel::<D, FULL>(&mut at, a, &mut b);
                let mut d = self.end_pixel::<D, FULL>(&mut at, b, &mut c);
                let e = self.end_pixel::<D, FULL>(&mut at, c, &mut d);
                (a, b) = (d, e);
            }
            for _ in 0..pixels % 3 {
                let c = self.end_pixel::<D, FULL>(&mut at, a, &mut b);
                (a, b) = (b, c);
            }
        }
    }

    /// Ends a pixel with its third column, adds that to the sums of the next, and gives those of a third.
    ///
    /// # Safety
    /// As for the line.
    #[inline(always)]
    unsafe fn end_pixel<D: FourBytes, const FULL: bool>(
        &self,
        at: &mut Cursor,
        sums: [int32x4_t; V],
        next: &mut [int32x4_t; V],
    ) -> [int32x4_t; V] {
        // SAFETY: as for this function.
        unsafe {
            let x = self.column::<D, FULL>(at.x, 2);
            let sums = self.add::<D>(sums, x, 2);
            *next = self.add::<D>(*next, x, 1);
            let third = self.add::<D>(self.bias(), x, 0);
            self.store::<FULL>(at.y, sums);
            *at = at.after(self.args, 1);
            third
        }
    }

    /// Windows that move on by two columns: every second column ends one pixel and starts the next.
    ///
    /// # Safety
    /// The line's pixels are there.
    #[inline(always)]
    unsafe fn line_by_two<D: FourBytes, const FULL: bool>(&self, mut at: Cursor) {
        // SAFETY: as for this function.
        unsafe {
            let mut sums = self.add::<D>(self.bias(), self.column::<D, FULL>(at.x, 0), 0);
            for _ in 0..self.args.grid.pixels {
                sums = self.add::<D>(sums, self.column::<D, FULL>(at.x, 1), 1);
                let x = self.column::<D, FULL>(at.x, 2);
                self.store::<FULL>(at.y, self.add::<D>(sums, x, 2));
                sums = self.add::<D>(self.bias(), x, 0);
                at = at.after(self.args, 1);
            }
        }
    }

    /// Any windows.
    ///
    /// # Safety
    /// The line's pixels are there.
    #[inline(always)]
    unsafe fn line<D: FourBytes, const FULL: bool>(&self, mut at: Cursor) {
        for _ in 0..self.args.grid.pixels {
            // SAFETY: as for this function.
            unsafe {
                let mut sums = self.bias();
                for col in 0..3 {
                    sums = self.add::<D>(sums, self.column::<D, FULL>(at.x, col), col);
                }
                self.store::<FULL>(at.y, sums);
            }
            at = at.after(self.args, 1);
        }
    }

    /// A column of three rows, its bytes interleaved by channel; the fourth byte of each lane meets a weight of zero.
    ///
    /// # Safety
    /// The window at `x` is there.
    #[inline(always)]
    unsafe fn column<D: FourBytes, const FULL: bool>(&self, x: *const u8, col: usize) -> [uint8x16_t; V] {
        let taps = &self.args.taps;
        // SAFETY: as for this function; half a vector is `FULL` with eight channels.
        unsafe {
            let x = x.wrapping_add(col.wrapping_mul(taps.col));
            let [top, middle, bottom] = [0, taps.row, taps.row.wrapping_mul(2)].map(|row| {
                let read = match (FULL, V) {
                    (true, 4) => sixteen(x, row),
                    (true, _) => vcombine_u8(vld1_u8(x.add(row)), vdup_n_u8(0)),
                    (false, _) => load_u8(x.add(row), self.columns),
                };
                if D::SIGNED { veorq_u8(read, vdupq_n_u8(128)) } else { read }
            });
            let (low, low_end) = (as_pairs(vzip1q_u8(top, middle)), as_pairs(vzip1q_u8(bottom, bottom)));
            let (high, high_end) = (as_pairs(vzip2q_u8(top, middle)), as_pairs(vzip2q_u8(bottom, bottom)));
            let all = [
                vzip1q_u16(low, low_end),
                vzip2q_u16(low, low_end),
                vzip1q_u16(high, high_end),
                vzip2q_u16(high, high_end),
            ];
            core::array::from_fn(|i| vreinterpretq_u8_u16(all[i]))
        }
    }

    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn add<D: FourBytes>(&self, mut sums: [int32x4_t; V], x: [uint8x16_t; V], col: usize) -> [int32x4_t; V] {
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: as for this function.
            *sum = unsafe { D::add(*sum, x[i], self.weights[col][i]) };
        }
        sums
    }

    /// # Safety
    /// Bias is padded to whole blocks.
    #[inline(always)]
    unsafe fn bias(&self) -> [int32x4_t; V] {
        // SAFETY: as for this function.
        core::array::from_fn(|i| unsafe { vld1q_s32(self.args.bias.add(self.first + 4 * i)) })
    }

    /// # Safety
    /// The block's channels can be written.
    #[inline(always)]
    unsafe fn store<const FULL: bool>(&self, y: *mut u8, sums: [int32x4_t; V]) {
        // SAFETY: as for this function; scales are padded to whole blocks.
        unsafe {
            let bytes = requantize(scaled(sums, self.args.scale.add(self.first)), self.args.requantize);
            store_u8(y, bytes, if FULL { 4 * V } else { self.columns });
        }
    }
}

/// By the instruction itself: compiled from reads, the three rows of three pixels would each get an address of their
/// own, more than there are registers.
///
/// # Safety
/// 16 bytes can be read at so many past `from`.
#[inline(always)]
unsafe fn sixteen(from: *const u8, at: usize) -> uint8x16_t {
    let read;
    // SAFETY: as for this function.
    unsafe {
        asm!(
            "ldr {read:q}, [{from}, {at}]",
            read = out(vreg) read,
            from = in(reg) from,
            at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    read
}

#[inline(always)]
fn as_pairs(x: uint8x16_t) -> uint16x8_t {
    // SAFETY: NEON is in every CPU of the target.
    unsafe { vreinterpretq_u16_u8(x) }
}
