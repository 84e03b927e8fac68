//! The block types of 256 elements: two f16 factors, and a few bits for the scale (and minimum) of each group.

use super::activations::UNIT;
use super::formats::{Format, bytes, half_at};

/// Scales and minima of eight units.
type Units = ([f32; 8], [f32; 8]);
/// Scales and minima of the halves of eight units.
type Halves = ([f32; 16], [f32; 16]);

macro_rules! accessors {
    ($header:ty, units) => {
        #[inline(always)]
        fn scales(header: &$header, unit: usize) -> [f32; 2] {
            [header.0[unit]; 2]
        }

        #[inline(always)]
        fn minima(header: &$header, unit: usize) -> [f32; 2] {
            [header.1[unit], 0.0]
        }
    };
    ($header:ty, halves) => {
        #[inline(always)]
        fn scales(header: &$header, unit: usize) -> [f32; 2] {
            [header.0[2 * unit], header.0[2 * unit + 1]]
        }

        #[inline(always)]
        fn minima(header: &$header, unit: usize) -> [f32; 2] {
            [header.1[2 * unit], header.1[2 * unit + 1]]
        }
    };
}

/// The low or the high nibbles of 32 bytes.
#[inline(always)]
fn nibbles(packed: [u8; UNIT], high: bool) -> [u8; UNIT] {
    let shift = if high { 4 } else { 0 };
    packed.map(|byte| (byte >> shift) & 15)
}

/// Scales and minima of `Q4_K` and `Q5_K`: six bits each in twelve bytes, the upper units' top bits beside the lower's.
///
/// # Safety
/// A block stands at `block`.
#[inline(always)]
unsafe fn six_bits(block: *const u8, half: impl Fn(u16) -> f32) -> Units {
    const LOW: u32 = 0x0f0f_0f0f;
    // SAFETY: as for this function.
    let (factor, minimum_factor, words) = unsafe {
        let word = |at| u32::from_le_bytes(bytes(block, at));
        (half(half_at(block, 0)), half(half_at(block, 2)), [word(4), word(8), word(12)])
    };
    let lower = |word: u32| u64::from(word & 0x3f3f_3f3f);
    let upper = |word: u32, top: u32| u64::from((word & LOW) | ((top >> 2) & 0x3030_3030)) << 32;
    let scales = (lower(words[0]) | upper(words[2], words[0])).to_le_bytes();
    let minima = (lower(words[1]) | upper(words[2] >> 4, words[1])).to_le_bytes();
    (scales.map(|scale| factor * f32::from(scale)), minima.map(|minimum| minimum_factor * f32::from(minimum)))
}

/// Factors, scales and minima, 128 bytes of nibbles.
pub(super) struct Q4K;

impl Format for Q4K {
    const BYTES: usize = 144;
    const UNITS: usize = 8;
    const HALVES: bool = false;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    type Header = Units;

    #[inline(always)]
    unsafe fn header(block: *const u8, half: impl Fn(u16) -> f32) -> Units {
        // SAFETY: as for this function.
        unsafe { six_bits(block, half) }
    }

    accessors!(Units, units);

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        // SAFETY: as for this function.
        nibbles(unsafe { bytes(block, 16 + unit / 2 * 32) }, unit % 2 == 1)
    }
}

/// Factors, scales and minima, a bit plane of 32 bytes, 128 bytes of nibbles.
pub(super) struct Q5K;

impl Format for Q5K {
    const BYTES: usize = 176;
    const UNITS: usize = 8;
    const HALVES: bool = false;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    type Header = Units;

    #[inline(always)]
    unsafe fn header(block: *const u8, half: impl Fn(u16) -> f32) -> Units {
        // SAFETY: as for this function.
        unsafe { six_bits(block, half) }
    }

    accessors!(Units, units);

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        // SAFETY: as for this function.
        let (low, bits) = unsafe { (bytes(block, 48 + unit / 2 * 32), bytes::<UNIT>(block, 16)) };
        let mut quants = nibbles(low, unit % 2 == 1);
        for (quant, bits) in quants.iter_mut().zip(bits) {
            *quant |= ((bits >> unit) & 1) << 4;
        }
        quants
    }
}

/// 128 bytes of nibbles, 64 bytes of upper bit pairs, signed scales, the factor.
pub(super) struct Q6K;

impl Format for Q6K {
    const BYTES: usize = 210;
    const UNITS: usize = 8;
    const HALVES: bool = true;
    const OFFSET: u8 = 32;
    const MINIMA: bool = false;
    type Header = Halves;

    #[inline(always)]
    unsafe fn header(block: *const u8, half: impl Fn(u16) -> f32) -> Halves {
        // SAFETY: as for this function.
        let (factor, scales) = unsafe { (half(half_at(block, 208)), bytes::<16>(block, 192)) };
        (scales.map(|scale| factor * f32::from(scale.cast_signed())), [0.0; 16])
    }

    accessors!(Halves, halves);

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        let (part, turn) = (unit / 4, unit % 4);
        // SAFETY: as for this function.
        let (low, pairs) = unsafe { (bytes(block, part * 64 + turn % 2 * 32), bytes::<UNIT>(block, 128 + part * 32)) };
        let mut quants = nibbles(low, turn >= 2);
        for (quant, pair) in quants.iter_mut().zip(pairs) {
            *quant |= ((pair >> (2 * turn)) & 3) << 4;
        }
        quants
    }
}

/// The bit pairs of `Q2_K` and `Q3_K`.
///
/// # Safety
/// They stand at `pairs`.
#[inline(always)]
unsafe fn pairs(pairs: *const u8, unit: usize) -> [u8; UNIT] {
    // SAFETY: as for this function.
    let packed: [u8; UNIT] = unsafe { bytes(pairs, unit / 4 * 32) };
    packed.map(|byte| (byte >> (2 * (unit % 4))) & 3)
}

/// Scale and minimum of each half in a byte, 64 bytes of bit pairs, factors.
pub(super) struct Q2K;

impl Format for Q2K {
    const BYTES: usize = 84;
    const UNITS: usize = 8;
    const HALVES: bool = true;
    const OFFSET: u8 = 0;
    const MINIMA: bool = true;
    type Header = Halves;

    #[inline(always)]
    unsafe fn header(block: *const u8, half: impl Fn(u16) -> f32) -> Halves {
        // SAFETY: as for this function.
        let (factor, minimum_factor, both) =
            unsafe { (half(half_at(block, 80)), half(half_at(block, 82)), bytes::<16>(block, 0)) };
        (both.map(|byte| factor * f32::from(byte & 15)), both.map(|byte| minimum_factor * f32::from(byte >> 4)))
    }

    accessors!(Halves, halves);

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        // SAFETY: as for this function.
        unsafe { pairs(block.add(16), unit) }
    }
}

/// A plane of third bits, 64 bytes of bit pairs, scales of six bits in twelve bytes, the factor.
pub(super) struct Q3K;

impl Format for Q3K {
    const BYTES: usize = 110;
    const UNITS: usize = 8;
    const HALVES: bool = true;
    const OFFSET: u8 = 4;
    const MINIMA: bool = false;
    type Header = Halves;

    #[inline(always)]
    unsafe fn header(block: *const u8, half: impl Fn(u16) -> f32) -> Halves {
        // SAFETY: as for this function.
        let (factor, packed) = unsafe { (half(half_at(block, 108)), bytes::<12>(block, 96)) };
        let scale = |i: usize| {
            let low = (packed[i % 8] >> (i / 8 * 4)) & 15;
            let high = (packed[8 + i % 4] >> (i / 4 * 2)) & 3;
            factor * (f32::from(low | (high << 4)) - 32.0)
        };
        (core::array::from_fn(scale), [0.0; 16])
    }

    accessors!(Halves, halves);

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        // SAFETY: as for this function.
        let (mut quants, bits) = unsafe { (pairs(block.add(32), unit), bytes::<UNIT>(block, 0)) };
        for (quant, bits) in quants.iter_mut().zip(bits) {
            *quant |= ((bits >> unit) & 1) << 2;
        }
        quants
    }
}
