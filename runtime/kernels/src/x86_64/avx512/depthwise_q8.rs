//! The int8 depthwise convolution with AVX-512 VNNI.

use super::masks;
use super::requantize::{Requantizer, round};
use crate::q8::{DepthwiseQ8Args, DepthwiseQ8Table, Requantize};
use crate::x86_64::depthwise_q8::{self, Vectors};
use std::arch::x86_64::*;

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_64_avx512vnni",
    entries: depthwise_q8::entries::<Avx512>,
    channel: depthwise_q8::channel::<Avx512>,
    offset: 0,
    packed: depthwise_q8::packed::<Avx512>,
    pack: |window, weights, packed| {
        depthwise_q8::pack::<Avx512>(window, weights, packed, |to, entry, taps| {
            to[4 * entry..][..4].copy_from_slice(&taps);
        });
    },
    run,
};

/// # Safety
/// The CPU must have AVX-512 VNNI; all that the arguments point at must be there, as the door checks.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn run(args: &DepthwiseQ8Args) {
    // SAFETY: as the caller says.
    unsafe { depthwise_q8::run::<Avx512>(args) }
}

struct Avx512;

impl Vectors for Avx512 {
    const SLIDES: bool = true;
    const BYTES: usize = 64;
    const WEIGHTS: usize = 256;
    type Bytes = __m512i;
    type Quads = [__m512i; 4];
    type Weights = [__m512i; 4];
    type Sums = __m512i;
    type Requantizer = Requantizer;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: as the caller says.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn load(x: *const u8) -> __m512i {
        // SAFETY: as the caller says.
        unsafe { _mm512_loadu_si512(x.cast()) }
    }

    #[inline(always)]
    unsafe fn load_part(x: *const u8, count: usize) -> __m512i {
        // SAFETY: as the caller says; what is masked out is not read.
        unsafe { _mm512_maskz_loadu_epi8(masks::of_64(count), x.cast()) }
    }

    #[inline(always)]
    unsafe fn gather<const C: usize>(x: *const u8, step: usize, count: usize) -> __m512i {
        // SAFETY: as the caller says; only the pixels that count are read.
        unsafe {
            let mut bytes = _mm512_setzero_si512();
            for i in 0..64 / C {
                if i < count {
                    let x = x.add(i.wrapping_mul(step));
                    let mask = (1_u8 << (C / 8)).wrapping_sub(1) << (i * (C / 8));
                    let pixel = match C {
                        8 => _mm512_set1_epi64(x.cast::<i64>().read_unaligned()),
                        16 => _mm512_broadcast_i64x2(_mm_loadu_si128(x.cast())),
                        _ => _mm512_broadcast_i64x4(_mm256_loadu_si256(x.cast())),
                    };
                    bytes = _mm512_mask_mov_epi64(bytes, mask, pixel);
                }
            }
            bytes
        }
    }

    #[inline(always)]
    unsafe fn store(y: *mut u8, bytes: __m512i) {
        // SAFETY: as the caller says.
        unsafe { _mm512_storeu_si512(y.cast(), bytes) }
    }

    #[inline(always)]
    unsafe fn store_part(y: *mut u8, bytes: __m512i, count: usize) {
        // SAFETY: as the caller says; what is masked out is not written.
        unsafe { _mm512_mask_storeu_epi8(y.cast(), masks::of_64(count), bytes) }
    }

    #[inline(always)]
    unsafe fn interleave([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let (ab, cd) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, d));
            [
                _mm512_unpacklo_epi16(ab, cd),
                _mm512_unpackhi_epi16(ab, cd),
                _mm512_unpacklo_epi16(ab_high, cd_high),
                _mm512_unpackhi_epi16(ab_high, cd_high),
            ]
        }
    }

    #[inline(always)]
    unsafe fn bias(bias: *const i32) -> [__m512i; 4] {
        // SAFETY: as the caller says.
        unsafe {
            let mut sums = [_mm512_setzero_si512(); 4];
            for (i, sums) in sums.iter_mut().enumerate() {
                *sums = _mm512_loadu_si512(bias.add(16 * i).cast());
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn weights(weights: *const i8) -> [__m512i; 4] {
        // SAFETY: as the caller says.
        unsafe { Self::bias(weights.cast()) }
    }

    #[inline(always)]
    unsafe fn dot(mut sums: [__m512i; 4], quads: [__m512i; 4], weights: [__m512i; 4]) -> [__m512i; 4] {
        for i in 0..4 {
            // SAFETY: as the caller says.
            sums[i] = unsafe { _mm512_dpbusd_epi32(sums[i], quads[i], weights[i]) };
        }
        sums
    }

    #[inline(always)]
    unsafe fn requantizer(by: Requantize) -> Requantizer {
        // SAFETY: as the caller says.
        unsafe { Requantizer::new(by) }
    }

    #[inline(always)]
    unsafe fn requantize(by: Requantizer, sums: [__m512i; 4], scale: *const f32) -> __m512i {
        // SAFETY: as the caller says. Packing undoes the order of interleaving.
        unsafe {
            let mut rounded = sums;
            for (i, rounded) in rounded.iter_mut().enumerate() {
                *rounded = round(*rounded, _mm512_loadu_ps(scale.add(16 * i)));
            }
            by.pack(rounded)
        }
    }
}
