//! The int8 depthwise convolution with AVX-512 VNNI.

use super::masks;
use super::requantize::{Requantizer, pack_plain, round, round_floats};
use crate::q8::{DepthwiseQ8Args, DepthwiseQ8Table, Requantize};
use crate::x86_64::depthwise_q8::{self, Slides, Vectors};
use std::arch::x86_64::*;

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_64_avx512vnni",
    entries: depthwise_q8::entries::<Avx512>,
    channel: depthwise_q8::channel::<Avx512>,
    offset: 0,
    floats: true,
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
    unsafe {
        if !depthwise_q8::run_sliding::<Avx512>(args) {
            depthwise_q8::run::<Avx512>(args);
        }
    }
}

struct Avx512;

impl Vectors for Avx512 {
    const BYTES: usize = 64;
    const WEIGHTS: usize = 256;
    type Bytes = __m512i;
    type Quads = [__m512i; 4];
    type Weights = [__m512i; 4];
    type Sums = __m512i;
    type Requantizer = Requantizer;
    type Scales = Scales;

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
    unsafe fn scales(args: &DepthwiseQ8Args, entry: usize) -> Scales {
        // SAFETY: as the caller says.
        unsafe {
            let four = |from: *const f32| Self::bias(from.add(entry).cast()).map(|bits| _mm512_castsi512_ps(bits));
            let (scale, floats) = (four(args.scale), !args.less.is_null());
            Scales { scale, less: if floats { four(args.less) } else { scale }, floats }
        }
    }

    #[inline(always)]
    unsafe fn requantize(by: Requantizer, sums: [__m512i; 4], scales: Scales) -> __m512i {
        // SAFETY: as the caller says. Packing undoes the order of interleaving.
        unsafe {
            let mut rounded = sums;
            if scales.floats {
                for (i, rounded) in rounded.iter_mut().enumerate() {
                    *rounded = round_floats(*rounded, scales.scale[i], scales.less[i]);
                }
                return pack_plain(rounded);
            }
            for (i, rounded) in rounded.iter_mut().enumerate() {
                *rounded = round(*rounded, scales.scale[i]);
            }
            by.pack(rounded)
        }
    }
}

/// The scales of a block, and where its sums are floats what is added after them.
#[derive(Clone, Copy)]
struct Scales {
    scale: [__m512; 4],
    less: [__m512; 4],
    floats: bool,
}

impl Slides for Avx512 {
    #[inline(always)]
    unsafe fn further<const C: usize>(quads: [__m512i; 4], next: [__m512i; 4]) -> [[__m512i; 4]; 2] {
        // SAFETY: as the caller says. Interleaving works within 16 bytes, so vectors move by as many bytes as pixels do.
        unsafe {
            let by_16 = |i: usize| _mm512_alignr_epi64::<2>(next[i], quads[i]);
            let by_32 = |i: usize| _mm512_alignr_epi64::<4>(next[i], quads[i]);
            match C {
                // Vectors hold the first four channels of even pixels, the last four, then those of odd pixels.
                8 => {
                    let two = [by_16(0), by_16(1), by_16(2), by_16(3)];
                    [[quads[2], quads[3], two[0], two[1]], two]
                }
                16 => [[by_16(0), by_16(1), by_16(2), by_16(3)], [by_32(0), by_32(1), by_32(2), by_32(3)]],
                _ => [[by_32(0), by_32(1), by_32(2), by_32(3)], next],
            }
        }
    }

    #[inline(always)]
    unsafe fn split<const C: usize>([a, b]: [__m512i; 2]) -> [__m512i; 2] {
        // SAFETY: as the caller says.
        unsafe {
            match C {
                16 => [_mm512_shuffle_i64x2::<0b10_00_10_00>(a, b), _mm512_shuffle_i64x2::<0b11_01_11_01>(a, b)],
                _ => [_mm512_shuffle_i64x2::<0b01_00_01_00>(a, b), _mm512_shuffle_i64x2::<0b11_10_11_10>(a, b)],
            }
        }
    }
}
