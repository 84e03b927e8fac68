//! The sums of int8 products with AVX-512 VNNI.

use super::gemm_q8::{GROUP, VECTOR};
use crate::q8::ProductArgs;
use std::arch::x86_64::*;

/// Accumulators of each vector of a single pixel, whose sums would else wait for one another.
const CHAINS: usize = 4;

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
    mut b: *const i8,
    first: usize,
) -> [[__m512i; NV]; MR] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    let (mut row, mut rows) = (a, taps.rows);
    // SAFETY: as the caller says: each run is readable to a whole group, the panel has every group, the bias each column.
    unsafe {
        let mut sums = [bias::<NV>(product, first); MR];
        while rows > 0 {
            let (mut col, mut cols) = (row, taps.cols);
            while cols > 0 {
                // Two pointers and multiples of one step reach eight pixels: a pointer each would not fit the registers.
                let (mut low, mut left) = (col, groups);
                let mut high = col.wrapping_add(step.wrapping_mul(4));
                while left > 0 {
                    let weights = vectors::<NV>(b.cast());
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let a = if i < 4 { low } else { high }.wrapping_add(step.wrapping_mul(i % 4));
                        let x = _mm512_set1_epi32(a.cast::<i32>().read_unaligned());
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = _mm512_dpbusd_epi32(*sum, x, weights);
                        }
                    }
                    b = b.add(NV * 64);
                    low = low.wrapping_add(GROUP);
                    high = high.wrapping_add(GROUP);
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

/// The sums of eight pixels in the lower half of a vector of columns, as `sums` makes them of a whole one: two pixels a
/// vector.
///
/// # Safety
/// As for `Panel::tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512vnni")]
pub(super) unsafe fn half_sums(
    product: &ProductArgs,
    a: *const u8,
    step: usize,
    mut b: *const i8,
    first: usize,
) -> [__m512i; 4] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    let (mut row, mut rows) = (a, taps.rows);
    // SAFETY: as for `sums`.
    unsafe {
        let mut sums = [_mm256_loadu_si256(product.bias.add(first).cast()); 8];
        while rows > 0 {
            let (mut col, mut cols) = (row, taps.cols);
            while cols > 0 {
                let (mut low, mut left) = (col, groups);
                let mut high = col.wrapping_add(step.wrapping_mul(4));
                while left > 0 {
                    let weights = _mm256_loadu_si256(b.cast());
                    for (i, sum) in sums.iter_mut().enumerate() {
                        let a = if i < 4 { low } else { high }.wrapping_add(step.wrapping_mul(i % 4));
                        let x = _mm256_set1_epi32(a.cast::<i32>().read_unaligned());
                        *sum = _mm256_dpbusd_epi32(*sum, x, weights);
                    }
                    b = b.add(64);
                    low = low.wrapping_add(GROUP);
                    high = high.wrapping_add(GROUP);
                    left = left.wrapping_sub(1);
                }
                col = col.wrapping_add(taps.col);
                cols = cols.wrapping_sub(1);
            }
            row = row.wrapping_add(taps.row);
            rows = rows.wrapping_sub(1);
        }
        let mut pairs = [_mm512_setzero_si512(); 4];
        for (pair, sums) in pairs.iter_mut().zip(sums.chunks_exact(2)) {
            *pair = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(sums[0]), sums[1]);
        }
        pairs
    }
}

/// The sums of one pixel, bias added, which starts at `a`.
///
/// # Safety
/// As for `Panel::tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn single_sums<const NV: usize>(
    product: &ProductArgs,
    a: *const u8,
    mut b: *const i8,
    first: usize,
) -> [__m512i; NV] {
    let taps = product.taps;
    let groups = taps.len.div_ceil(GROUP);
    // SAFETY: as for `sums`.
    unsafe {
        let mut chains = [[_mm512_setzero_si512(); NV]; CHAINS];
        chains[0] = bias::<NV>(product, first);
        for row in 0..taps.rows {
            for col in 0..taps.cols {
                let run = row.wrapping_mul(taps.row).wrapping_add(col.wrapping_mul(taps.col));
                let mut a = a.add(run).cast::<i32>();
                for _ in 0..groups / CHAINS {
                    for (i, chain) in chains.iter_mut().enumerate() {
                        *chain = dot(*chain, a.add(i), b.add(i * NV * 64));
                    }
                    a = a.add(CHAINS);
                    b = b.add(CHAINS * NV * 64);
                }
                for _ in 0..groups % CHAINS {
                    chains[0] = dot(chains[0], a, b);
                    a = a.add(1);
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
/// As for `Panel::tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dot<const NV: usize>(mut sums: [__m512i; NV], a: *const i32, b: *const i8) -> [__m512i; NV] {
    // SAFETY: as the caller says.
    let (x, weights) = unsafe { (_mm512_set1_epi32(a.read_unaligned()), vectors::<NV>(b.cast())) };
    for (sum, weights) in sums.iter_mut().zip(weights) {
        *sum = _mm512_dpbusd_epi32(*sum, x, weights);
    }
    sums
}

/// # Safety
/// As for `Panel::tile`: bias is padded to whole vectors.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn bias<const NV: usize>(product: &ProductArgs, first: usize) -> [__m512i; NV] {
    // SAFETY: as the caller says.
    unsafe { vectors(product.bias.add(first)) }
}

/// # Safety
/// So many vectors must be readable.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn vectors<const NV: usize>(from: *const i32) -> [__m512i; NV] {
    let mut vectors = [_mm512_setzero_si512(); NV];
    for (v, vector) in vectors.iter_mut().enumerate() {
        // SAFETY: as the caller says.
        *vector = unsafe { _mm512_loadu_si512(from.add(v * VECTOR).cast()) };
    }
    vectors
}
