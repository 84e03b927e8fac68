//! Vectors of f32 as the kernels see them: eight lanes of AVX2, sixteen of AVX-512.

use std::arch::asm;
use std::arch::x86_64::{
    __m256, __m256i, __m512, _mm_castps_pd, _mm_movehl_ps, _mm_store_ss, _mm_storel_pd, _mm_storeu_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_maskload_ps, _mm256_max_ps, _mm256_min_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_set1_ps,
    _mm512_storeu_ps,
};

/// A vector of f32. Its functions are inlined into functions that enable the instructions.
///
/// # Safety
/// The CPU must have the instructions, and pointers be good for as many elements as are read or written.
pub(super) trait Lanes: Copy {
    /// Elements of a vector.
    const COUNT: usize;

    /// All lanes the same.
    unsafe fn splat(x: f32) -> Self;

    /// All lanes.
    unsafe fn load(from: *const f32) -> Self;

    /// The first `count` lanes, at most all of them; the others are zero, and nothing is read for them.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;

    /// All lanes.
    unsafe fn store(self, to: *mut f32);

    /// The first `count` lanes, at most all of them; nothing is written for the others.
    unsafe fn store_first(self, to: *mut f32, count: usize);

    /// Lane by lane.
    unsafe fn add(self, other: Self) -> Self;

    /// `self + a * b`, rounded once.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;

    /// Lane by lane the greater; a lane of `self` that is NaN stays.
    unsafe fn at_least(self, bound: Self) -> Self;

    /// Lane by lane the lesser; a lane of `self` that is NaN stays.
    unsafe fn at_most(self, bound: Self) -> Self;
}

macro_rules! lanes {
    (
        $vector:ty, $count:literal, splat $splat:ident,
        load $load:ident, store $store:ident, load_first $load_first:ident, store_first $store_first:ident,
        add $add:ident, fma $fma:ident, max $max:ident, min $min:ident
    ) => {
        impl Lanes for $vector {
            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn splat(x: f32) -> Self {
                // SAFETY: as the trait's.
                unsafe { $splat(x) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: as the trait's.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn load_first(from: *const f32, count: usize) -> Self {
                // SAFETY: as the trait's.
                unsafe { $load_first(from, count) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: as the trait's.
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            unsafe fn store_first(self, to: *mut f32, count: usize) {
                // SAFETY: as the trait's.
                unsafe { $store_first(self, to, count) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: as the trait's.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                // SAFETY: as the trait's.
                unsafe { $fma(a, b, self) }
            }

            // Where an operand is NaN, max and min give the second.
            #[inline(always)]
            unsafe fn at_least(self, bound: Self) -> Self {
                // SAFETY: as the trait's.
                unsafe { $max(bound, self) }
            }

            #[inline(always)]
            unsafe fn at_most(self, bound: Self) -> Self {
                // SAFETY: as the trait's.
                unsafe { $min(bound, self) }
            }
        }
    };
}

lanes! {
    __m256, 8, splat _mm256_set1_ps,
    load _mm256_loadu_ps, store _mm256_storeu_ps, load_first load_first_of_8, store_first store_first_of_8,
    add _mm256_add_ps, fma _mm256_fmadd_ps, max _mm256_max_ps, min _mm256_min_ps
}

lanes! {
    __m512, 16, splat _mm512_set1_ps,
    load _mm512_loadu_ps, store _mm512_storeu_ps, load_first load_first_of_16, store_first store_first_of_16,
    add _mm512_add_ps, fma _mm512_fmadd_ps, max _mm512_max_ps, min _mm512_min_ps
}

/// Eight words with the sign bit set, then eight without.
static FIRST_LANES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// # Safety
/// As for [`Lanes`].
#[inline(always)]
unsafe fn load_first_of_8(from: *const f32, count: usize) -> __m256 {
    // SAFETY: as this function's; `count` is at most 8, so eight words of the sixteen are read.
    unsafe {
        let mask: *const __m256i = FIRST_LANES.as_ptr().add(8_usize.wrapping_sub(count)).cast();
        _mm256_maskload_ps(from, _mm256_loadu_si256(mask))
    }
}

/// In pieces, because AMD's cores take dozens of cycles for a masked store.
///
/// # Safety
/// As for [`Lanes`].
#[inline(always)]
unsafe fn store_first_of_8(vector: __m256, mut to: *mut f32, count: usize) {
    // SAFETY: as this function's; the pieces are `count` elements together.
    unsafe {
        if count >= 8 {
            return _mm256_storeu_ps(to, vector);
        }
        let mut rest = _mm256_castps256_ps128(vector);
        if count & 4 != 0 {
            _mm_storeu_ps(to, rest);
            to = to.add(4);
            rest = _mm256_extractf128_ps::<1>(vector);
        }
        if count & 2 != 0 {
            _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
            to = to.add(2);
            rest = _mm_movehl_ps(rest, rest);
        }
        if count & 1 != 0 {
            _mm_store_ss(to, rest);
        }
    }
}

/// One bit for each of the first lanes, at most sixteen.
#[inline(always)]
fn first_of_16(count: usize) -> u16 {
    0xffff_u16.wrapping_shr(16_usize.wrapping_sub(count) as u32)
}

/// # Safety
/// As for [`Lanes`].
#[inline(always)]
unsafe fn load_first_of_16(from: *const f32, count: usize) -> __m512 {
    // SAFETY: as this function's.
    unsafe { _mm512_maskz_loadu_ps(first_of_16(count), from) }
}

/// # Safety
/// As for [`Lanes`].
#[inline(always)]
unsafe fn store_first_of_16(vector: __m512, to: *mut f32, count: usize) {
    // SAFETY: as this function's.
    unsafe { _mm512_mask_storeu_ps(to, first_of_16(count), vector) }
}

/// Hides what a number was made from. Where addresses are sums of a few numbers, the compiler would else keep every sum
/// in a register of its own and count it on in each turn of a loop, and there are not as many registers.
#[inline(always)]
pub(super) fn hidden(mut number: usize) -> usize {
    // SAFETY: no instruction.
    unsafe { asm!("/* {0} */", inout(reg) number, options(pure, nomem, nostack, preserves_flags)) };
    number
}

/// As [`hidden`], for an address.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "there is no instruction that could follow it")]
pub(super) fn opaque(mut address: *const f32) -> *const f32 {
    // SAFETY: no instruction.
    unsafe { asm!("/* {0} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags)) };
    address
}
