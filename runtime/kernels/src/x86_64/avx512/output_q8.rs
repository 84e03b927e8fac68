//! What becomes of the sums of an int8 tile: u8, or see `output_f32.rs`.

use super::gemm_q8::{PANEL, VECTOR};
use super::masks;
use super::requantize::{Requantizer, pack_plain, round, round_floats};
use crate::geometry::Place;
use crate::q8::GemmQ8Args;
use std::arch::x86_64::*;

/// What becomes of the sums of a tile.
pub(super) trait Output: Copy {
    /// Where C's pixels lie.
    fn place(&self) -> Place;

    /// Stores the sums of a tile.
    ///
    /// # Safety
    /// The CPU must have AVX-512 (F, BW, VL), and C the pixels.
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target);

    /// Stores up to eight columns of `MR` pixels, at most eight, two pixels a vector.
    ///
    /// # Safety
    /// As for `store`.
    unsafe fn store_halves<const MR: usize>(self, sums: [__m512i; 4], at: &Target);
}

/// Where the sums of a tile go.
pub(super) struct Target {
    /// The offset of the first pixel in C, and from it to the next one.
    pub(super) c: usize,
    pub(super) step: usize,
    /// The number of the first pixel.
    pub(super) pixel: usize,
    /// The first column, and how many there are.
    pub(super) first: usize,
    pub(super) columns: usize,
}

/// u8.
#[derive(Clone, Copy)]
pub(super) struct ToQ8<'a> {
    pub(super) args: &'a GemmQ8Args,
    pub(super) by: Requantizer,
}

impl Output for ToQ8<'_> {
    fn place(&self) -> Place {
        self.args.to
    }

    #[inline(always)]
    unsafe fn store<const MR: usize, const NV: usize>(self, sums: [[__m512i; NV]; MR], at: &Target) {
        // SAFETY: as the caller says.
        unsafe {
            if self.args.product.less.is_null() {
                self.store_as::<false, MR, NV>(sums, at);
            } else {
                self.store_as::<true, MR, NV>(sums, at);
            }
        }
    }

    #[inline(always)]
    unsafe fn store_halves<const MR: usize>(self, sums: [__m512i; 4], at: &Target) {
        // SAFETY: as the caller says; scale is padded to whole vectors, and only columns of C are written.
        unsafe {
            let half = |from: *const f32| _mm512_broadcast_f32x8(_mm256_loadu_ps(from.add(at.first)));
            let (scale, less) = (half(self.args.product.scale), self.args.product.less);
            let mut rounded = sums;
            let bytes = if less.is_null() {
                for rounded in &mut rounded {
                    *rounded = round(*rounded, scale);
                }
                self.by.pack(rounded)
            } else {
                for rounded in &mut rounded {
                    *rounded = round_floats(*rounded, scale, half(less));
                }
                pack_plain(rounded)
            };
            let (bytes, c) = (in_order(bytes), self.args.c.add(at.c).add(at.first));
            if MR == 8 && at.columns == 8 && at.step == 8 {
                _mm512_storeu_si512(c.cast(), bytes);
                return;
            }
            for i in 0..MR {
                let pair = quarter(bytes, i / 2);
                let pixel = if i % 2 == 0 { pair } else { _mm_unpackhi_epi64(pair, pair) };
                store_16(c.add(i.wrapping_mul(at.step)), pixel, at.columns);
            }
        }
    }
}

impl ToQ8<'_> {
    /// Stores sums that are floats as they stand, or are not.
    ///
    /// # Safety
    /// As for `store`.
    #[inline(always)]
    unsafe fn store_as<const FLOATS: bool, const MR: usize, const NV: usize>(
        self,
        sums: [[__m512i; NV]; MR],
        at: &Target,
    ) {
        // As many pixels as fill the four vectors that are packed together.
        let together = if NV > 2 { 1 } else { 4 / NV };
        // SAFETY: as the caller says.
        unsafe {
            let mut pixel = 0;
            while pixel < MR {
                let count = if together < MR - pixel { together } else { MR - pixel };
                let mut rounded = [_mm512_setzero_si512(); 4];
                for i in 0..count {
                    for v in 0..NV {
                        rounded[i * NV + v] = self.rounded::<FLOATS>(sums[pixel + i][v], at.first + v * VECTOR);
                    }
                }
                let bytes = in_order(if FLOATS { pack_plain(rounded) } else { self.by.pack(rounded) });
                self.store_bytes::<NV>(bytes, at, pixel, count);
                pixel += together;
            }
        }
    }

    /// The sums of the vector of columns that starts at `column`, scaled and rounded.
    ///
    /// # Safety
    /// As for `store`: scale is padded to whole vectors.
    #[inline(always)]
    unsafe fn rounded<const FLOATS: bool>(self, sums: __m512i, column: usize) -> __m512i {
        let product = &self.args.product;
        // SAFETY: as the caller says; where sums are floats, `less` is as long as the scale.
        unsafe {
            let scale = _mm512_loadu_ps(product.scale.add(column));
            if FLOATS {
                round_floats(sums, scale, _mm512_loadu_ps(product.less.add(column)))
            } else {
                round(sums, scale)
            }
        }
    }

    /// Stores `count` pixels of `NV` vectors of columns each, from the tile's pixel `first` on.
    ///
    /// # Safety
    /// As for `store`: only columns of C are written.
    #[inline(always)]
    unsafe fn store_bytes<const NV: usize>(self, bytes: __m512i, at: &Target, first: usize, count: usize) {
        // SAFETY: as the caller says.
        unsafe {
            let c = self.args.c.add(at.c).add(at.first).add(first.wrapping_mul(at.step));
            if NV < 3 && at.step == NV * VECTOR && at.columns == at.step && count == 4 / NV {
                _mm512_storeu_si512(c.cast(), bytes);
                return;
            }
            match NV {
                1 => {
                    for i in 0..count {
                        store_16(c.add(i.wrapping_mul(at.step)), quarter(bytes, i), at.columns);
                    }
                }
                2 => {
                    store_32(c, _mm512_castsi512_si256(bytes), at.columns);
                    if count == 2 {
                        store_32(c.add(at.step), _mm512_extracti64x4_epi64::<1>(bytes), at.columns);
                    }
                }
                _ if at.columns == PANEL => _mm512_storeu_si512(c.cast(), bytes),
                _ => _mm512_mask_storeu_epi8(c.cast(), masks::of_64(at.columns), bytes),
            }
        }
    }
}

/// Packed bytes, whose lanes hold four columns of each vector, in the order of columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn in_order(packed: __m512i) -> __m512i {
    _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), packed)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quarter(bytes: __m512i, i: usize) -> __m128i {
    match i {
        0 => _mm512_castsi512_si128(bytes),
        1 => _mm512_extracti32x4_epi32::<1>(bytes),
        2 => _mm512_extracti32x4_epi32::<2>(bytes),
        _ => _mm512_extracti32x4_epi32::<3>(bytes),
    }
}

/// # Safety
/// The first `columns` bytes must be writable.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_16(c: *mut u8, bytes: __m128i, columns: usize) {
    // SAFETY: as the caller says.
    unsafe {
        match columns {
            16 => _mm_storeu_si128(c.cast(), bytes),
            8 => _mm_storel_epi64(c.cast(), bytes),
            _ => _mm_mask_storeu_epi8(c.cast(), masks::of_16(columns), bytes),
        }
    }
}

/// # Safety
/// The first `columns` bytes must be writable.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_32(c: *mut u8, bytes: __m256i, columns: usize) {
    // SAFETY: as the caller says.
    unsafe {
        match columns {
            32 => _mm256_storeu_si256(c.cast(), bytes),
            _ => _mm256_mask_storeu_epi8(c.cast(), masks::of_64(columns) as __mmask32, bytes),
        }
    }
}
