//! Sums of byte products by `sdot`: four elements of k by four columns at a time.

use core::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, vcombine_u8, vdup_n_u8, vdupq_n_u8, veorq_u8, vld1_u8, vld1q_s8, vld1q_u8,
    vreinterpretq_s8_u8,
};
use core::arch::asm;

use super::depthwise_q8::padded;
use super::depthwise_q8_dot::{FourBytes, depthwise_q8, pack, packed};
use super::finish::Finish;
use super::gemm_q8::{Dot, WIDTH, bias, gemm_q8, gemm_q8_to_f32, tiles};
use super::walk::{At, Runs};
use crate::q8::{DepthwiseQ8Table, GemmQ8Table, ProductArgs};

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_5x16_dotprod",
    vector: 4,
    panel: WIDTH,
    group: Dotprod::GROUP,
    slim: 0,
    offset: 128,
    floats: false,
    to_q8: gemm_q8::<Dotprod>,
    to_f32: gemm_q8_to_f32::<Dotprod>,
};

/// The instruction multiplies signed by signed: activations become signed by 128 taken from them, which the packed bias
/// gives back.
pub(super) struct Dotprod;

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_1x16_dotprod",
    entries: padded,
    channel: |_, entry| entry,
    offset: 128,
    floats: false,
    packed,
    pack,
    run: depthwise_q8::<Dotprod>,
};

impl FourBytes for Dotprod {
    const SIGNED: bool = true;

    #[inline(always)]
    unsafe fn add(mut sum: int32x4_t, x: uint8x16_t, w: int8x16_t) -> int32x4_t {
        // SAFETY: reads and writes registers only.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {sum:v}.4s, {w:v}.16b, {x:v}.16b",
                sum = inout(vreg) sum,
                w = in(vreg) w,
                x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sum
    }
}

impl Dot for Dotprod {
    const GROUP: usize = 4;

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
            let mut sums = [bias::<V>(from); M];
            let groups = taps.len.div_ceil(4);
            let mut runs = Runs::of(taps);
            if groups == 1 {
                // As of an image of one channel: what is asked of each run below would take a third of the time.
                while let Some(at) = runs.next() {
                    let x = a.map(|a| signed(four(a, at)));
                    step::<0, M, V>(&mut sums, x, &mut b);
                }
                return sums;
            }
            while let Some(mut at) = runs.next() {
                for _ in 0..groups / 4 {
                    let x = a.map(|a| signed(vld1q_u8(a.add(at))));
                    step::<0, M, V>(&mut sums, x, &mut b);
                    step::<1, M, V>(&mut sums, x, &mut b);
                    step::<2, M, V>(&mut sums, x, &mut b);
                    step::<3, M, V>(&mut sums, x, &mut b);
                    at = at.wrapping_add(16);
                }
                if groups & 2 != 0 {
                    let x = a.map(|a| signed(vcombine_u8(vld1_u8(a.add(at)), vdup_n_u8(0))));
                    step::<0, M, V>(&mut sums, x, &mut b);
                    step::<1, M, V>(&mut sums, x, &mut b);
                    at = at.wrapping_add(8);
                }
                if groups & 1 != 0 {
                    let x = a.map(|a| signed(four(a, at)));
                    step::<0, M, V>(&mut sums, x, &mut b);
                }
            }
            sums
        }
    }

    #[inline(never)]
    unsafe fn panel<const V: usize, F: Finish>(product: &ProductArgs, finish: &F, pixels: &[At], first: usize) {
        // SAFETY: as for this function.
        unsafe { tiles::<Self, 5, V, F>(product, finish, pixels, first) }
    }
}

/// Four activations in the first lane. By the instruction itself: compiled from a read of 32 bits, it would go through
/// a general register.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn four(from: *const u8, at: usize) -> uint8x16_t {
    let four;
    // SAFETY: as for this function.
    unsafe {
        asm!(
            "ldr {four:s}, [{from}, {at}]",
            four = out(vreg) four,
            from = in(reg) from,
            at = in(reg) at,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    four
}

/// 128 less.
#[inline(always)]
fn signed(x: uint8x16_t) -> int8x16_t {
    // SAFETY: NEON is in every CPU of the target.
    unsafe { vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(128))) }
}

/// Adds what one group of k, lane `L` of each row, brings.
///
/// # Safety
/// `b` has `V` vectors; the CPU has the instruction.
#[inline(always)]
unsafe fn step<const L: usize, const M: usize, const V: usize>(
    sums: &mut [[int32x4_t; V]; M],
    x: [int8x16_t; M],
    b: &mut *const i8,
) {
    // SAFETY: as for this function.
    unsafe {
        let w: [int8x16_t; V] = core::array::from_fn(|i| vld1q_s8(b.add(16 * i)));
        *b = b.add(16 * V);
        for (row, x) in sums.iter_mut().zip(x) {
            for (sum, w) in row.iter_mut().zip(w) {
                *sum = sdot_lane::<L>(*sum, w, x);
            }
        }
    }
}

/// `sdot` by lane `L` of `x`; its intrinsic is not stable yet. The assembler is told of the extension, because the
/// functions that this is compiled into are for any CPU.
///
/// # Safety
/// The CPU has the instruction.
#[inline(always)]
unsafe fn sdot_lane<const L: usize>(mut sum: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: reads and writes registers only.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sum:v}.4s, {w:v}.16b, {x:v}.4b[{lane}]",
            sum = inout(vreg) sum,
            w = in(vreg) w,
            x = in(vreg) x,
            lane = const L,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}
