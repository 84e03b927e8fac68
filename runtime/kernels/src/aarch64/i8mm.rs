//! Sums of byte products by `usmmla`: two rows by two columns by eight elements of k at a time.

use core::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, vcombine_s32, vcombine_u8, vget_high_s32, vget_low_s32, vld1_u8, vld1q_s8,
    vld1q_u8, vreinterpretq_s32_s64, vreinterpretq_s64_s32, vreinterpretq_u8_u64, vreinterpretq_u64_u8, vzip1q_s64,
    vzip1q_u64, vzip2q_s64, vzip2q_u64,
};
use core::arch::asm;

use super::depthwise_q8::padded;
use super::depthwise_q8_dot::{FourBytes, depthwise_q8, pack, packed};
use super::finish::Finish;
use super::gemm_q8::{Dot, WIDTH, bias, gemm_q8, gemm_q8_to_f32, tiles};
use super::walk::{At, Runs};
use crate::q8::{DepthwiseQ8Table, GemmQ8Table, ProductArgs};

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_4x16_i8mm",
    vector: 4,
    panel: WIDTH,
    group: I8mm::GROUP,
    slim: 0,
    offset: 0,
    floats: false,
    to_q8: gemm_q8::<I8mm>,
    to_f32: gemm_q8_to_f32::<I8mm>,
};

pub(super) struct I8mm;

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_1x16_i8mm",
    entries: padded,
    channel: |_, entry| entry,
    offset: 0,
    floats: false,
    packed,
    pack,
    run: depthwise_q8::<I8mm>,
};

impl FourBytes for I8mm {
    const SIGNED: bool = false;

    #[inline(always)]
    unsafe fn add(mut sum: int32x4_t, x: uint8x16_t, w: int8x16_t) -> int32x4_t {
        // SAFETY: reads and writes registers only.
        unsafe {
            asm!(
                ".arch_extension i8mm",
                "usdot {sum:v}.4s, {x:v}.16b, {w:v}.16b",
                sum = inout(vreg) sum,
                x = in(vreg) x,
                w = in(vreg) w,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sum
    }
}

/// Two rows by four columns: `[[(0, 0), (0, 1), (1, 0), (1, 1)], [(0, 2), (0, 3), (1, 2), (1, 3)]]`.
type Square = [int32x4_t; 2];

impl Dot for I8mm {
    const GROUP: usize = 8;

    #[inline(always)]
    unsafe fn sums<const M: usize, const V: usize>(
        product: &ProductArgs,
        a: [*const u8; M],
        mut b: *const i8,
        from: *const i32,
    ) -> [[int32x4_t; V]; M] {
        let taps = &product.taps;
        // SAFETY: the door checked every run of every row, whole groups included; the panel has `V` vectors for each
        // group.
        unsafe {
            let start = bias::<V>(from).map(|x| {
                [vcombine_s32(vget_low_s32(x), vget_low_s32(x)), vcombine_s32(vget_high_s32(x), vget_high_s32(x))]
            });
            // Pairs of rows: the upper half of the arrays is not used.
            let mut squares: [[Square; V]; M] = [start; M];
            let groups = taps.len.div_ceil(8);
            let mut runs = Runs::of(taps);
            while let Some(mut at) = runs.next() {
                for _ in 0..groups / 2 {
                    let x = pairs(a, |even, odd| {
                        let (even, odd) =
                            (vreinterpretq_u64_u8(vld1q_u8(even.add(at))), vreinterpretq_u64_u8(vld1q_u8(odd.add(at))));
                        [vreinterpretq_u8_u64(vzip1q_u64(even, odd)), vreinterpretq_u8_u64(vzip2q_u64(even, odd))]
                    });
                    step(&mut squares, x.map(|x| x[0]), &mut b);
                    step(&mut squares, x.map(|x| x[1]), &mut b);
                    at = at.wrapping_add(16);
                }
                if groups & 1 != 0 {
                    let x = pairs(a, |even, odd| vcombine_u8(vld1_u8(even.add(at)), vld1_u8(odd.add(at))));
                    step(&mut squares, x, &mut b);
                }
            }
            core::array::from_fn(|row| squares[row / 2].map(|square| row_of(square, row % 2)))
        }
    }

    #[inline(never)]
    unsafe fn panel<const V: usize, F: Finish>(product: &ProductArgs, finish: &F, pixels: &[At], first: usize) {
        // SAFETY: as for this function.
        unsafe { tiles::<Self, 4, V, F>(product, finish, pixels, first) }
    }
}

/// What `load` makes of each pair of rows, in the first half of the array; the last of an odd count is paired with
/// itself.
#[inline(always)]
fn pairs<T, const M: usize>(a: [*const u8; M], load: impl Fn(*const u8, *const u8) -> T) -> [T; M] {
    core::array::from_fn(|pair| {
        let even = (2 * pair).min(M - 1);
        load(a[even], a[(even + 1).min(M - 1)])
    })
}

/// One row of a square.
#[inline(always)]
fn row_of([left, right]: Square, row: usize) -> int32x4_t {
    // SAFETY: NEON is in every CPU of the target.
    unsafe {
        let (left, right) = (vreinterpretq_s64_s32(left), vreinterpretq_s64_s32(right));
        vreinterpretq_s32_s64(if row == 0 { vzip1q_s64(left, right) } else { vzip2q_s64(left, right) })
    }
}

/// Adds what eight elements of k bring.
///
/// # Safety
/// `b` has `2 * V` vectors; the CPU has the instruction.
#[inline(always)]
unsafe fn step<const M: usize, const V: usize>(squares: &mut [[Square; V]; M], x: [uint8x16_t; M], b: &mut *const i8) {
    // SAFETY: as for this function.
    unsafe {
        let w: [[int8x16_t; 2]; V] = core::array::from_fn(|i| [vld1q_s8(b.add(32 * i)), vld1q_s8(b.add(32 * i + 16))]);
        *b = b.add(32 * V);
        for (row, x) in squares.iter_mut().zip(x).take(M.div_ceil(2)) {
            for (square, w) in row.iter_mut().zip(w) {
                *square = [usmmla(square[0], x, w[0]), usmmla(square[1], x, w[1])];
            }
        }
    }
}

/// `usmmla`; its intrinsic is not stable yet.
///
/// # Safety
/// The CPU has the instruction.
#[inline(always)]
unsafe fn usmmla(mut sum: int32x4_t, x: uint8x16_t, w: int8x16_t) -> int32x4_t {
    // SAFETY: reads and writes registers only.
    unsafe {
        asm!(
            ".arch_extension i8mm",
            "usmmla {sum:v}.4s, {x:v}.16b, {w:v}.16b",
            sum = inout(vreg) sum,
            x = in(vreg) x,
            w = in(vreg) w,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}
