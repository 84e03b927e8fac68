//! What the block types have in common, and the types of 32 elements. A block is read in units of 32 elements, and each
//! unit is unsigned numbers of a few bits (`Q8_0`: signed bytes) with a scale, perhaps a minimum, for each group.

use super::activations::UNIT;

/// The most units of a block.
pub(super) const UNITS: usize = 8;

/// The body for each unit of a block, which so is a constant: shifts by it are, and no scale goes through memory.
macro_rules! for_each_unit {
    ($format:ty, $unit:ident => $body:block) => {
        for_each_unit!($format, $unit => $body, 0, 1, 2, 3, 4, 5, 6, 7)
    };
    ($format:ty, $unit:ident => $body:block, $($number:literal),*) => {
        $(if $number < <$format>::UNITS {
            let $unit = $number;
            $body
        })*
    };
}
pub(super) use for_each_unit;

/// How an instruction set widens f16.
///
/// # Safety
/// The CPU must have the instructions.
pub(super) trait Half {
    /// A finite f16 in f32.
    unsafe fn half(bits: u16) -> f32;
}

/// Scales and minima of the units of a block, or of their halves: of the first halves, then of the second ones.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) scales: [[f32; UNITS]; 2],
    pub(super) minima: [[f32; UNITS]; 2],
}

/// What the scales and minima of a block of several units are made of: small signed numbers by a factor. Those of units,
/// or of their first halves, then of the second ones.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) scales: [[u8; UNITS]; 2],
    pub(super) minima: [[u8; UNITS]; 2],
}

/// A block type: element = scale * (quant - OFFSET) - minimum. Written in plain loops, which vectorise when inlined:
/// closures would not always be compiled for the instruction set of the kernel around them.
pub(super) trait Format {
    /// Bytes of a block.
    const BYTES: usize;
    /// Units of a block.
    const UNITS: usize;
    /// Elements of a block.
    const ELEMENTS: usize = Self::UNITS * UNIT;
    /// Whether each half of a unit has its own scale.
    const HALVES: bool;
    /// What is taken from each quant.
    const OFFSET: u8;
    /// Whether quants are signed bytes; else they have `LOW_BITS + UPPER_BITS`, at most six.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only what x86-64 has tells them apart"))]
    const SIGNED: bool = false;
    /// Lower bits of a quant that stand together in a panel: 2, 4 or 8.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has panels"))]
    const LOW_BITS: usize;
    /// The bits above them, which stand apart: 0, 1 or 2.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "only x86-64 has panels"))]
    const UPPER_BITS: usize;
    /// Whether there are minima.
    const MINIMA: bool;

    /// The f16 factors of scales and minima; of a block of one unit, its scale and minimum.
    ///
    /// # Safety
    /// A block stands at `block`.
    unsafe fn factors(block: *const u8) -> [u16; 2];

    /// What the factors multiply, in blocks of several units.
    ///
    /// # Safety
    /// A block stands at `block`.
    unsafe fn numbers(block: *const u8) -> Numbers;

    /// The scales and minima of a block.
    ///
    /// # Safety
    /// A block stands at `block`; the CPU has what `H` takes.
    #[inline(always)]
    unsafe fn header<H: Half>(block: *const u8) -> Header {
        let mut header = Header { scales: [[0.0; UNITS]; 2], minima: [[0.0; UNITS]; 2] };
        // SAFETY: as for this function.
        unsafe {
            let factors = Self::factors(block);
            let scale = H::half(factors[0]);
            let minimum = if Self::MINIMA { H::half(factors[1]) } else { 0.0 };
            if Self::UNITS == 1 {
                (header.scales[0][0], header.minima[0][0]) = (scale, minimum);
                return header;
            }
            let numbers = Self::numbers(block);
            for half in 0..if Self::HALVES { 2 } else { 1 } {
                header.scales[half] = scaled(numbers.scales[half], scale);
                if Self::MINIMA {
                    header.minima[half] = scaled(numbers.minima[half], minimum);
                }
            }
        }
        header
    }

    /// The quants of a unit.
    ///
    /// # Safety
    /// A block stands at `block`, and has this unit.
    unsafe fn quants(block: *const u8, unit: usize) -> [u8; UNIT];
}

/// Bytes at an offset.
///
/// # Safety
/// They are there.
#[inline(always)]
pub(super) unsafe fn bytes<const N: usize>(block: *const u8, at: usize) -> [u8; N] {
    // SAFETY: as for this function; an array of bytes needs no alignment.
    unsafe { block.add(at).cast::<[u8; N]>().read() }
}

/// The bits of the f16 at an offset.
///
/// # Safety
/// It is there.
#[inline(always)]
pub(super) unsafe fn half_at(block: *const u8, at: usize) -> u16 {
    // SAFETY: as for this function.
    u16::from_le_bytes(unsafe { bytes(block, at) })
}

/// A finite f16 in f32: its exponent and fraction moved to their places, then the bias of the exponent made up for by a
/// multiplication, which is right for subnormal numbers too.
#[inline(always)]
pub(super) fn half_to_f32(half: u16) -> f32 {
    let magnitude = f32::from_bits(u32::from(half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(magnitude.to_bits() | (u32::from(half & 0x8000) << 16))
}

/// Signed numbers by a factor.
#[inline(always)]
fn scaled(numbers: [u8; UNITS], factor: f32) -> [f32; UNITS] {
    let mut scaled = [0.0; UNITS];
    for i in 0..UNITS {
        scaled[i] = factor * f32::from(numbers[i].cast_signed());
    }
    scaled
}

/// The low nibbles of 16 bytes, then the high ones.
#[inline(always)]
fn nibbles(packed: [u8; 16]) -> [u8; UNIT] {
    let mut quants = [0; UNIT];
    for i in 0..16 {
        quants[i] = packed[i] & 15;
        quants[i + 16] = packed[i] >> 4;
    }
    quants
}

/// As [`nibbles`], with a fifth bit for each.
#[inline(always)]
fn nibbles_and_bits(packed: [u8; 16], bits: [u8; 4]) -> [u8; UNIT] {
    let mut quants = nibbles(packed);
    for i in 0..UNIT {
        quants[i] |= ((bits[i / 8] >> (i % 8)) & 1) << 4;
    }
    quants
}

macro_rules! format {
    ($(#[$doc:meta])* $name:ident, $bytes:literal bytes, bits $low:literal + $upper:literal, offset $offset:literal,
     minimum $minimum:literal, signed $signed:literal, $block:ident => $quants:expr) => {
        $(#[$doc])*
        pub(super) struct $name;

        impl Format for $name {
            const BYTES: usize = $bytes;
            const UNITS: usize = 1;
            const HALVES: bool = false;
            const OFFSET: u8 = $offset;
            const SIGNED: bool = $signed;
            const LOW_BITS: usize = $low;
            const UPPER_BITS: usize = $upper;
            const MINIMA: bool = $minimum;

            #[inline(always)]
            unsafe fn factors($block: *const u8) -> [u16; 2] {
                // ggml's minimum is added.
                const SIGN: u16 = 0x8000;
                // SAFETY: as for this function.
                unsafe { [half_at($block, 0), if $minimum { half_at($block, 2) ^ SIGN } else { 0 }] }
            }

            #[inline(always)]
            unsafe fn numbers(_: *const u8) -> Numbers {
                Numbers { scales: [[1; UNITS]; 2], minima: [[1; UNITS]; 2] }
            }

            #[inline(always)]
            unsafe fn quants($block: *const u8, _: usize) -> [u8; UNIT] {
                // SAFETY: as for this function.
                unsafe { $quants }
            }
        }
    };
}

format!(
    /// Scale, 16 bytes of nibbles.
    Q4_0, 18 bytes, bits 4 + 0, offset 8, minimum false, signed false,
    block => nibbles(bytes(block, 2))
);
format!(
    /// Scale, minimum, 16 bytes of nibbles.
    Q4_1, 20 bytes, bits 4 + 0, offset 0, minimum true, signed false,
    block => nibbles(bytes(block, 4))
);
format!(
    /// Scale, fifth bits, 16 bytes of nibbles.
    Q5_0, 22 bytes, bits 4 + 1, offset 16, minimum false, signed false,
    block => nibbles_and_bits(bytes(block, 6), bytes(block, 2))
);
format!(
    /// Scale, minimum, fifth bits, 16 bytes of nibbles.
    Q5_1, 24 bytes, bits 4 + 1, offset 0, minimum true, signed false,
    block => nibbles_and_bits(bytes(block, 8), bytes(block, 4))
);
format!(
    /// Scale, 32 signed bytes.
    Q8_0, 34 bytes, bits 8 + 0, offset 0, minimum false, signed true,
    block => bytes(block, 2)
);
