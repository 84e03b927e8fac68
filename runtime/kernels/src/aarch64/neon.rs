//! Sums of byte products on cores that have no dot product: eight products widen to 16 bits, eight more are added
//! there, and pairs of the sums are added at 32 bits.

use core::arch::aarch64::{
    int8x8_t, int32x4_t, vaddq_s32, vdup_n_u8, vdupq_n_s8, vdupq_n_s32, veor_u8, vld1_s8, vld1_u8, vld1q_s8, vminq_s8,
    vminvq_s8, vmull_s8, vpadalq_s16, vpaddq_s32, vreinterpret_s8_u8,
};
use core::arch::asm;

use super::finish::Finish;
use super::gemm_q8::{Dot, WIDTH, bias, gemm_q8, gemm_q8_to_f32, tiles};
use super::walk::{At, Runs};
use crate::q8::{GemmQ8Table, ProductArgs};

pub(crate) const GEMM_Q8: GemmQ8Table = GemmQ8Table {
    name: "gemm_q8_4x16_neon",
    vector: 4,
    panel: WIDTH,
    group: 8,
    slim: 0,
    offset: 128,
    floats: false,
    to_q8: gemm_q8::<Neon<true>>,
    to_f32: gemm_q8_to_f32::<Neon<true>>,
};

/// With `PAIRS` two products are added at 16 bits, which two of -128 by -128 do not fit; without, each goes to 32 bits.
struct Neon<const PAIRS: bool>;

/// From so many pixels on it pays to look for weights of -128.
const MANY: usize = 8;

impl<const PAIRS: bool> Dot for Neon<PAIRS> {
    const GROUP: usize = 8;

    #[inline(always)]
    unsafe fn sums<const M: usize, const V: usize>(
        product: &ProductArgs,
        a: [*const u8; M],
        b: *const i8,
        from: *const i32,
    ) -> [[int32x4_t; V]; M] {
        // SAFETY: as for this function; four columns of the panel are one vector of sums.
        unsafe {
            let mut sums = [bias::<V>(from); M];
            for vector in 0..V {
                let four = four_columns::<PAIRS, M, V>(product, a, b.add(32 * vector));
                for (row, four) in sums.iter_mut().zip(four) {
                    row[vector] = vaddq_s32(row[vector], four);
                }
            }
            sums
        }
    }

    #[inline(never)]
    unsafe fn panel<const V: usize, F: Finish>(product: &ProductArgs, finish: &F, pixels: &[At], first: usize) {
        let taps = &product.taps;
        let k = taps.rows.wrapping_mul(taps.cols).wrapping_mul(taps.len.next_multiple_of(8));
        // SAFETY: as for this function; the panel is as long as its vectors for each element of k, padded.
        unsafe {
            if pixels.len() >= MANY && !has_least(product.b.add(first.wrapping_mul(k)), k.wrapping_mul(4 * V)) {
                tiles::<Neon<true>, 4, V, F>(product, finish, pixels, first);
            } else {
                tiles::<Neon<false>, 2, V, F>(product, finish, pixels, first);
            }
        }
    }
}

/// Whether a weight is -128.
///
/// # Safety
/// There are so many weights, a multiple of 32.
unsafe fn has_least(weights: *const i8, count: usize) -> bool {
    // SAFETY: as for this function.
    unsafe {
        let mut least = vdupq_n_s8(0);
        for at in 0..count / 16 {
            least = vminq_s8(least, vld1q_s8(weights.add(16 * at)));
        }
        vminvq_s8(least) == i8::MIN
    }
}

/// The sums of `M` rows by four columns of a panel of `V` vectors.
///
/// # Safety
/// As for [`Dot::sums`].
#[inline(always)]
unsafe fn four_columns<const PAIRS: bool, const M: usize, const V: usize>(
    product: &ProductArgs,
    a: [*const u8; M],
    mut b: *const i8,
) -> [int32x4_t; M] {
    let taps = &product.taps;
    // SAFETY: the door checked every run of every row, whole groups included; the panel has `V` vectors for each group.
    unsafe {
        let mut sums = [[vdupq_n_s32(0); 4]; M];
        let groups = taps.len.div_ceil(8);
        let (pairs, singles) = if PAIRS { (groups / 2, groups % 2) } else { (0, groups) };
        let mut runs = Runs::of(taps);
        while let Some(mut at) = runs.next() {
            for _ in 0..pairs {
                let w: [int8x8_t; 4] = core::array::from_fn(|i| vld1_s8(b.add(8 * i)));
                let next: [int8x8_t; 4] = core::array::from_fn(|i| vld1_s8(b.add(32 * V + 8 * i)));
                b = b.add(64 * V);
                for (row, a) in sums.iter_mut().zip(a) {
                    add_pairs(row, a.add(at), w, next);
                }
                at = at.wrapping_add(16);
            }
            for _ in 0..singles {
                let w: [int8x8_t; 4] = core::array::from_fn(|i| vld1_s8(b.add(8 * i)));
                b = b.add(32 * V);
                for (row, a) in sums.iter_mut().zip(a) {
                    let x = signed(a.add(at));
                    for (sum, w) in row.iter_mut().zip(w) {
                        *sum = vpadalq_s16(*sum, vmull_s8(x, w));
                    }
                }
                at = at.wrapping_add(8);
            }
        }
        sums.map(|[a, b, c, d]| vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)))
    }
}

/// Adds to the sums of four columns, each at 32 bits, the products of eight activations with `w` and of eight more with
/// `next`. The instructions themselves, four columns abreast: a compiler would read and multiply further ahead, for
/// which there are not enough registers.
///
/// # Safety
/// 16 activations can be read.
#[inline(always)]
unsafe fn add_pairs(sums: &mut [int32x4_t; 4], from: *const u8, w: [int8x8_t; 4], next: [int8x8_t; 4]) {
    let [a, b, c, d] = sums;
    // SAFETY: as for this function.
    unsafe {
        asm!(
            "ldp {x:d}, {y:d}, [{from}]",
            "eor {x:v}.8b, {x:v}.8b, {sign:v}.8b",
            "eor {y:v}.8b, {y:v}.8b, {sign:v}.8b",
            "smull {p:v}.8h, {x:v}.8b, {w0:v}.8b",
            "smull {q:v}.8h, {x:v}.8b, {w1:v}.8b",
            "smull {r:v}.8h, {x:v}.8b, {w2:v}.8b",
            "smull {s:v}.8h, {x:v}.8b, {w3:v}.8b",
            "smlal {p:v}.8h, {y:v}.8b, {n0:v}.8b",
            "smlal {q:v}.8h, {y:v}.8b, {n1:v}.8b",
            "smlal {r:v}.8h, {y:v}.8b, {n2:v}.8b",
            "smlal {s:v}.8h, {y:v}.8b, {n3:v}.8b",
            "sadalp {a:v}.4s, {p:v}.8h",
            "sadalp {b:v}.4s, {q:v}.8h",
            "sadalp {c:v}.4s, {r:v}.8h",
            "sadalp {d:v}.4s, {s:v}.8h",
            a = inout(vreg) *a,
            b = inout(vreg) *b,
            c = inout(vreg) *c,
            d = inout(vreg) *d,
            from = in(reg) from,
            sign = in(vreg) vdup_n_u8(128),
            x = out(vreg) _,
            y = out(vreg) _,
            w0 = in(vreg) w[0],
            w1 = in(vreg) w[1],
            w2 = in(vreg) w[2],
            w3 = in(vreg) w[3],
            n0 = in(vreg) next[0],
            n1 = in(vreg) next[1],
            n2 = in(vreg) next[2],
            n3 = in(vreg) next[3],
            p = out(vreg) _,
            q = out(vreg) _,
            r = out(vreg) _,
            s = out(vreg) _,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
}

/// Eight activations, 128 less each.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn signed(from: *const u8) -> int8x8_t {
    // SAFETY: as for this function.
    unsafe { vreinterpret_s8_u8(veor_u8(vld1_u8(from), vdup_n_u8(128))) }
}
