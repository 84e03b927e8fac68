//! The block types of 256 elements: two f16 factors, and a few bits for the scale (and minimum) of each group.

use super::activations::UNIT;
use super::formats::{Format, Numbers, UNITS, bytes, half_at};

/// The low or the high nibbles of 32 bytes.
#[inline(always)]
fn nibbles(packed: [u8; UNIT], high: bool) -> [u8; UNIT] {
    bits(packed, if high { 4 } else { 0 }, 15)
}

/// Some bits of each byte.
#[inline(always)]
fn bits(mut packed: [u8; UNIT], shift: usize, mask: u8) -> [u8; UNIT] {
    for byte in &mut packed {
        *byte = (*byte >> shift) & mask;
    }
    packed
}

/// `quants` with more bits above theirs.
#[inline(always)]
fn with_upper(mut quants: [u8; UNIT], upper: [u8; UNIT], shift: usize) -> [u8; UNIT] {
    for i in 0..UNIT {
        quants[i] |= upper[i] << shift;
    }
    quants
}

/// Numbers of halves: those of first halves, and those of second ones.
#[inline(always)]
fn halves(numbers: [u8; 2 * UNITS]) -> [[u8; UNITS]; 2] {
    let mut halves = [[0; UNITS]; 2];
    for i in 0..UNITS {
        halves[0][i] = numbers[2 * i];
        halves[1][i] = numbers[2 * i + 1];
    }
    halves
}

/// None.
const NONE: [u8; UNITS] = [0; UNITS];

/// Scales and minima of `Q4_K` and `Q5_K`: six bits each in twelve bytes, the upper units' top bits beside the lower's.
///
/// # Safety
/// A block stands at `block`.
#[inline(always)]
unsafe fn six_bits(block: *const u8) -> Numbers {
    const LOW: u32 = 0x0f0f_0f0f;
    // SAFETY: as for this function.
    let words = unsafe {
        let word = |at| u32::from_le_bytes(bytes(block, at));
        [word(4), word(8), word(12)]
    };
    let join = |lower: u32, upper: u32| {
        let upper = (upper & LOW) | ((lower >> 2) & 0x3030_3030);
        (u64::from(lower & 0x3f3f_3f3f) | (u64::from(upper) << 32)).to_le_bytes()
    };
    Numbers { scales: [join(words[0], words[2]), NONE], minima: [join(words[1], words[2] >> 4), NONE] }
}

/// Factors, scales and minima, 128 bytes of nibbles.
pub(super) struct Q4K;

impl Format for Q4K {
    const BYTES: usize = 144;
    const UNITS: usize = 8;
    const HALVES: bool = false;
    const OFFSET: u8 = 0;
    const LOW_BITS: usize = 4;
    const UPPER_BITS: usize = 0;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn factors(block: *const u8) -> [u16; 2] {
        // SAFETY: as for this function.
        unsafe { [half_at(block, 0), half_at(block, 2)] }
    }

    #[inline(always)]
    unsafe fn numbers(block: *const u8) -> Numbers {
        // SAFETY: as for this function.
        unsafe { six_bits(block) }
    }

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
    const LOW_BITS: usize = 4;
    const UPPER_BITS: usize = 1;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn factors(block: *const u8) -> [u16; 2] {
        // SAFETY: as for this function.
        unsafe { [half_at(block, 0), half_at(block, 2)] }
    }

    #[inline(always)]
    unsafe fn numbers(block: *const u8) -> Numbers {
        // SAFETY: as for this function.
        unsafe { six_bits(block) }
    }

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        // SAFETY: as for this function.
        let (low, plane) = unsafe { (bytes(block, 48 + unit / 2 * 32), bytes(block, 16)) };
        with_upper(nibbles(low, unit % 2 == 1), bits(plane, unit, 1), 4)
    }
}

/// 128 bytes of nibbles, 64 bytes of upper bit pairs, signed scales, the factor.
pub(super) struct Q6K;

impl Format for Q6K {
    const BYTES: usize = 210;
    const UNITS: usize = 8;
    const HALVES: bool = true;
    const OFFSET: u8 = 32;
    const LOW_BITS: usize = 4;
    const UPPER_BITS: usize = 2;
    const MINIMA: bool = false;

    #[inline(always)]
    unsafe fn factors(block: *const u8) -> [u16; 2] {
        // SAFETY: as for this function.
        unsafe { [half_at(block, 208), 0] }
    }

    #[inline(always)]
    unsafe fn numbers(block: *const u8) -> Numbers {
        // SAFETY: as for this function.
        Numbers { scales: halves(unsafe { bytes(block, 192) }), minima: [NONE; 2] }
    }

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        let (part, turn) = (unit / 4, unit % 4);
        // SAFETY: as for this function.
        let (low, pairs) = unsafe { (bytes(block, part * 64 + turn % 2 * 32), bytes(block, 128 + part * 32)) };
        with_upper(nibbles(low, turn >= 2), bits(pairs, 2 * turn, 3), 4)
    }
}

/// The bit pairs of `Q2_K` and `Q3_K`.
///
/// # Safety
/// They stand at `pairs`.
#[inline(always)]
unsafe fn pairs(pairs: *const u8, unit: usize) -> [u8; UNIT] {
    // SAFETY: as for this function.
    bits(unsafe { bytes(pairs, unit / 4 * 32) }, unit % 4 * 2, 3)
}

/// Scale and minimum of each half in a byte, 64 bytes of bit pairs, factors.
pub(super) struct Q2K;

impl Format for Q2K {
    const BYTES: usize = 84;
    const UNITS: usize = 8;
    const HALVES: bool = true;
    const OFFSET: u8 = 0;
    const LOW_BITS: usize = 2;
    const UPPER_BITS: usize = 0;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn factors(block: *const u8) -> [u16; 2] {
        // SAFETY: as for this function.
        unsafe { [half_at(block, 80), half_at(block, 82)] }
    }

    #[inline(always)]
    unsafe fn numbers(block: *const u8) -> Numbers {
        // SAFETY: as for this function.
        let both = unsafe { bytes::<16>(block, 0) };
        let (mut scales, mut minima) = ([0; 16], [0; 16]);
        for i in 0..16 {
            scales[i] = both[i] & 15;
            minima[i] = both[i] >> 4;
        }
        Numbers { scales: halves(scales), minima: halves(minima) }
    }

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
    const LOW_BITS: usize = 2;
    const UPPER_BITS: usize = 1;
    const MINIMA: bool = false;

    #[inline(always)]
    unsafe fn factors(block: *const u8) -> [u16; 2] {
        // SAFETY: as for this function.
        unsafe { [half_at(block, 108), 0] }
    }

    #[inline(always)]
    unsafe fn numbers(block: *const u8) -> Numbers {
        // SAFETY: as for this function.
        let packed = unsafe { bytes::<12>(block, 96) };
        let mut scales = [0; 16];
        for i in 0..16 {
            let low = (packed[i % 8] >> (i / 8 * 4)) & 15;
            let high = (packed[8 + i % 4] >> (i / 4 * 2)) & 3;
            scales[i] = (low | (high << 4)).wrapping_sub(32);
        }
        Numbers { scales: halves(scales), minima: [NONE; 2] }
    }

    #[inline(always)]
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT] {
        // SAFETY: as for this function.
        let (low, plane) = unsafe { (pairs(block.add(32), unit), bytes(block, 0)) };
        with_upper(low, bits(plane, unit, 1), 2)
    }
}
