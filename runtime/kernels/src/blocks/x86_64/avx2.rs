//! Block products with AVX2.

use std::arch::x86_64::{
    __m256, __m256i, _mm_cvtsi32_si128, _mm_loadl_epi64, _mm_loadu_si128, _mm256_abs_epi8, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtph_ps,
    _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_sll_epi16, _mm256_srl_epi16,
    _mm256_storeu_ps,
};

use crate::aligned::Aligned;
use crate::blocks::across::Across;
use crate::blocks::formats::Format;
use crate::blocks::pack::Rows;
use crate::blocks::panel::{self, Tile};
use crate::blocks::{BlockType, BlocksArgs, for_block_type};
use crate::geometry::Clamp;

struct Avx2;

// SAFETY (all of the impl): the trait's conditions are those of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Across for Avx2 {
    const COLUMNS: usize = 8;
    const ROWS: usize = 4;
    const SIGNED_OFFSET: u8 = 0;
    type Bytes = __m256i;
    type Dots = __m256i;
    /// In 16 bits, by pairs.
    type Run = __m256i;
    type Reals = __m256;

    fn run_groups(bits: usize, signed: bool) -> usize {
        // As many as fit 16 bits: each adds at most 2 * 127 times the largest quant, two of -128 and -127 among signed ones.
        match bits {
            _ if signed => 1,
            ..=4 => 8,
            5 => 4,
            _ => 2,
        }
    }

    #[inline(always)]
    unsafe fn bytes(from: *const u8) -> __m256i {
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn bits(bytes: __m256i, from: usize, to: usize, mask: u8) -> __m256i {
        unsafe {
            let count = _mm_cvtsi32_si128(from.abs_diff(to) as i32);
            let moved = if from > to { _mm256_srl_epi16(bytes, count) } else { _mm256_sll_epi16(bytes, count) };
            _mm256_and_si256(moved, _mm256_set1_epi8(mask.cast_signed()))
        }
    }

    #[inline(always)]
    unsafe fn either(a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_or_si256(a, b) }
    }

    #[inline(always)]
    unsafe fn start(with: i32) -> __m256i {
        unsafe { _mm256_set1_epi32(with) }
    }

    #[inline(always)]
    unsafe fn run(_: __m256i) -> __m256i {
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn multiply(run: __m256i, w: __m256i, x: *const i8, signed: bool) -> __m256i {
        unsafe {
            let x = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
            let pairs = if signed {
                _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w))
            } else {
                _mm256_maddubs_epi16(w, x)
            };
            _mm256_add_epi16(run, pairs)
        }
    }

    #[inline(always)]
    unsafe fn settle(dots: __m256i, run: __m256i) -> __m256i {
        unsafe { _mm256_add_epi32(dots, _mm256_madd_epi16(run, _mm256_set1_epi16(1))) }
    }

    #[inline(always)]
    unsafe fn reals(dots: __m256i) -> __m256 {
        unsafe { _mm256_cvtepi32_ps(dots) }
    }

    #[inline(always)]
    unsafe fn numbers(from: *const u8) -> __m256 {
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn halves(from: *const u8) -> __m256 {
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(reals: __m256, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, reals) }
    }

    #[inline(always)]
    unsafe fn sum(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn product(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn add_product(sum: __m256, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn take_product(sum: __m256, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_fnmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn clamped(reals: __m256, clamp: Clamp) -> __m256 {
        // The second operand is the result where one is not a number.
        unsafe { _mm256_min_ps(_mm256_set1_ps(clamp.max), _mm256_max_ps(_mm256_set1_ps(clamp.min), reals)) }
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn tile<F: Format, const R: usize>(tile: &Tile<'_>) {
        unsafe { panel::tile::<Self, F, R>(tile) }
    }
}

/// Weights in panels; `None` where these do not fit into memory.
pub(in crate::blocks) fn pack(block_type: BlockType, rows: &Rows<'_>) -> Option<Aligned> {
    panel::panels::<Avx2>(block_type, rows)
}

/// # Safety
/// As the door checked; the CPU has the instruction set.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn run<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { panel::gemm::<Avx2, F>(args) }
    }
    // SAFETY: as for this function.
    unsafe { for_block_type!(args.block_type, run, args) }
}
