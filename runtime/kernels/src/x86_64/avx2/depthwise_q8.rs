//! The int8 depthwise convolution with AVX2: products in 16 bits, of two taps at a time.

use super::requantize::{Requantizer, round};
use crate::q8::{DepthwiseQ8Args, DepthwiseQ8Table, Requantize};
use crate::x86_64::depthwise_q8::{self, Vectors};
use std::arch::x86_64::*;

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_32_avx2",
    entries: depthwise_q8::entries::<Avx2>,
    channel: depthwise_q8::channel::<Avx2>,
    offset: 0,
    floats: false,
    packed: depthwise_q8::packed::<Avx2>,
    pack: |window, weights, packed| depthwise_q8::pack::<Avx2>(window, weights, packed, put),
    run,
};

/// Weights are 16 bits wide: 32 channels' first two taps, then their last two.
fn put(to: &mut [i8], entry: usize, taps: [i8; 4]) {
    for (i, tap) in taps.into_iter().enumerate() {
        let at = i / 2 * 128 + entry * 4 + i % 2 * 2;
        to[at..][..2].copy_from_slice(&i16::from(tap).to_le_bytes().map(u8::cast_signed));
    }
}

/// # Safety
/// The CPU must have AVX2; all that the arguments point at must be there, as the door checks.
#[target_feature(enable = "avx2")]
unsafe fn run(args: &DepthwiseQ8Args) {
    // SAFETY: as the caller says.
    unsafe { depthwise_q8::run::<Avx2>(args) }
}

struct Avx2;

impl Vectors for Avx2 {
    const BYTES: usize = 32;
    const WEIGHTS: usize = 256;
    type Bytes = __m256i;
    /// Two taps side by side, 16 bits wide: the first two, then the last two.
    type Quads = [[__m256i; 4]; 2];
    type Weights = [[__m256i; 4]; 2];
    type Sums = __m256i;
    type Requantizer = Requantizer;
    /// Where they stand: there are no registers for them.
    type Scales = *const f32;

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // SAFETY: as the caller says.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn load(x: *const u8) -> __m256i {
        // SAFETY: as the caller says.
        unsafe { _mm256_loadu_si256(x.cast()) }
    }

    #[inline(always)]
    unsafe fn load_part(x: *const u8, count: usize) -> __m256i {
        let mut bytes = [0_u8; 32];
        // SAFETY: as the caller says.
        unsafe {
            bytes.as_mut_ptr().copy_from_nonoverlapping(x, count);
            _mm256_loadu_si256(bytes.as_ptr().cast())
        }
    }

    #[inline(always)]
    unsafe fn gather<const C: usize>(x: *const u8, step: usize, count: usize) -> __m256i {
        let mut bytes = [0_u8; 32];
        // SAFETY: as the caller says.
        unsafe {
            for i in 0..32 / C {
                if i < count {
                    bytes.as_mut_ptr().add(i * C).copy_from_nonoverlapping(x.add(i.wrapping_mul(step)), C);
                }
            }
            _mm256_loadu_si256(bytes.as_ptr().cast())
        }
    }

    #[inline(always)]
    unsafe fn store(y: *mut u8, bytes: __m256i) {
        // SAFETY: as the caller says.
        unsafe { _mm256_storeu_si256(y.cast(), bytes) }
    }

    #[inline(always)]
    unsafe fn store_part(y: *mut u8, bytes: __m256i, count: usize) {
        let mut all = [0_u8; 32];
        // SAFETY: as the caller says.
        unsafe {
            _mm256_storeu_si256(all.as_mut_ptr().cast(), bytes);
            y.copy_from_nonoverlapping(all.as_ptr(), count);
        }
    }

    #[inline(always)]
    unsafe fn interleave([a, b, c, d]: [__m256i; 4]) -> [[__m256i; 4]; 2] {
        // SAFETY: as the caller says.
        unsafe { [widen(a, b), widen(c, d)] }
    }

    #[inline(always)]
    unsafe fn bias(bias: *const i32) -> [__m256i; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let mut sums = [_mm256_setzero_si256(); 4];
            for (i, sums) in sums.iter_mut().enumerate() {
                *sums = _mm256_loadu_si256(bias.add(8 * i).cast());
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn weights(weights: *const i8) -> [[__m256i; 4]; 2] {
        // SAFETY: as the caller says.
        unsafe { [Self::bias(weights.cast()), Self::bias(weights.add(128).cast())] }
    }

    #[inline(always)]
    unsafe fn dot(mut sums: [__m256i; 4], quads: [[__m256i; 4]; 2], weights: [[__m256i; 4]; 2]) -> [__m256i; 4] {
        for (quads, weights) in quads.into_iter().zip(weights) {
            for (i, sum) in sums.iter_mut().enumerate() {
                // SAFETY: as the caller says.
                *sum = unsafe { _mm256_add_epi32(*sum, _mm256_madd_epi16(quads[i], weights[i])) };
            }
        }
        sums
    }

    #[inline(always)]
    unsafe fn requantizer(by: Requantize) -> Requantizer {
        // SAFETY: as the caller says.
        unsafe { Requantizer::new(by) }
    }

    #[inline(always)]
    unsafe fn scales(args: &DepthwiseQ8Args, entry: usize) -> *const f32 {
        args.scale.wrapping_add(entry)
    }

    #[inline(always)]
    unsafe fn requantize(by: Requantizer, sums: [__m256i; 4], scale: *const f32) -> __m256i {
        // SAFETY: as the caller says. Packing undoes the order of interleaving.
        unsafe {
            let mut rounded = sums;
            for (i, rounded) in rounded.iter_mut().enumerate() {
                *rounded = round(*rounded, _mm256_loadu_ps(scale.add(8 * i)));
            }
            by.pack(rounded)
        }
    }
}

/// Two taps side by side, 16 bits wide.
#[inline]
#[target_feature(enable = "avx2")]
fn widen(a: __m256i, b: __m256i) -> [__m256i; 4] {
    let zero = _mm256_setzero_si256();
    let (low, high) = (_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b));
    [
        _mm256_unpacklo_epi8(low, zero),
        _mm256_unpackhi_epi8(low, zero),
        _mm256_unpacklo_epi8(high, zero),
        _mm256_unpackhi_epi8(high, zero),
    ]
}
