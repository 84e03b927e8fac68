//! The sums of int8 products with AVX-512 VNNI.

use super::gemm_q8::{GROUP, VECTOR};
use crate::q8::ProductArgs;
use std::arch::x86_64::*;

/// Accumulators of each vector of a single pixel, whose sums would else wait for one another.
const CHAINS: usize = 4;

/// Columns of a slim product: of each there are two groups in a vector.
pub(super) const SLIM: usize = VECTOR / 2;

/// The sums of `MR` pixels, bias added, of which the first starts at `a` and each next one `step` after it.
///
/// # Safety
/// As for `Panel::tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn sums<const MR: usize, const NV: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    b: *const i8,
    first: usize,
) -> [[__m512i; NV]; MR] {
    // SAFETY: as the caller says.
    unsafe {
        let start = vectors::<NV>(product.bias.add(first));
        if MR == 1 {
            return [chained::<NV, GROUP>(product, a, b, start); MR];
        }
        unrolled::<MR, NV, GROUP>(product, a, step, b, start)
    }
}

/// The sums of pixels of a slim product, as `sums` makes them of others, two pixels a vector.
///
/// # Safety
/// As for `Panel::tile`.
#[inline(always)]
pub(super) unsafe fn slim_sums<const MR: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    b: *const i8,
) -> [__m512i; 4] {
    // SAFETY: as the caller says; the bias is padded to a whole vector.
    unsafe {
        // A column's sums start in the first of its two lanes.
        let start = [_mm512_cvtepu32_epi64(_mm256_loadu_si256(product.bias.cast()))];
        let sums: [[__m512i; 1]; MR] = if MR == 1 {
            [chained::<1, { 2 * GROUP }>(product, a, b, start); MR]
        } else {
            unrolled::<MR, 1, { 2 * GROUP }>(product, a, step, b, start)
        };
        let order = _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
        let mut pairs = [_mm512_setzero_si512(); 4];
        for (pair, sums) in pairs.iter_mut().zip(sums.chunks(2)) {
            let one = _mm512_castsi512_ps(sums[0][0]);
            let other = if MR == 1 { one } else { _mm512_castsi512_ps(sums[1][0]) };
            let first = _mm512_castps_si512(_mm512_shuffle_ps::<0b10_00_10_00>(one, other));
            let second = _mm512_castps_si512(_mm512_shuffle_ps::<0b11_01_11_01>(one, other));
            *pair = _mm512_permutexvar_epi32(order, _mm512_add_epi32(first, second));
        }
        pairs
    }
}

/// Most models of images start with a 3x3 window of three channels, whose loops are so short that they are unrolled.
///
/// # Safety
/// As for `sums`.
#[inline(always)]
unsafe fn unrolled<const MR: usize, const NV: usize, const G: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    b: *const i8,
    start: [__m512i; NV],
) -> [[__m512i; NV]; MR] {
    let taps = product.taps;
    let window = (taps.rows, taps.cols, taps.len.div_ceil(G));
    let rgb = (3, 1, 9_usize.div_ceil(G));
    // SAFETY: as the caller says.
    unsafe {
        if MR == 8 && NV == 1 && window == rgb {
            sums_of::<MR, NV, G>(product, a, step, b, start, rgb)
        } else {
            sums_of::<MR, NV, G>(product, a, step, b, start, window)
        }
    }
}

/// The sums of a window of so many rows, columns and groups of `G` elements.
///
/// # Safety
/// As for `sums`.
#[inline(always)]
unsafe fn sums_of<const MR: usize, const NV: usize, const G: usize>(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    mut b: *const i8,
    start: [__m512i; NV],
    (mut rows, cols, groups): (usize, usize, usize),
) -> [[__m512i; NV]; MR] {
    let taps = product.taps;
    let mut row = a;
    // SAFETY: as the caller says: each run is readable to a whole group, the panel has every group.
    unsafe {
        let mut sums = [start; MR];
        while rows > 0 {
            let (mut col, mut cols) = (row, cols);
            while cols > 0 {
                // Two pointers and multiples of one step reach eight pixels: a pointer each would not fit the registers.
                let (mut low, mut left) = (col, groups);
                let mut high = col.wrapping_add(step.wrapping_mul(4));
                while left > 0 {
                    let weights = vectors::<NV>(b.cast());
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let x = spread::<G>(if i < 4 { low } else { high }.wrapping_add(step.wrapping_mul(i % 4)));
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = _mm512_dpbusd_epi32(*sum, x, weights);
                        }
                    }
                    b = b.add(NV * 64);
                    low = low.wrapping_add(G);
                    high = high.wrapping_add(G);
                    left = left.wrapping_sub(1);
                }
                col = col.wrapping_add(taps.col);
                cols = cols.wrapping_sub(1);
            }
            row = row.wrapping_add(taps.row);
            rows = rows.wrapping_sub(1);
        }
        sums
    }
}

/// The sums of one pixel.
///
/// # Safety
/// As for `sums`.
#[inline(always)]
unsafe fn chained<const NV: usize, const G: usize>(
    product: &ProductArgs,
    a: *const u8,
    mut b: *const i8,
    start: [__m512i; NV],
) -> [__m512i; NV] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(G);
    // SAFETY: as for `sums_of`.
    unsafe {
        let mut chains = [[_mm512_setzero_si512(); NV]; CHAINS];
        chains[0] = start;
        for row in 0..taps.rows {
            for col in 0..taps.cols {
                let run = row.wrapping_mul(taps.row).wrapping_add(col.wrapping_mul(taps.col));
                let mut a = a.add(run);
                for _ in 0..groups / CHAINS {
                    for (i, chain) in chains.iter_mut().enumerate() {
                        *chain = dot::<NV, G>(*chain, a.add(i * G), b.add(i * NV * 64));
                    }
                    a = a.add(CHAINS * G);
                    b = b.add(CHAINS * NV * 64);
                }
                for _ in 0..groups % CHAINS {
                    chains[0] = dot::<NV, G>(chains[0], a, b);
                    a = a.add(G);
                    b = b.add(NV * 64);
                }
            }
        }
        let [mut sums, rest @ ..] = chains;
        for chain in rest {
            for (sum, other) in sums.iter_mut().zip(chain) {
                *sum = _mm512_add_epi32(*sum, other);
            }
        }
        sums
    }
}

/// Adds one group of one pixel.
///
/// # Safety
/// As for `sums`.
#[inline(always)]
unsafe fn dot<const NV: usize, const G: usize>(mut sums: [__m512i; NV], a: *const u8, b: *const i8) -> [__m512i; NV] {
    // SAFETY: as the caller says.
    unsafe {
        let (x, weights) = (spread::<G>(a), vectors::<NV>(b.cast()));
        for (sum, weights) in sums.iter_mut().zip(weights) {
            *sum = _mm512_dpbusd_epi32(*sum, x, weights);
        }
    }
    sums
}

/// A group of `G` elements, 4 or 8, as often as a vector holds it.
///
/// # Safety
/// The group must be readable.
#[inline(always)]
pub(super) unsafe fn spread<const G: usize>(a: *const u8) -> __m512i {
    // SAFETY: as the caller says.
    unsafe {
        if G == GROUP {
            _mm512_set1_epi32(a.cast::<i32>().read_unaligned())
        } else {
            _mm512_set1_epi64(a.cast::<i64>().read_unaligned())
        }
    }
}

/// # Safety
/// So many vectors must be readable.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn vectors<const NV: usize>(from: *const i32) -> [__m512i; NV] {
    let mut vectors = [_mm512_setzero_si512(); NV];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller says.
        *vector = unsafe { _mm512_loadu_si512(from.add(v * VECTOR).cast()) };
    }
    vectors
}
