//! Block products with the neural network instructions of AVX-512.

use std::arch::x86_64::{
    __m512, __m512i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_ps, _mm512_and_si512,
    _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_sll_epi16, _mm512_srl_epi16, _mm512_storeu_ps,
};

use crate::aligned::Aligned;
use crate::blocks::across::Across;
use crate::blocks::formats::Format;
use crate::blocks::pack::Rows;
use crate::blocks::panel::{self, Tile};
use crate::blocks::{BlockType, BlocksArgs, for_block_type};
use crate::geometry::Clamp;

struct Avx512Vnni;

// SAFETY (all of the impl): the trait's conditions are those of the instructions.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Across for Avx512Vnni {
    const COLUMNS: usize = 16;
    const ROWS: usize = 8;
    const SIGNED_OFFSET: u8 = 128;
    type Bytes = __m512i;
    type Dots = __m512i;
    type Run = __m512i;
    type Reals = __m512;

    fn run_groups(_: usize, _: bool) -> usize {
        8
    }

    #[inline(always)]
    unsafe fn bytes(from: *const u8) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn bits(bytes: __m512i, from: usize, to: usize, mask: u8) -> __m512i {
        unsafe {
            let count = _mm_cvtsi32_si128(from.abs_diff(to) as i32);
            let moved = if from > to { _mm512_srl_epi16(bytes, count) } else { _mm512_sll_epi16(bytes, count) };
            _mm512_and_si512(moved, _mm512_set1_epi8(mask.cast_signed()))
        }
    }

    #[inline(always)]
    unsafe fn either(a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    unsafe fn start(with: i32) -> __m512i {
        unsafe { _mm512_set1_epi32(with) }
    }

    #[inline(always)]
    unsafe fn run(dots: __m512i) -> __m512i {
        dots
    }

    #[inline(always)]
    unsafe fn multiply(run: __m512i, w: __m512i, x: *const i8, _: bool) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(run, w, _mm512_set1_epi32(x.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn settle(_: __m512i, run: __m512i) -> __m512i {
        run
    }

    #[inline(always)]
    unsafe fn reals(dots: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(dots) }
    }

    #[inline(always)]
    unsafe fn numbers(from: *const u8) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn halves(from: *const u8) -> __m512 {
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(reals: __m512, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, reals) }
    }

    #[inline(always)]
    unsafe fn sum(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn product(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn add_product(sum: __m512, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn take_product(sum: __m512, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_fnmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    unsafe fn clamped(reals: __m512, clamp: Clamp) -> __m512 {
        // The second operand is the result where one is not a number.
        unsafe { _mm512_min_ps(_mm512_set1_ps(clamp.max), _mm512_max_ps(_mm512_set1_ps(clamp.min), reals)) }
    }

    #[inline(never)]
    #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn tile<F: Format, const R: usize>(tile: &Tile<'_>) {
        unsafe { panel::tile::<Self, F, R>(tile) }
    }
}

/// Weights in panels; `None` where these do not fit into memory.
pub(in crate::blocks) fn pack(block_type: BlockType, rows: &Rows<'_>) -> Option<Aligned> {
    panel::panels::<Avx512Vnni>(block_type, rows)
}

/// # Safety
/// As the door checked; the CPU has the instruction set.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn run<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { panel::gemm::<Avx512Vnni, F>(args) }
    }
    // SAFETY: as for this function.
    unsafe { for_block_type!(args.block_type, run, args) }
}
